// Passkeys: asks the server what to sign, the browser's key to sign it, and sends the answer as a plain form.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function asked(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const list of [options.excludeCredentials, options.allowCredentials])
    for (const one of list ?? []) one.id = bytes(one.id);
  return { publicKey: options };
}

function answered(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[part]) response[part] = text(credential.response[part]);
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

async function ask(form) {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  const said = await fetch(form.dataset.passkeyAsk, { method: "POST", body });
  if (!said.ok || said.redirected) throw new Error("refused");
  const options = asked(await said.json());
  const keys = navigator.credentials;
  return form.dataset.passkey === "new" ? keys.create(options) : keys.get(options);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.closest("[hidden]")?.removeAttribute("hidden");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = form.querySelector("[role=status]");
    told.textContent = "Répondez à la demande du navigateur…";
    try {
      form.elements.answer.value = answered(await ask(form));
      form.submit();
    } catch {
      told.textContent = "Aucune clé n'a répondu. Recommencez, ou entrez autrement.";
    }
  });
}
