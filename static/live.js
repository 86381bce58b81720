// The live page: one socket that says what is on screen and patches what comes back.
//
//   <body data-socket="/live/">                  where the socket is
//   data-row="holding-12" … data-cell="down"     text (or a progress bar's value) of that row's cell
//   data-attr="data-tone:state_tone title:name"  attributes of that row's element from its cells
//   data-list="peers-12" with a <template>       one clone for each row of the list, known by data-key
//   data-head="entries" with a <template>        new rows of a message "head" are put on top; its rows never change
//   data-watch="detail-12"                       watched as long as it is in the page; rows only while on screen
//   data-refetch="torrents"                      gets the event "refetch" when its list has changed
//   data-refetch="story-3" data-version="f00d"   likewise, when a message "versions" names another one than it has
//   data-watch="totals"                          what all of one's torrents move: the row "speeds", and the document's event
//                                                "box:totals" with { down, up, down_text, up_text } in its detail
//   data-watch-hidden beside data-watch          watched also in a tab that nobody looks at
//   data-live-status                             says whether all this works; so does the event "box:connection"
//
// Each message of a stream has a number. After a gap everything on screen is asked for again. A page that was cut off says
// with its watch the last number that it has of each stream: it is sent what it missed, or "anew" and how everything
// stands. To a browser that reads slowly the server says several messages as one, "many", with the numbers it stands for.

const MAX_WATCHED = 500; // the server takes no more
const MAX_STREAMS = 64; // nor of these
const WATCH_REST_MS = 250; // while scrolling
const REFETCH_REST_MS = 300;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 30_000;
const SETTLED_MS = 5_000; // a socket that lived this long was a good one
const ASK_ALIVE_MS = 20_000; // also keeps proxies from closing a silent connection
const ANSWER_MS = 10_000;
const DOUBT_MS = 2_000;
const WORRY_MS = 1_500; // a shorter interruption is not worth a word
const MARGIN = "200px"; // rows just outside are watched, too: they are on screen before a message could come
const SHUT_OUT = [4401, 4403]; // signed out, or a second factor is wanted
const DEMOTED = 4405;
const SAFE_ATTRIBUTE = /^(data-[a-z-]+|aria-[a-z-]+|title|datetime)$/;
const OWN_PAGE = /^[a-z]+\/[0-9]+\/$/; // below the page that is open: the only addresses that a link takes
const MAX_ON_TOP = 300; // rows of a list that grows while somebody looks

const gettext = globalThis.gettext ?? ((text) => text); // a catalogue comes with every language but English
const STATUS_TEXT = { live: gettext("Live"), reconnecting: gettext("Reconnecting…"), "signed-out": gettext("Signed out") };

const streams = new Map(); // stream -> number of its last message
let held = new Set(); // names that the page shows as they stood at these numbers
const lists = new Map(); // list -> its rows as last heard
const visible = new Set(); // elements of rows that are on screen
const observed = new WeakSet(); // elements that the observer below knows

let socket = null;
let failures = 0;
let wasLost = false; // a change of the list may have been missed
let hasHeard = false; // on this socket: it was let in
let heardAt = Date.now(); // when the box last said something; until it has, what is shown is as old as the page
let openedAt = 0; // this socket: what comes by it was read later
let nextTryAt = 0;
let status = "";
let sent = ""; // what the server was last told to watch
let asked = { mark: 0, names: [] }; // in the last frame whose answer is waited for
const timers = {};

// --- timers by name: setting one again leaves the first in place

function later(name, wait_ms, action) {
  timers[name] ??= setTimeout(() => {
    delete timers[name];
    action();
  }, wait_ms);
}

function never(name) {
  clearTimeout(timers[name]);
  delete timers[name];
}

// --- the connection

function connect() {
  never("connect");
  if (socket) return;
  const url = new URL(document.body.dataset.socket, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(url);
  socket = mine;
  mine.addEventListener("open", () => mine === socket && opened());
  mine.addEventListener("message", (event) => mine === socket && heard(JSON.parse(event.data)));
  mine.addEventListener("close", (event) => mine === socket && closed(event.code));
}

function opened() {
  openedAt = Date.now();
  const names = streams.size > MAX_STREAMS ? [] : wanted().filter((name) => held.has(name));
  sent = JSON.stringify(names);
  askAlive(); // first: behind all that is on screen the answer could come too late on a slow line, again and again
  if (names.length) ask({ watch: names, since: Object.fromEntries(streams) }, names);
  else beginAnew(wasLost);
  watch();
  wasLost = false;
  later("settled", SETTLED_MS, () => (failures = 0));
}

function closed(code) {
  socket = null;
  wasLost = true;
  for (const name of ["settled", "alive", "speak", "answer", "watch", "resync"]) never(name);
  if (code === DEMOTED) document.dispatchEvent(new CustomEvent("box:demoted")); // what is for admins goes, the rest goes on
  if (SHUT_OUT.includes(code)) {
    // What the page shows is not this user's any more: app.js leaves it. One that was never let in must not loop.
    if (hasHeard) document.dispatchEvent(new CustomEvent("box:shut"));
    failures = 10; // signing in again in another tab may mend it: look now and then
    never("worry");
    showStatus("signed-out");
  } else {
    later("worry", WORRY_MS, () => showStatus("reconnecting"));
  }
  hasHeard = false;
  const wait_ms = Math.min(BACKOFF_MS * 2 ** failures, BACKOFF_MAX_MS) * (0.5 + Math.random() / 2);
  failures += 1;
  nextTryAt = Date.now() + wait_ms;
  later("connect", wait_ms, connect);
  if (status === "reconnecting") tellStatus();
}

function drop(code = 0) {
  const dropped = socket;
  if (!dropped) return;
  closed(code);
  // One that is still on its way is closed when it is there: browsers complain in the console otherwise.
  if (dropped.readyState === WebSocket.CONNECTING) dropped.addEventListener("open", () => dropped.close());
  else dropped.close();
}

function leave() {
  drop();
  for (const name of ["connect", "worry"]) never(name);
}

function connectNow() {
  failures = 0;
  if (socket?.readyState === WebSocket.CONNECTING) drop(); // it may hang for as long as TCP does
  connect();
}

// The browser says that its network is gone. The box may be on this very machine: ask it.
function doubt() {
  if (!socket) return;
  never("answer");
  askAlive(DOUBT_MS);
}

function say(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function ask(frame, names) {
  asked = { mark: asked.mark + 1, names };
  say({ ...frame, mark: asked.mark });
}

function answered({ mark, numbers }) {
  for (const [stream, number] of Object.entries(numbers)) streams.set(stream, Math.max(number, streams.get(stream) ?? 0));
  if (mark === asked.mark && !timers.resync) held = new Set(asked.names);
}

function beginAnew(mustFetch) {
  streams.clear();
  held.clear();
  if (mustFetch) refetch("torrents");
}

function askAlive(wait_ms = ANSWER_MS) {
  never("speak");
  say({ resync: [] });
  later("answer", wait_ms, drop);
}

// --- what is on screen

function wanted() {
  if (document.hidden) return [...document.querySelectorAll("[data-watch-hidden]")].map((element) => element.dataset.watch);
  const names = new Set();
  for (const element of document.querySelectorAll("[data-watch]")) names.add(element.dataset.watch);
  for (const element of visible) {
    if (element.isConnected) names.add(element.dataset.row);
    else visible.delete(element);
  }
  return [...names].slice(0, MAX_WATCHED);
}

function watch() {
  never("watch");
  const names = wanted();
  const text = JSON.stringify(names);
  if (text === sent || socket?.readyState !== WebSocket.OPEN) return;
  sent = text;
  ask({ watch: names }, names);
}

function resync() {
  never("resync");
  watch();
  const names = wanted();
  if (names.length) ask({ resync: names }, names);
}

// What is on screen is not as the numbers say: it was rendered anew, or a message is missing.
function resyncSoon() {
  held.clear();
  later("resync", WATCH_REST_MS, resync);
}

const onScreen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) visible.add(target);
      else visible.delete(target);
    }
    later("watch", WATCH_REST_MS, watch);
  },
  { rootMargin: MARGIN },
);

function observeRows(root) {
  for (const row of root.querySelectorAll('[data-row^="holding-"]')) {
    if (observed.has(row)) continue;
    observed.add(row);
    onScreen.observe(row);
  }
}

// Rows and lists that htmx brought in show what the database knew: ask how they stand.
const LIVE = "[data-row], [data-list], [data-watch]";
const isLive = (node) => node.nodeType === Node.ELEMENT_NODE && (node.matches(LIVE) || node.querySelector(LIVE));

new MutationObserver((changes) => {
  if (!changes.some((change) => change.type === "attributes" || [...change.addedNodes].some(isLive))) return;
  observeRows(document);
  resyncSoon();
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-row", "data-watch", "data-list"] });

document.addEventListener("htmx:after:swap", () => {
  for (const [list, rows] of lists) patchList(list, rows); // the server renders peers and trackers as unknown
  if (document.querySelector(LIVE)) resyncSoon();
});

// --- what comes

function heard(message) {
  hasHeard = true;
  heardAt = Date.now();
  if (message.type === "shut") return drop(message.code);
  for (const name of ["answer", "alive", "worry"]) never(name);
  later("alive", ASK_ALIVE_MS, askAlive);
  later("speak", ASK_ALIVE_MS, () => say({ resync: [] })); // who only hears could as well be a computer that is asleep
  showStatus("live");
  if (message.stream) followStream(message.stream, message.seq, message.seq);
  for (const [stream, [first, last]] of Object.entries(message.streams ?? {})) followStream(stream, first, last);
  for (const one of message.type === "many" ? message.messages : [message]) take(one);
}

function take(message) {
  if (message.type === "anew") beginAnew(true);
  if (message.type === "watching") answered(message);
  if (message.type === "rows") for (const [row, cells] of Object.entries(message.rows)) patchRow(row, cells);
  if (message.type === "list") {
    lists.set(message.list, message.rows);
    patchList(message.list, message.rows);
  }
  if (message.type === "rows" && message.rows.speeds) tellOfSpeeds(message.rows.speeds);
  if (message.type === "head") putOnTop(message.list, message.rows);
  if (message.type === "versions") for (const [what, version] of Object.entries(message.versions)) follow(what, version);
  if (message.type === "notices") document.dispatchEvent(new CustomEvent("box:notices", { detail: { ...message, openedAt } }));
  if (message.type === "changed") later(`refetch ${message.what}`, REFETCH_REST_MS, () => refetch(message.what));
}

const tellOfSpeeds = ({ down_bytes_per_s: down, up_bytes_per_s: up, down: down_text, up: up_text }) =>
  document.dispatchEvent(new CustomEvent("box:totals", { detail: { down, up, down_text, up_text } }));

function followStream(stream, first, last) {
  const before = streams.get(stream) ?? first - 1;
  streams.set(stream, Math.max(last, before)); // what came while a watch was answered may come twice
  if (first > before + 1) resyncSoon();
}

function refetch(what) {
  const part = what === "torrents" ? ', [data-refetch^="torrent-"]' : "";
  for (const element of document.querySelectorAll(`[data-refetch="${CSS.escape(what)}"]${part}`)) {
    element.dispatchEvent(new CustomEvent("refetch"));
  }
}

// A part that shows this version already is left alone: asking for everything again must not fetch for ever.
function follow(what, version) {
  for (const element of document.querySelectorAll(`[data-refetch="${CSS.escape(what)}"][data-version]`)) {
    if (element.dataset.version !== version) later(`refetch ${what}`, REFETCH_REST_MS, () => refetch(what));
  }
}

function patchRow(row, cells) {
  for (const element of document.querySelectorAll(`[data-row="${CSS.escape(row)}"]`)) patch(element, cells);
}

function patch(root, cells) {
  for (const element of [root, ...root.querySelectorAll("[data-cell], [data-attr]")]) {
    const cell = element.dataset.cell;
    if (cell in cells) setCell(element, cells[cell]);
    for (const pair of element.dataset.attr?.split(" ") ?? []) {
      const [attribute, name] = pair.split(":");
      if (!(name in cells) || element.getAttribute(attribute) === String(cells[name])) continue;
      if (attribute === "href" ? OWN_PAGE.test(cells[name]) : SAFE_ATTRIBUTE.test(attribute)) element.setAttribute(attribute, cells[name]);
    }
  }
}

function setCell(element, value) {
  if (element instanceof HTMLProgressElement) element.value = value;
  else if (element.textContent !== String(value)) element.textContent = value;
}

// Rows that stay are not moved, so focus and selected text stay, too.
function patchList(name, rows) {
  for (const list of document.querySelectorAll(`[data-list="${CSS.escape(name)}"]`)) {
    const template = list.querySelector(":scope > template");
    if (!template) continue;
    const known = new Map();
    for (const element of list.querySelectorAll(":scope > [data-key]")) {
      if (Object.hasOwn(rows, element.dataset.key)) known.set(element.dataset.key, element);
      else element.remove();
    }
    let place = template;
    for (const [key, cells] of Object.entries(rows)) {
      const element = known.get(key) ?? newRow(template, key);
      patch(element, cells);
      if (place.nextElementSibling !== element) place.after(element);
      place = element;
    }
  }
}

// What somebody reads further down stays where it is. A list that lacks rows in between is fetched.
function putOnTop(name, rows) {
  for (const list of document.querySelectorAll(`[data-head="${CSS.escape(name)}"]`)) {
    const shown = [...list.querySelectorAll(":scope > [data-key]")];
    const known = new Set(shown.map((element) => element.dataset.key));
    const fresh = Object.entries(rows).filter(([key]) => !known.has(key));
    const scrolled = list.getBoundingClientRect().top < 0;
    const isWhole = shown.length && fresh.length < Object.keys(rows).length;
    if (fresh.length && (!isWhole || (shown.length > MAX_ON_TOP && !scrolled))) refetch(list.dataset.refetchWith);
    else if (fresh.length) insertOnTop(list, fresh, scrolled ? shown[0] : null);
  }
}

function insertOnTop(list, fresh, anchor) {
  const template = list.querySelector(":scope > template");
  const before = anchor?.getBoundingClientRect().top;
  for (const [key, cells] of fresh.reverse()) {
    const element = newRow(template, key);
    element.classList.add("is-new");
    patch(element, cells);
    template.after(element);
  }
  if (anchor) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
}

function newRow(template, key) {
  const element = template.content.firstElementChild.cloneNode(true);
  element.dataset.key = key;
  return element;
}

// --- the badge

function showStatus(now) {
  if (now !== status) {
    status = now;
    tellStatus();
  }
  for (const badge of document.querySelectorAll("[data-live-status]")) {
    if (badge.dataset.liveStatus === status) continue;
    badge.dataset.liveStatus = status;
    badge.textContent = STATUS_TEXT[status];
  }
}

const tellStatus = () => document.dispatchEvent(new CustomEvent("box:connection", { detail: { status, nextTryAt, heardAt } }));

// --- begin; rest while nobody looks

if (document.body.dataset.socket && document.querySelector("[data-live-status]")) {
  observeRows(document);
  later("worry", WORRY_MS, () => showStatus("reconnecting"));
  connect();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !socket) connectNow();
    watch();
  });
  addEventListener("online", connectNow);
  addEventListener("offline", doubt);
  document.addEventListener("box:connect", connectNow);
  addEventListener("pagehide", leave); // an open socket would keep the page out of the back-forward cache
  addEventListener("pageshow", (event) => event.persisted && connectNow());
}
