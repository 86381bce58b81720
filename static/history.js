// The history of somebody's money as one long list: older pages come by themselves, new entries find their day.
//
//   #history [data-part]        the list, and where the part of it that is shown comes from
//   #history-older [data-part]  the link to older entries, and where they come from as a part
//   tr.day[data-day]            the heading of a day; entries name theirs in data-day, new ones come from live.js
//   #history-said               tells who doesn't see it what came
//
// Without this script the links lead from page to page. What was loaded stays when the list is fetched anew.

const MAX_ROWS = 3_000; // in one document; from there the link leads on to a page of its own
const AHEAD = "900px"; // below the screen: older entries are there before one comes to them
const MAX_EMPTY = 10; // pages of a search without an entry, one after another; then somebody has to want more
const MAX_CAUGHT_UP = 10; // pages that are fetched to close a gap above what is read
const MAX_RESTORED = 20; // pages that are fetched to come back to a place
const NOTE_REST_MS = 200;
const RETRY_MS = 5_000; // a box that is away, or a login that has ended, is not asked all the time

const section = document.getElementById("history")?.closest("section");
const said = document.getElementById("history-said");
const root = () => document.getElementById("history");
const body = () => root()?.querySelector(".entry-table > tbody");
const entries = () => [...(body()?.querySelectorAll(":scope > .entry") ?? [])];
const older = () => document.getElementById("history-older");
const navbar_px = () => document.querySelector(".box-navbar")?.getBoundingClientRect().bottom ?? 0;
const isScrolled = () => (body()?.getBoundingClientRect().top ?? 0) < 0;

let loading = null; // the page that is on its way; says in the end whether it came
let retry = null;
let empty = 0;

// --- pages

async function fetchPart(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
  if (!answer.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("history");
}

function loadOlder() {
  const link = older();
  if (!link || loading) return loading;
  link.setAttribute("aria-busy", "true");
  loading = fetchPart(link.dataset.part)
    .then((page) => {
      if (page && older() === link) append(page);
      return Boolean(page);
    })
    .catch(() => false) // the link is still there
    .then((hasCome) => {
      loading = null;
      link.removeAttribute("aria-busy");
      if (hasCome) watchFoot();
      else rest();
      return hasCome;
    });
  return loading;
}

function append(page) {
  const rows = [...page.querySelectorAll(".entry")];
  if (rows.length && !body()) return replaceAll(page);
  const before = entries().length;
  const known = new Set(entries().map((row) => row.dataset.key));
  const days = new Set([...section.querySelectorAll(".history .day")].map((day) => day.dataset.day));
  for (const row of page.querySelectorAll("tbody > tr")) {
    if (row.matches(".day") ? !days.has(row.dataset.day) : !known.has(row.dataset.key)) body().append(row);
  }
  takeOver(page, "history-older");
  takeOver(page, "history-note");
  const added = entries().length - before;
  empty = added ? 0 : empty + 1;
  tell(added);
}

function replaceAll(page) {
  root().replaceWith(page);
  globalThis.htmx?.process(page);
  empty = 0;
  tell(entries().length);
}

function takeOver(page, id) {
  const [mine, theirs] = [document.getElementById(id), page.querySelector(`#${id}`)];
  if (mine && theirs) return mine.replaceWith(theirs);
  const nav = mine?.closest("nav");
  if (id !== "history-older" || !nav) return;
  mine.remove();
  if (!nav.querySelector("a")) nav.remove();
}

function tell(added) {
  const words = added ? `${said.dataset.more} ${added}` : "";
  said.textContent = older() ? words : `${words} ${said.dataset.noMore}`.trim();
}

// --- the foot comes near

const foot = new IntersectionObserver(
  (seen) => {
    if (seen.some((one) => one.isIntersecting) && empty < MAX_EMPTY && entries().length < MAX_ROWS) loadOlder();
  },
  { rootMargin: `0px 0px ${AHEAD} 0px` },
);

function watchFoot() {
  foot.disconnect(); // observing anew tells anew whether it is near
  const link = older();
  if (link) foot.observe(link);
}

function rest() {
  foot.disconnect();
  clearTimeout(retry);
  retry = setTimeout(watchFoot, RETRY_MS);
}

section?.addEventListener("click", (event) => {
  const link = event.target.closest("#history-older");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || entries().length >= MAX_ROWS) return;
  event.preventDefault();
  empty = 0;
  loadOlder().then((hasCome) => hasCome || location.assign(link.href)); // a page that says what is wrong
});

// --- new entries, and their days

// live.js puts them above everything: each goes below the heading of its day, which may be the first of a new one.
function arrange() {
  const list = body();
  const head = list?.querySelector(":scope > .day");
  if (!head) return;
  const fresh = [];
  for (let row = head.previousElementSibling; row?.matches(".entry"); row = row.previousElementSibling) fresh.push(row);
  if (!fresh.length) return;
  const anchor = isScrolled() ? head.nextElementSibling : null;
  const before = anchor?.getBoundingClientRect().top;
  let heading = head;
  for (const row of fresh) {
    if (row.dataset.day !== heading.dataset.day) heading = newDay(row.dataset.day);
    row.before(heading);
  }
  if (anchor) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
}

function newDay(day) {
  const heading = document.getElementById("day-template").content.querySelector(".day").cloneNode(true);
  heading.dataset.day = day;
  heading.dataset.row = day; // live.js sees it, and asks for its sums
  heading.querySelector("[data-cell=day_text]").textContent = day.slice("day-".length, "day-YYYY-MM-DD".length);
  return heading;
}

// --- fetched anew: what somebody reads further down stays, and what is missing above it comes in

let isPassed = false;

document.addEventListener(
  "refetch",
  (event) => {
    if (event.target !== root() || isPassed || !isScrolled()) return; // at the top nothing is lost: htmx takes it
    event.stopImmediatePropagation();
    catchUp().then((isWhole) => isWhole || passOn());
  },
  true,
);

function passOn() {
  isPassed = true;
  root()?.dispatchEvent(new CustomEvent("refetch"));
  isPassed = false;
}

async function catchUp() {
  const known = new Set(entries().map((row) => row.dataset.key));
  const [fresh, days] = [[], []];
  let address = root().dataset.part;
  for (let pages = 0; address && pages < MAX_CAUGHT_UP; pages += 1) {
    const page = await fetchPart(address).catch(() => null);
    if (!page) return true; // whatever it was, the next change asks again
    const rows = [...page.querySelectorAll(".entry")];
    const unknown = rows.filter((row) => !known.has(row.dataset.key));
    fresh.push(...unknown);
    days.push(...page.querySelectorAll("tbody > .day"));
    if (unknown.length < rows.length) return comeIn(fresh, days);
    address = page.querySelector("#history-older")?.dataset.part;
  }
  return false;
}

function comeIn(fresh, days) {
  const list = body();
  const here = new Set(entries().map((row) => row.dataset.key)); // some may have come by the socket meanwhile
  const missing = fresh.filter((row) => !here.has(row.dataset.key));
  const anchor = entries()[0];
  const before = anchor.getBoundingClientRect().top;
  list.querySelector(":scope > template").after(...missing);
  arrange();
  for (const day of days) list.querySelector(`:scope > .day[data-day="${CSS.escape(day.dataset.day)}"]`)?.replaceWith(day);
  scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
  return true;
}

// --- the place, for who comes back or loads the page again

let noting = null;

function notePlace() {
  noting = null;
  const top = entries().find((row) => row.getBoundingClientRect().bottom > navbar_px());
  const place = isScrolled() && top ? { key: top.dataset.key, top: top.getBoundingClientRect().top } : null;
  history.replaceState({ ...history.state, place }, "");
}

addEventListener("scroll", () => (noting ??= setTimeout(notePlace, NOTE_REST_MS)), { passive: true });

async function comeBack() {
  const place = history.state?.place;
  const [visit] = performance.getEntriesByType("navigation");
  if (!place || !["reload", "back_forward"].includes(visit?.type)) return;
  const find = () => entries().find((row) => row.dataset.key === place.key);
  for (let pages = 0; !find() && older() && pages < MAX_RESTORED; pages += 1) if (!(await loadOlder())) return;
  const row = find();
  if (row) scrollBy({ top: row.getBoundingClientRect().top - place.top, behavior: "instant" });
}

// --- headings stay below the bar, however high it is

function measure() {
  section.style.setProperty("--day-top", `${document.querySelector(".box-navbar")?.offsetHeight ?? 0}px`);
}

if (section) {
  measure();
  addEventListener("resize", measure);
  new MutationObserver((changes) => {
    arrange();
    // htmx has put in another list
    if (changes.some(({ target, addedNodes }) => target === section || [...addedNodes].some((node) => node.id === "history-older"))) watchFoot();
  }).observe(section, { subtree: true, childList: true });
  comeBack().then(watchFoot);
}
