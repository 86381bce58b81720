// Shortcuts of single keys: where to go, and what to do with a torrent of the list. The sheet names them and says where
// they lead, so no address and no text is here. They can be turned off, for whoever speaks to their computer.

const KEY = "keys";
const CHORD_MS = 1500; // from g to the key after it
const sheet = document.getElementById("keys");
const toggle = sheet?.querySelector("[data-keys-switch]");
let chordEnds = 0;

const rows = () => [...document.querySelectorAll("#torrents tr[data-row]")];
const rowHere = () => document.activeElement?.closest?.("#torrents tr[data-row]");

function areOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true; // storage is switched off
  }
}

function keep(on) {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // The choice then lasts as long as the page: see `toggle.checked` below.
  }
}

const isTyping = ({ target }) =>
  target.closest?.("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
const isElsewhere = () => document.querySelector("dialog[open], [data-menu][open]");

function move(step) {
  const all = rows();
  const here = all.indexOf(rowHere());
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
  const link = all[next]?.querySelector(".torrent-name");
  link?.focus({ preventScroll: true });
  link?.scrollIntoView({ block: "nearest" });
  return Boolean(link);
}

function press(selector) {
  const button = [...(rowHere()?.querySelectorAll(selector) ?? [])].find((one) => getComputedStyle(one).display !== "none");
  button?.click();
  return Boolean(button);
}

function search() {
  const field = [...document.querySelectorAll("main [type=search]")].find((one) => one.checkVisibility());
  field?.focus();
  field?.select();
  return Boolean(field);
}

function add() {
  const dialog = document.querySelector("dialog#add");
  if (dialog) dialog.showModal();
  else sheet.querySelector("[data-add]").click();
  return true;
}

function go(key) {
  chordEnds = 0;
  const link = /^[a-z]$/.test(key) && sheet.querySelector(`[data-go="${key}"]`);
  if (link) location.assign(link.href);
  return Boolean(link);
}

const ACTS = {
  "?": () => (sheet.showModal(), true),
  "/": search,
  g: () => ((chordEnds = performance.now() + CHORD_MS), true),
  n: add,
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => rowHere() && move(1),
  ArrowUp: () => rowHere() && move(-1),
  x: () => press('[name="ids"]'),
  s: () => press('[data-verb="start"], [data-verb="stop"]'),
  Delete: () => press('[data-verb="remove"]'),
};

function act(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!toggle.checked || isTyping(event) || isElsewhere()) return;
  const inChord = performance.now() < chordEnds;
  if (inChord ? go(event.key) : Object.hasOwn(ACTS, event.key) && ACTS[event.key]()) event.preventDefault();
}

if (toggle) {
  document.addEventListener("keydown", act);
  toggle.checked = areOn();
  toggle.addEventListener("change", () => keep(toggle.checked));
}
