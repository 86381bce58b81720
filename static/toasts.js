// What ended well or badly: toasts, and the bell that counts what nobody has read yet.
//
//   <div data-toast data-tone="success">    goes by itself, unless it is bad news or somebody is at it
//   box:say {tone, text, href}              shows one, from any script
//   box:notices {unread, newest, fresh, openedAt}   from the socket: how the bell stands, the newest that nobody has
//                                           read, and when the socket was opened by which that came

const TOAST_MS = 6_000;
const UNDO_MS = 12_000; // what can be taken back stays longer
const AT_ONCE = 4;
const STAYS = /^(danger|error)$/; // until it was read
const ICONS = { success: "check", info: "info" };

const $ = (selector) => document.querySelector(selector);
const toasts = $("#toasts");
const bell = $("[data-bell]");
const SHOWN = `shown of ${bell?.dataset.notices}`; // in the browser: what one tab has shown, no other one of this box shows again

// --- toasts

function watchToast(toast) {
  makeRoom();
  if (STAYS.test(toast.dataset.tone)) return;
  const wait_ms = toast.querySelector("[data-undo]") ? UNDO_MS : TOAST_MS;
  let timer = null;
  const isUsed = () => toast.matches(":hover, :focus-within");
  const begin = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (isUsed() || toast.querySelector(".htmx-request") ? begin() : toast.remove()), wait_ms);
  };
  for (const left of ["mouseleave", "focusout"]) toast.addEventListener(left, begin);
  begin();
}

// Good news go first, then the oldest: bad news stand in the notice centre, too.
function makeRoom() {
  const all = [...toasts.querySelectorAll("[data-toast]")];
  const sorted = [...all.filter((one) => !STAYS.test(one.dataset.tone)), ...all.filter((one) => STAYS.test(one.dataset.tone))];
  const newest = all.at(-1);
  for (const old of sorted.filter((one) => one !== newest).slice(0, Math.max(all.length - AT_ONCE, 0))) old.remove();
}

function say({ tone, text, href }) {
  const toast = document.createElement("div");
  toast.className = "box-toast";
  toast.dataset.toast = "";
  toast.dataset.tone = tone;
  if (STAYS.test(tone)) toast.setAttribute("role", "alert");
  const words = document.createElement(href ? "a" : "span");
  if (href) Object.assign(words, { href }).dataset.notice = "";
  words.textContent = text;
  toast.append(icon(ICONS[tone] ?? "alert"), words, closeButton());
  toasts.append(toast);
}

function icon(name) {
  const known = $("svg.icon use").getAttribute("href").split("#")[0];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${known}#${name}`);
  svg.append(use);
  return svg;
}

function closeButton() {
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.dataset.dismiss = "";
  close.setAttribute("aria-label", toasts.dataset.dismiss);
  return close;
}

if (toasts) {
  toasts.querySelectorAll("[data-toast]").forEach(watchToast);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.dataset?.toast !== undefined) watchToast(node);
  }).observe(toasts, { childList: true });
  document.addEventListener("box:say", (event) => say(event.detail));
  toasts.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) event.target.closest("[data-toast]").remove();
  });
  // What was taken back, or can't be any more, is not offered again.
  document.addEventListener("htmx:finally:request", (event) => event.detail.ctx.sourceElement?.closest?.("[data-toast]")?.remove());
}

// --- the bell

function showBell({ unread, newest, fresh, openedAt }) {
  if (document.hidden) return; // the page asks again when somebody looks at it
  const count = bell.querySelector("[data-bell-count]");
  count.dataset.count = unread;
  count.textContent = unread;
  if (newest < Number(bell.dataset.newest)) bell.dataset.newest = newest; // of one tab each word is newer than that before
  const known = Math.max(Number(bell.dataset.newest), shownElsewhere({ newest, openedAt }));
  for (const { id, tone, text } of fresh) {
    if (id > known && tone !== "info") say({ tone, text, href: `${bell.dataset.notices}${id}/` });
  }
  if (newest > Number(bell.dataset.newest) || bell.dataset.unread !== String(unread)) refill();
  bell.dataset.newest = newest;
  bell.dataset.unread = unread;
  remember({ newest, openedAt });
}

// Another tab may be ahead of this one. But if a box that was asked after a tab had shown a notice knows none so new, it
// was wiped or restored and counts anew: then the mark is of no use any more.
function shownElsewhere({ newest, openedAt }) {
  try {
    const [shown = 0, shownAt = 0] = (localStorage.getItem(SHOWN) ?? "").split(" ").map(Number);
    return shown > newest && shownAt < openedAt ? 0 : shown;
  } catch {
    return 0; // a browser that keeps nothing shows it in each tab
  }
}

function remember(heard) {
  try {
    if (heard.newest > shownElsewhere(heard)) localStorage.setItem(SHOWN, `${heard.newest} ${Date.now()}`);
  } catch {
    // as above
  }
}

// Who goes to what a notice is about has read it. Reading a page writes nothing, so it is said beside.
function markRead(link) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  fetch(`${link.href}read/`, { method: "POST", keepalive: true, headers }).catch(() => {});
}

function refill() {
  if (bell.open) htmx.trigger($("#bell-list"), "refetch");
}

if (bell) {
  document.addEventListener("box:notices", (event) => showBell(event.detail));
  bell.addEventListener("toggle", refill);
  for (const press of ["click", "auxclick"]) {
    document.addEventListener(press, (event) => {
      const link = event.target.closest("a[data-notice]");
      if (link && event.button <= 1) markRead(link); // the right one opens a menu, and nobody has gone there yet
    });
  }
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.target?.id === "bell-list") $("#bell-list").removeAttribute("aria-busy");
  });
}
