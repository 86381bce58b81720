// What one's torrents move, in the title and in the icon of the tab: while anything moves, at most once a second.
// It is not asked for where data is to be saved, nor where the menu says no.

const KEY = "speeds";
const REST_MS = 1_000;
const ARROWS = { down: '<path d="M10 5v20m-7-7 7 7 7-7"/>', up: '<path d="M22 27V7m-7 7 7-7 7 7"/>' };

const icon = document.querySelector('link[rel="icon"]');
const plain = icon?.href;
const button = document.querySelector("[data-speeds-toggle]");

let prefix = ""; // what we put before the title
let newest = null;
let shownAt = 0;
let waiting = 0;

function isWanted() {
  if (navigator.connection?.saveData || matchMedia("(prefers-reduced-data: reduce)").matches) return false;
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true; // storage is switched off
  }
}

function keep(wanted) {
  try {
    localStorage.setItem(KEY, wanted ? "on" : "off");
  } catch {
    // The choice then lasts as long as the page.
  }
}

// Whoever else writes a title meanwhile keeps it.
function showTitle(text) {
  const own = document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
  prefix = text;
  if (document.title !== text + own) document.title = text + own;
}

function showIcon(names) {
  if (!icon) return;
  const lines = names.map((name) => ARROWS[name]).join("");
  const body = `<rect width="32" height="32" rx="7" fill="#0f766e"/><g fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round">${lines}</g>`;
  const href = names.length ? `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${body}</svg>`)}` : plain;
  if (icon.href !== href) icon.href = href;
}

function show() {
  clearTimeout(waiting);
  waiting = 0;
  shownAt = Date.now();
  const names = newest ? ["down", "up"].filter((name) => newest[name] > 0) : [];
  const signs = { down: "\u2193", up: "\u2191" };
  showTitle(names.length ? `${names.map((name) => `${signs[name]} ${newest[`${name}_text`]}`).join(" ")} \u00b7 ` : "");
  showIcon(names);
}

function hear(totals) {
  newest = totals;
  if (Date.now() - shownAt >= REST_MS) show();
  else waiting ||= setTimeout(show, REST_MS);
}

function follow(wanted) {
  // live.js watches what the page names; this also in a tab that nobody looks at, for that is what titles are for.
  if (wanted) document.body.dataset.watchHidden = document.body.dataset.watch = "totals";
  else {
    delete document.body.dataset.watch;
    delete document.body.dataset.watchHidden;
  }
  button?.setAttribute("aria-pressed", String(wanted));
  newest = null;
  show();
}

if (document.querySelector("[data-live-status]")) {
  let wanted = isWanted();
  follow(wanted);
  document.addEventListener("box:totals", ({ detail }) => wanted && hear(detail));
  document.addEventListener("box:connection", ({ detail }) => {
    if (detail.status === "live" || !newest) return;
    newest = null; // what was said last is not true any more
    show();
  });
  button?.addEventListener("click", () => {
    wanted = !wanted;
    keep(wanted);
    follow(wanted);
  });
}
