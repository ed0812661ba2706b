// Lists put in order by drag or by ↑ ↓ without asking the server: the hidden fields travel with their lines.
for (const list of document.querySelectorAll("[data-order]")) {
  const said = list.closest("form").querySelector("[data-said]");
  const lines = () => [...list.children];
  const settle = (line) => {
    lines().forEach((one, place) => {
      one.querySelector("[data-move=up]").toggleAttribute("aria-disabled", place === 0);
      one.querySelector("[data-move=down]").toggleAttribute("aria-disabled", place === lines().length - 1);
      for (const button of one.querySelectorAll("[aria-disabled]")) button.setAttribute("aria-disabled", "true");
    });
    const place = lines().indexOf(line) + 1;
    if (said) said.textContent = `${line.dataset.name} : place ${place} sur ${lines().length}.`;
  };
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    const line = button.closest("li");
    const up = button.dataset.move === "up";
    const other = up ? line.previousElementSibling : line.nextElementSibling;
    if (other) list.insertBefore(up ? line : other, up ? other : line);
    settle(line);
    button.focus();
  });
  list.classList.add("dragged");
  Sortable.create(list, { handle: ".grip", animation: 120, onEnd: (event) => settle(event.item) });
}
