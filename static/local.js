// Times as their reader's clock shows them. The box writes UTC and says so; here each <time> that says UTC, or stands
// before it, becomes the reader's own, with the name of the zone, and each column headed "(UTC)" does when all of it can,
// as all within a [data-clock] that says it once, in a [data-zone]. UTC stays as title. What cannot be told stays as it
// came. Pages whose days are those of UTC say data-utc and are left alone.

const WRITTEN = /^(?:(?<date>\d{4}-\d\d-\d\d )|(?<day>[A-Z][a-z]{2} \d{1,2}, ))?\d\d:\d\d(?<seconds>:\d\d)?(?<utc> UTC)?$/;
const HEAD = /\(UTC\)$/;
const BEHIND = /^ UTC\b/;
const shown = new WeakMap(); // element -> what was put there, so that it is not taken for UTC
const parts = new Intl.DateTimeFormat("en", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23", timeZoneName: "short",
}); // prettier-ignore
const named = new WeakSet(); // elements that took the "UTC" behind them
const short = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });
const isElsewhere = Intl.DateTimeFormat().resolvedOptions().timeZone !== "UTC";

function readTime(element) {
  const at = new Date(element.dateTime);
  const written = !element.childElementCount && !element.closest("[data-utc]") && WRITTEN.exec(element.textContent.trim());
  return written && !Number.isNaN(at.getTime()) ? { at, ...written.groups } : null;
}

function local({ at, date, day, seconds, utc }) {
  const part = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]));
  const clock = `${part.hour}:${part.minute}${seconds ? `:${part.second}` : ""}`;
  const head = date ? `${part.year}-${part.month}-${part.day} ` : day ? `${short.format(at)}, ` : "";
  return `${head}${clock}${utc ? ` ${part.timeZoneName}` : ""}`;
}

// A "UTC" right behind a time goes into it: a word of its own could not be written anew with the time.
function takeZone(element) {
  const behind = element.nextSibling;
  if (behind?.nodeType === Node.TEXT_NODE && BEHIND.test(behind.data)) {
    behind.data = behind.data.replace(BEHIND, "");
    named.add(element);
  }
  return named.has(element);
}

function show(element) {
  if (shown.get(element) === element.textContent && !BEHIND.test(element.nextSibling?.data ?? "")) return;
  const found = readTime(element);
  if (!found) return;
  found.utc ||= takeZone(element);
  if (!found.utc && !element.closest("[data-local]")) return;
  const text = local(found);
  element.title = element.textContent.trim().replace(/( UTC)?$/, " UTC");
  shown.set(element, text);
  element.textContent = text;
}

// A table has one clock: its heads are changed only if every cell below them is a time that can be told.
function claim(table) {
  if (table.hasAttribute("data-local") || table.closest("[data-utc]")) return;
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const columns = heads.filter((head) => HEAD.test(head.textContent.trim()) && !head.childElementCount);
  if (!columns.length) return;
  const cells = [...table.tBodies].flatMap((body) => [...body.rows]).flatMap((row) => columns.map((head) => row.cells[head.cellIndex]));
  if (!cells.length || !cells.every(isOneTime)) return;
  for (const head of columns) head.textContent = head.textContent.replace(HEAD, `(${document.body.dataset.yourTime})`);
  table.setAttribute("data-local", "");
}

function isOneTime(cell) {
  if (cell && !/\d/.test(cell.textContent)) return true; // "never"
  const time = cell?.querySelector("time");
  return Boolean(time && time.textContent.trim() === cell.textContent.trim() && readTime(time));
}

// A list or a chart likewise.
function claimClock(part) {
  const zone = part.querySelector("[data-zone]");
  if (zone?.textContent !== "UTC") return; // told already
  if (![...part.querySelectorAll("time")].every((time) => shown.has(time) || readTime(time))) return;
  zone.textContent = document.body.dataset.yourTime;
  part.setAttribute("data-local", "");
}

function showAll() {
  for (const table of document.querySelectorAll("main table")) claim(table);
  for (const part of document.querySelectorAll("[data-clock]")) claimClock(part);
  for (const element of document.querySelectorAll("time[datetime]")) show(element);
}

if (isElsewhere && document.body.dataset.yourTime) {
  showAll();
  // Runs before the next paint: nobody sees the other clock, and nothing moves.
  new MutationObserver(showAll).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["datetime"],
  }); // prettier-ignore
}
