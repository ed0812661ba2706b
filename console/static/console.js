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
