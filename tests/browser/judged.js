// What must hold of a page for people, asked in the page itself; judged.py says when each is asked.
"use strict";
(() => {
  const all = (what) => [...document.querySelectorAll(what)];
  const told = (it) => (it.getAttribute("aria-label") || it.innerText || it.name || it.outerHTML).trim().slice(0, 60);
  const written = (it) => it.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  let stops = [];
  let reached = [];
  let unseen = [];

  // Of a long list the first lines speak for those that are made as they are; what is folded is opened.
  function shorten() {
    for (const it of all("tbody > tr:nth-child(n + 9), main li:nth-child(n + 9), .towns label:nth-child(n + 9)"))
      if (!it.closest("nav")) it.remove();
    all("details").forEach((one, place) => (one.open ||= place < 3));
  }

  async function axe(options) {
    const found = await window.axe.run(document, options);
    return found.violations.map((one) => `${one.id}: ${one.nodes[0].html.replace(/\s+/g, " ").slice(0, 160)}`);
  }

  // A state is said by a mark or a word beside its colour; a page has a way over its tabs, and one name.
  function said() {
    const found = [];
    const marked = (it) => /[●■◐○▲✎◆]/.test(it.textContent);
    for (const it of all(".badge, .alarm strong, .drafting, .problem:not(:has(ul, div))"))
      if (!marked(it)) found.push(`colour alone: ${written(it)}`);
    for (const it of all("strong.late, span.late"))
      if (!marked(it) && !it.textContent.includes("retard")) found.push(`colour alone: ${written(it)}`);
    const tabs = document.querySelector("header.top");
    const over = document.querySelector("body > .skip:first-child[href='#main']");
    if (tabs && (!over || document.querySelector("#main").tabIndex !== -1)) found.push("no way over the tabs");
    if (all("h1").length !== 1) found.push("not one h1");
    if (all("[tabindex]:not([tabindex='0'], [tabindex='-1'])").length) found.push("an order of its own");
    for (const it of all("details"))
      if (it.firstElementChild?.tagName !== "SUMMARY") found.push(`nothing opens ${written(it)}`);
    return found;
  }

  // What no sideways push of the page reaches: beyond the edge, or hidden by a box, and in nothing that scrolls.
  function cutOff() {
    const wide = document.documentElement.scrollWidth;
    const found = wide > innerWidth ? [`${wide} px wide of ${innerWidth}`] : [];
    const scrolls = (it) => it && (["auto", "scroll"].includes(getComputedStyle(it).overflowX) || scrolls(it.parentElement));
    for (const it of all("a, button, input, select, textarea, h1, h2, h3, p, label, td, dd, li")) {
      const box = it.getBoundingClientRect();
      if (!box.width || it.closest(".unseen, .skip, svg, .plot") || !it.checkVisibility()) continue;
      const clips = ["hidden", "clip"].includes(getComputedStyle(it).overflowX) && it.scrollWidth > it.clientWidth + 1;
      const out = (box.right > innerWidth + 1 || box.left < -1) && !scrolls(it.parentElement);
      if (out || (clips && !it.matches("input, select, textarea"))) found.push(`cut off: ${written(it)}`);
    }
    return found;
  }

  // Where the focus is, somebody must see it: a ring, in sight, and nothing that sticks over it.
  function look(it) {
    if (document.activeElement !== it || it === document.body) return;
    it.scrollIntoView({ block: "nearest", behavior: "instant" }); // as the browser does, a moment later
    const style = getComputedStyle(it);
    const box = [...it.getClientRects()].find((one) => one.width && one.height) ?? it.getBoundingClientRect();
    const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2;
    const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
    const top = document.elementFromPoint(x, y);
    const ringed = it.tagName === "AUDIO" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
    const related = (one) => one.contains(top) || top.contains(one);
    if (!ringed || !top || ![it, ...(it.labels ?? [])].some(related)) unseen.push(`nobody sees the focus on: ${told(it)}`);
  }

  // All that the Tab key must reach, in its order; of several radio buttons, one. How often to press it.
  function watch() {
    const groups = new Map();
    const key = (it) => `${it.form?.action} ${it.name}`;
    const can = "a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], [tabindex='0']";
    stops = all(can).filter((it) => {
      if (it.disabled || it.tabIndex < 0 || !it.checkVisibility({ visibilityProperty: true })) return false;
      if (it.type !== "radio") return true;
      const first = !groups.has(key(it));
      if (first || it.checked) groups.set(key(it), it);
      return first;
    });
    stops = stops.map((it) => (it.type === "radio" ? groups.get(key(it)) : it));
    document.body.tabIndex = -1; // from the top, wherever the page has put the focus
    document.body.focus();
    document.body.removeAttribute("tabindex");
    document.addEventListener("focusin", ({ target }) => {
      reached.push(target);
      setTimeout(look, 0, target);
    });
    const parts = stops.map((it) => (it.type === "date" ? 4 : it.tagName === "AUDIO" ? 9 : 1));
    return parts.reduce((sum, one) => sum + one, 1);
  }

  function missed() {
    document.activeElement.blur();
    const once = [...new Set(reached)].filter((it) => stops.includes(it));
    const missing = stops.filter((it) => !once.includes(it)).map((it) => `the keyboard never reaches: ${told(it)}`);
    const astray = !missing.length && once.some((it, place) => it !== stops[place]);
    return [...new Set(unseen), ...missing.slice(0, 3), ...(astray ? ["the focus jumps about"] : [])];
  }

  window.judged = { shorten, axe, said, cutOff, watch, missed };
})();
