// The browser's telephone: shows what the simulator tells, and sends it what people do.
"use strict";

const $ = (id) => document.getElementById(id);
const KEYS = [["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", ""], ["#", ""]];
const ENDED = { busy: "Occupé", "no-answer": "Sans réponse", failed: "Injoignable", canceled: "A cessé de sonner",
  declined: "N'a pas pris l'appel", hangup: "Raccroché" };
const OUTCOMES = { connect: "mise en relation", callback: "rappel", closed: "fermé", not_covered: "hors secteur", locate: "à localiser" };

const rehearsal = new URLSearchParams(location.hash.slice(1)).get("essai");  // a draft's, given by the console
let mine = null;            // the SID of the call rung from this page
const waiting = [];         // what was told before the SID was known
const cards = new Map();    // telephones by the SID of their leg
const names = new Map();    // associations by their desk's number

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function button(text, act, className) {
  const made = element("button", text, className);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

async function post(path, told) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) });
  return answer.json();
}

// One after the other: two keys pressed quickly must not overtake each other on their way.
let acted = Promise.resolve();
const act = (leg, what) => (acted = acted.catch(() => {}).then(() => post("/simulator/acts", { leg, ...what })));
const pretty = (number) => number.replace(/^\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "0$1\u00a0$2\u00a0$3\u00a0$4\u00a0$5");
const words = (text) => text.replace(/\+33\d{9}/g, pretty);

// --- the patient's telephone -------------------------------------------------------------------------------

async function call(event) {
  event.preventDefault();
  $("transcript").replaceChildren();
  $("lines").replaceChildren();
  $("decision").replaceChildren();
  cards.clear();
  mine = null;
  inCall(true, "Appel en cours…");
  $("empty").hidden = true;
  $("undecided").hidden = $("quiet").hidden = false;
  try {
    mine = (await post("/simulator/phone", { from: $("from").value, ...(rehearsal && { rehearsal }) })).call;
  } catch {
    inCall(false, "Le simulateur ne répond pas.");
  }
  waiting.splice(0).forEach(show);
}

function inCall(on, state) {
  $("call").disabled = $("from").disabled = on;
  $("hangup").disabled = $("words").disabled = $("say").disabled = !on;
  $("state").textContent = state;
  if (!on) window.speechSynthesis?.cancel();
}

function press(key) {
  tone(key);
  if (mine && !$("hangup").disabled) act(mine, { act: "key", key });
  if (mine) window.speechSynthesis?.cancel();
}

let audio = null;
function tone(key) {
  audio ??= new AudioContext();
  const place = KEYS.findIndex(([one]) => one === key);
  const gain = audio.createGain();
  gain.gain.value = 0.08;
  gain.connect(audio.destination);
  for (const pitch of [[697, 770, 852, 941][Math.floor(place / 3)], [1209, 1336, 1477][place % 3]]) {
    const wave = audio.createOscillator();
    wave.frequency.value = pitch;
    wave.connect(gain);
    wave.start();
    wave.stop(audio.currentTime + 0.14);
  }
}

function aloud(text) {
  if (!$("aloud").checked || !voice) return;
  const said = new SpeechSynthesisUtterance(text);
  said.voice = voice;
  said.lang = "fr-FR";
  window.speechSynthesis.speak(said);
}

// Only a voice of this machine's own: what a call says is not sent anywhere.
let voice = null;
function findVoice() {
  voice = (window.speechSynthesis?.getVoices() ?? []).find((one) => one.localService && one.lang.startsWith("fr")) ?? null;
  $("aloud").disabled = !voice;
  $("aloud-label").textContent = voice ? "Lire les annonces à voix haute" : "Lecture à voix haute : pas de voix française sur cet appareil";
}

// --- what the simulator tells ------------------------------------------------------------------------------

function show(told) {
  if (told.direction === "inbound" && mine === null) { waiting.push(told); return; }
  if (told.direction === "inbound" && told.call !== mine) return;
  const ours = told.direction === "inbound" && (!told.leg || told.leg === mine);
  (TELL[told.kind] ?? (() => {}))(told, ours);
}

const TELL = {
  say(told, ours) { if (ours) { note(told, "say"); aloud(told.text); } else hear(told); },
  ask(told, ours) { if (ours) $("state").textContent = told.text; },
  press(told, ours) { if (ours) typed(told); },
  speech(told, ours) { if (ours) note(told, "mine"); },
  silence(told, ours) { if (ours) note(told, "aside"); },
  ignored(told, ours) { if (ours) note(told, "aside"); },
  ring(told) { note(told, "aside"); },
  queue(told) { note(told, "aside"); },
  warning(told) { note(told, "aside"); },
  fallback(told) { note(told, "error"); },
  error(told) { note(told, "error"); },
  message(told) { note(told, "aside"); },
  whisper(told) { hear(told); },
  dial(told) {
    note(told, "aside");
    $("state").textContent = "Ça sonne…";
    $("quiet").hidden = true;
    told.numbers.forEach((number, place) => ring(told.legs[place], number, told));
  },
  answer(told) { note(told, "aside"); lift(told.leg); },
  bridge(told) {
    note(told, "aside");
    if (told.direction === "inbound") $("state").textContent = told.text.replace(/\+33\d{9}/, pretty);
    talking(told.leg);
    if (told.direction !== "inbound") talking(told.call);
  },
  dialled() { cards.forEach((card, leg) => { if (card.dataset.direction === "inbound") close(leg, "canceled"); }); },
  decision(told) { decide(told.decision); },
  hangup(told, ours) {
    close(told.leg, "hangup");
    note(told, "aside");
    if (told.leg === told.call) cards.forEach((card, leg) => { if (card.dataset.call === told.call) close(leg, "hangup"); });
    if (ours) inCall(false, "Raccroché.");
  },
};
for (const kind of ["busy", "no-answer", "failed", "canceled", "declined"]) {
  TELL[kind] = (told) => { note(told, "aside"); close(told.leg, kind); };
}

function note(told, className) {
  const line = element("p", "", className);
  const time = element("time", `${Number(told.at).toFixed(1).replace(".", ",")} s`);
  line.append(time, element("span", words(told.text)));
  $("transcript").append(line);
  $("transcript").scrollTop = $("transcript").scrollHeight;
}

function typed(told) {
  const last = $("transcript").lastElementChild;
  if (!last?.dataset.keys) note(told, "mine");
  const line = $("transcript").lastElementChild;
  line.dataset.keys = (line.dataset.keys ?? "") + told.key;
  line.querySelector("span").textContent = `Touche${line.dataset.keys.length > 1 ? "s" : ""} ${line.dataset.keys}`;
}

// --- the telephones that ring ------------------------------------------------------------------------------

function ring(leg, number, told) {
  const card = element("article", "", "line ringing");
  card.dataset.direction = told.direction;
  card.dataset.call = told.call;
  card.append(element("h3", names.get(number) ?? (told.direction === "inbound" ? "Poste de régulation" : "Rappel")),
    element("p", `${pretty(number)} — affiche ${pretty(told.shown)}`), element("p", "Sonne…", "status"), element("p", "", "told"));
  const buttons = element("div", "", "buttons");
  buttons.append(button("Répondre", () => act(leg, { act: "answer" }), "answer"),
    button("Refuser", () => act(leg, { act: "refuse" }), "refuse"),
    button("Laisser sonner", () => { card.querySelector(".status").textContent = "Sonne, personne ne répond…"; buttons.hidden = true; }));
  card.append(buttons);
  cards.set(leg, card);
  $("lines").prepend(card);
  card.scrollIntoView({ block: "nearest" });
}

function lift(leg) {
  const buttons = state(leg, "answered", "Décroché");
  if (!buttons) return;
  const key = (digit, text) => button(text, () => { tone(digit); act(leg, { act: "key", key: digit }); });
  buttons.hidden = false;
  buttons.replaceChildren(key("1", "1 – prendre l'appel"), key("2", "2"), key("3", "3"), key("0", "0"),
    button("Raccrocher", () => act(leg, { act: "hangup" }), "hangup"));
}

function talking(leg) {
  const buttons = state(leg, "bridged", "En communication");
  buttons?.replaceChildren(button("Raccrocher", () => act(leg, { act: "hangup" }), "hangup"));
}

function state(leg, className, text) {
  const card = cards.get(leg);
  if (!card) return null;
  card.className = `line ${className}`;
  card.querySelector(".status").textContent = text;
  return card.querySelector(".buttons");
}

function close(leg, kind) {
  const card = cards.get(leg);
  if (!card || card.classList.contains("closed")) return;
  state(leg, "closed", ENDED[kind]).replaceChildren();
}

function hear(told) {
  const card = cards.get(told.leg);
  if (card) card.querySelector(".told").textContent = `On y entend : « ${words(told.text)} »`;
}

function decide(decision) {
  $("undecided").hidden = true;
  (decision.targets ?? []).forEach((target) => names.set(target.phone, target.name ?? target.association ?? "Régulation nationale"));
  const facts = element("dl");
  const fact = (name, value) => { if (value) facts.append(element("dt", name), element("dd", String(value))); };
  fact("Résultat", OUTCOMES[decision.outcome] ?? decision.outcome);
  fact("Association", decision.association);
  fact("Commune", decision.commune);
  fact("Postes", (decision.targets ?? []).map((target) => `${target.association ?? "régulation nationale"} (${target.ring_seconds} s)`).join(", puis "));
  fact("Pourquoi", decision.why);
  fact("Règles", decision.rulebook && `version ${decision.rulebook}`);
  const trace = element("ol");
  for (const step of decision.trace ?? []) {
    const item = element("li", step.rule);
    item.append(element("span", step.result, "result"));
    trace.append(item);
  }
  $("decision").replaceChildren(facts, trace);
}

// --- setting up --------------------------------------------------------------------------------------------

for (const [key, letters] of KEYS) {
  const made = button("", () => press(key));
  made.dataset.key = key;
  made.setAttribute("aria-label", { "*": "étoile", "#": "dièse" }[key] ?? key);
  made.append(element("span", key), element("small", letters));
  $("keypad").append(made);
}
document.querySelectorAll("[data-from]").forEach((one) => one.addEventListener("click", () => { $("from").value = one.dataset.from; }));
$("dialler").addEventListener("submit", call);
$("hangup").addEventListener("click", () => { if (mine) act(mine, { act: "hangup" }); });
$("speech").addEventListener("submit", (event) => {
  event.preventDefault();
  if (mine && $("words").value.trim()) act(mine, { act: "say", text: $("words").value });
  $("words").value = "";
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const pad = [...$("keypad").children].find((one) => one.dataset.key === event.key);
  if (!pad) return;
  pad.classList.add("down");
  setTimeout(() => pad.classList.remove("down"), 150);
  press(event.key);
});
$("rehearsal").hidden = !rehearsal;
findVoice();
window.speechSynthesis?.addEventListener?.("voiceschanged", findVoice);
new EventSource("/simulator/feed").addEventListener("message", (event) => show(JSON.parse(event.data)));
