// A recording from the microphone or a file, made into what a telephone line carries: WAV, 8 kHz, mono, 16 bits.
const RATE = 8000;
const LONGEST = 60; // seconds
const form = document.querySelector("#recording");
const part = (name) => form.querySelector(`[data-${name}]`);
const field = form.querySelector("#sound");
let recorder = null;

const tell = (text) => {
  part("told").textContent = text;
};

// The browser brings the sound to 8 kHz as it decodes it.
async function decoded(blob) {
  const context = new OfflineAudioContext(1, 1, RATE);
  return context.decodeAudioData(await blob.arrayBuffer());
}

function mixed(sound) {
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    sound.getChannelData(channel).forEach((value, at) => {
      mono[at] += value / sound.numberOfChannels;
    });
  }
  return mono;
}

// Every announcement as loud as the others; what is clipped already stays so, and the server refuses it.
function levelled(samples) {
  const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const gain = peak > 0.02 && peak < 0.99 ? Math.min(8, 0.8 / peak) : 1;
  return samples.map((value) => Math.max(-1, Math.min(1, value * gain)));
}

function wav(samples) {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at, word) => [...word].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((value, at) => view.setInt16(44 + at * 2, Math.round(value * 32767), true));
  return new Blob([view], { type: "audio/wav" });
}

async function take(blob) {
  try {
    const samples = levelled(mixed(await decoded(blob)));
    const file = new File([wav(samples)], "annonce.wav", { type: "audio/wav" });
    const held = new DataTransfer();
    held.items.add(file);
    field.files = held.files;
    part("heard").src = URL.createObjectURL(file);
    part("heard").hidden = false;
    const seconds = (samples.length / RATE).toFixed(1).replace(".", ",");
    tell(`Prêt : ${seconds} s. Écoutez-le comme au téléphone, puis gardez-le.`);
  } catch {
    field.value = "";
    tell("Le navigateur ne sait pas lire ce son : choisissez un autre fichier.");
  }
}

async function start() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    tell("Le micro n'est pas disponible : autorisez-le dans le navigateur, ou choisissez un fichier.");
    return;
  }
  const pieces = [];
  const began = Date.now();
  recorder = new MediaRecorder(stream);
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const clock = setInterval(() => {
    const seconds = Math.floor((Date.now() - began) / 1000);
    part("clock").textContent = String(seconds);
    if (seconds >= LONGEST - 1) stop();
  }, 250);
  recorder.onstop = () => {
    clearInterval(clock);
    stream.getTracks().forEach((track) => track.stop());
    part("stop").hidden = true;
    part("start").hidden = false;
    part("start").focus();
    take(new Blob(pieces, { type: recorder.mimeType }));
  };
  recorder.start();
  tell("Parlez…");
  part("start").hidden = true;
  part("stop").hidden = false;
  part("stop").focus();
}

function stop() {
  if (recorder?.state === "recording") recorder.stop();
}

part("start").addEventListener("click", start);
part("stop").addEventListener("click", stop);
field.addEventListener("change", () => field.files.length && take(field.files[0]));
if (navigator.mediaDevices && window.MediaRecorder) part("microphone").hidden = false;
