// Figures that keep themselves true. The page carries, in #feed, where the feed is and a ticket for it; each element
// with data-live takes one value of the picture, said as data-as asks. Without this script the page asks again by
// itself every ten seconds, and says so.
"use strict";
(() => {
  const OLD = 15_000; // ms without a picture: the figures are told to be old
  const AGAIN = 5_000;
  const SPACE = "\u00a0"; // between a figure and its unit, which stay on one line
  const narrow = new Intl.NumberFormat("fr-FR");
  const share = new Intl.NumberFormat("fr-FR", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const SAID = {
    count: (value) => narrow.format(value ?? 0),
    percent: (value) => (value === null || value === undefined ? "–" : share.format(value)),
    seconds: (value) => lasting(Math.round(value ?? 0)),
    text: (value) => value ?? "",
  };
  let source = null;
  let seen = Date.now();
  let paused = false;

  function lasting(seconds) {
    if (seconds < 60) return `${seconds}${SPACE}s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes}${SPACE}min`;
    return `${Math.floor(minutes / 60)}${SPACE}h${SPACE}${String(minutes % 60).padStart(2, "0")}`;
  }

  function found(picture, path) {
    return path.split(".").reduce((value, name) => (value ? value[name] : undefined), picture);
  }

  function show(picture) {
    for (const element of document.querySelectorAll("[data-live]")) {
      const value = found(picture, element.dataset.live);
      const said = SAID[element.dataset.as ?? "count"](value);
      if (element.textContent !== said) element.textContent = said;
    }
    for (const element of document.querySelectorAll("[data-alarm]")) {
      element.classList.toggle("late", (found(picture, element.dataset.alarm) ?? 0) > 0);
    }
  }

  function listen() {
    const feed = document.getElementById("feed");
    if (!feed || paused) return;
    source = new EventSource(feed.dataset.url);
    source.addEventListener("picture", (event) => {
      seen = Date.now();
      show(JSON.parse(event.data));
      tellAge();
    });
    source.onerror = () => {
      // The ticket is over, or the feed away: the part of the page that asks for itself brings a new ticket.
      source.close();
      setTimeout(listen, AGAIN);
    };
  }

  function tellAge() {
    const told = document.getElementById("stale");
    if (!told) return;
    const old = Date.now() - seen > OLD && !paused;
    told.hidden = !old;
  }

  function pause(button) {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "Reprendre" : "Mettre en pause";
    document.getElementById("paused").hidden = !paused;
    source?.close();
    if (!paused) listen();
  }

  // A paused page does not move at all, not even the part that htmx asks for.
  document.addEventListener("htmx:before:request", (event) => {
    if (paused && event.target.matches?.("#now")) event.preventDefault();
  });
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("pause");
    if (button) {
      button.hidden = false;
      button.addEventListener("click", () => pause(button));
    }
    listen();
    setInterval(tellAge, 1000);
  });
})();
