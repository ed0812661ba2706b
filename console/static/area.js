// Chips: several communes may be struck out before asking what that changes. Without this, each asks at once.
document.addEventListener("click", (event) => {
  const chip = event.target.closest?.("button.chip");
  if (!chip) return;
  event.preventDefault();
  const struck = chip.getAttribute("aria-pressed") === "true";
  chip.setAttribute("aria-pressed", String(!struck));
  const form = chip.closest("form");
  gather(form, [...form.querySelectorAll('button.chip[aria-pressed="true"]')]);
});

function gather(form, chips) {
  let bar = form.querySelector(".gather");
  if (!chips.length) {
    bar?.remove();
    return;
  }
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "gather";
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    const text = document.createElement("textarea");
    text.name = "text";
    text.hidden = true;
    const button = document.createElement("button");
    button.name = "step";
    button.value = "check";
    button.textContent = "Voir ce que ça change";
    bar.append(said, text, button);
    form.append(bar);
  }
  bar.querySelector("textarea").value = chips.map((chip) => chip.value).join("\n");
  bar.querySelector("p").textContent = chips.length > 1 ? `${chips.length} communes à retirer` : "1 commune à retirer";
}
