// Times as their reader's clock shows them. The box writes UTC and says so; here each <time> that says UTC becomes the
// reader's own, with the name of the zone, and each column headed "(UTC)" does when all of it can. UTC stays as title.
// What cannot be told stays as it came. Pages whose days are those of UTC say data-utc and are left alone.

const WRITTEN = /^\d{4}-\d\d-\d\d \d\d:\d\d(?<seconds>:\d\d)?(?<utc> UTC)?$/;
const HEAD = /\(UTC\)$/;
const shown = new WeakMap(); // element -> what was put there, so that it is not taken for UTC
const parts = new Intl.DateTimeFormat("en", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23", timeZoneName: "short",
}); // prettier-ignore
const isElsewhere = Intl.DateTimeFormat().resolvedOptions().timeZone !== "UTC";

function readTime(element) {
  const at = new Date(element.dateTime);
  const written = !element.childElementCount && !element.closest("[data-utc]") && WRITTEN.exec(element.textContent.trim());
  return written && !Number.isNaN(at.getTime()) ? { at, ...written.groups } : null;
}

function local({ at, seconds, utc }) {
  const part = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]));
  const clock = `${part.hour}:${part.minute}${seconds ? `:${part.second}` : ""}`;
  return `${part.year}-${part.month}-${part.day} ${clock}${utc ? ` ${part.timeZoneName}` : ""}`;
}

function show(element) {
  if (shown.get(element) === element.textContent) return;
  const found = readTime(element);
  if (!found || (!found.utc && !element.closest("table[data-local]"))) return;
  const text = local(found);
  element.title = found.utc ? element.textContent.trim() : `${element.textContent.trim()} UTC`;
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

function showAll() {
  for (const table of document.querySelectorAll("main table")) claim(table);
  for (const element of document.querySelectorAll("time[datetime]")) show(element);
}

if (isElsewhere && document.body.dataset.yourTime) {
  showAll();
  // Runs before the next paint: nobody sees the other clock, and nothing moves.
  new MutationObserver(showAll).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["datetime"],
  }); // prettier-ignore
}
