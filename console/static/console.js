// A part of a page that keeps itself true must not be replaced under somebody's fingers.
document.addEventListener("htmx:before:request", (event) => {
  const part = event.target;
  const inside = document.activeElement;
  if (part.matches?.("#now, #list") && part !== inside && part.contains(inside)) event.preventDefault();
});
