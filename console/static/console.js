// A part of a page that keeps itself true must not be replaced under somebody's fingers.
document.addEventListener("htmx:before:request", (event) => {
  const part = event.target;
  const inside = document.activeElement;
  if (part.matches?.("#now, #list") && part !== inside && part.contains(inside)) event.preventDefault();
});
// On a narrow screen the tabs are one line: the current one is brought into sight.
document.addEventListener("DOMContentLoaded", () => {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const line = tab.closest("ul");
    const end = tab.offsetLeft - line.offsetLeft + tab.offsetWidth;
    if (end > line.clientWidth - 32) line.scrollLeft = tab.offsetLeft - line.offsetLeft - (line.clientWidth - tab.offsetWidth) / 2;
  }
});
// What looks like a button is pressed as one: a link answers Enter alone.
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.('a[role="button"]')) return;
  event.preventDefault();
  event.target.click();
});
// What was typed outlives a session that ended meanwhile: this tab keeps it until the next page, and no password
// or code of it; the entrance hands it on.
const TYPED = "typed";
const SECRET = '[name="csrf_token"], [type="password"], [autocomplete="one-time-code"]';
const entering = location.pathname.startsWith("/entrer");
document.addEventListener("submit", ({ target: form }) => {
  if (entering) return;
  sessionStorage.removeItem(TYPED);
  if (form.method !== "post") return;
  const secret = [...form.querySelectorAll(SECRET)].map((it) => it.name);
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !secret.includes(name));
  try {
    sessionStorage.setItem(TYPED, JSON.stringify({ path: location.pathname, action: form.action, fields }));
  } catch {
    // More than a browser keeps: the form itself is still one step back.
  }
});
document.addEventListener("DOMContentLoaded", () => {
  const kept = JSON.parse(sessionStorage.getItem(TYPED) ?? "null");
  sessionStorage.removeItem(TYPED);
  if (!kept) return;
  if (entering) return sessionStorage.setItem(TYPED, JSON.stringify({ ...kept, lost: true }));
  const form = [...document.forms].find((one) => one.method === "post" && one.action === kept.action);
  if ((kept.lost || location.hash === "#repris") && kept.path === location.pathname && form) putBack(form, kept.fields);
});
function putBack(form, fields) {
  const written = 'input:not([type="hidden"], [type="file"], [type="password"]), select, textarea';
  const controls = [...form.elements].filter((it) => it.name && it.matches(written));
  if (!controls.length) return;
  for (const it of controls) {
    const values = fields.filter(([name]) => name === it.name).map(([, value]) => value);
    if (it.matches('[type="checkbox"], [type="radio"]')) it.checked = values.includes(it.value);
    else if (values.length) it.value = values[0];
  }
  const said = document.createElement("p");
  said.className = "notice";
  said.setAttribute("role", "status");
  said.textContent = "Ce que vous aviez tapé est de nouveau là. Rien n'avait été envoyé.";
  form.before(said);
}
