// What the pages do by themselves: dialogs, menus, the selection of rows, drag and drop.
// htmx fetches and swaps; live.js patches figures; toasts.js says what ended well or badly.

const REFETCH_REST_MS = 2000; // a state that flutters must not fetch the list more often
const $ = (selector) => document.querySelector(selector);
const gettext = globalThis.gettext ?? ((text) => text); // a catalogue comes with every language but English
const ngettext = globalThis.ngettext ?? ((one, several, count) => (count === 1 ? one : several));
const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

// --- dialogs and menus

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) return openDialog(document.getElementById(opener.dataset.open));
  if (event.target.closest("[data-close]")) return event.target.closest("dialog").close();
  if (event.target.closest("[data-clear-selection]")) return select([]);
  const copier = event.target.closest("[data-copy]");
  if (copier) return copy(copier);
  if (event.target.matches("dialog")) return closeByBackdrop(event);
  closeMenus(event.target.closest("[data-menu] > summary")?.parentElement ?? event.target.closest("[data-keeps-open]"));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = $("[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

function openDialog(dialog) {
  closeMenus(); // a dialog gives the focus back to where it was: not into a menu that is closed by then
  if (!dialog.open) dialog.showModal();
}

const linked = location.hash === "#add" && $("dialog#add"); // a link from another page
if (linked) openDialog(linked);

function closeByBackdrop(event) {
  const box = event.target.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside && event.detail) event.target.close();
}

// What is in a closed menu can't have the focus: its button can.
function closeMenu(menu) {
  const hadFocus = menu.contains(document.activeElement);
  menu.open = false;
  if (hadFocus) menu.querySelector("summary").focus({ preventScroll: true });
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (menu !== except) closeMenu(menu);
}

// On a phone the bar scrolls: where one is stays in sight.
const bar = $(".box-nav");
const here = bar?.querySelector("[aria-current]");
if (here && bar.scrollWidth > bar.clientWidth) {
  const [shown, wanted] = [bar, here].map((element) => element.getBoundingClientRect());
  bar.scrollLeft += (wanted.left + wanted.right - shown.left - shown.right) / 2;
}

// --- are you sure? One dialog for all elements with hx-confirm ("one" or "selection").

document.addEventListener("htmx:confirm", (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  event.preventDefault();
  closeMenus();
  const dialog = $("#confirm");
  const many = ctx.confirm === "selection" && chosen.size !== 1;
  $("#confirm-title").textContent = many
    ? filled(ngettext("Remove %(count)s torrent?", "Remove %(count)s torrents?", chosen.size), { count: chosen.size })
    : filled(gettext("Remove %(name)s?"), { name: nameToRemove(ctx) });
  $("#confirm-text").textContent = many
    ? gettext("They leave your list. The files are deleted from the box as soon as nobody holds them any more.")
    : gettext("It leaves your list. The files are deleted from the box as soon as nobody holds it any more.");
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => (dialog.returnValue === "yes" ? issueRequest() : dropRequest()), { once: true });
  dialog.showModal();
});

function nameToRemove(ctx) {
  if (ctx.confirm === "one") return `“${ctx.sourceElement.dataset.name}”`;
  const [id] = chosen;
  return `“${document.querySelector(`#holding-${id} .torrent-name`)?.textContent ?? gettext("this torrent")}”`;
}

document.addEventListener("htmx:error", (event) => {
  const text = gettext("The box does not answer. Check your connection, then try again.");
  if (event.detail.ctx) document.dispatchEvent(new CustomEvent("box:say", { detail: { tone: "danger", text } }));
});

// A page that is left aborts what it was fetching: that is no error, and nobody should read of one.
let leaving = false;
addEventListener("beforeunload", () => (leaving = true));
addEventListener("pageshow", () => (leaving = false));

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.fetch = (...what) => fetch(...what).catch((error) => (leaving ? new Promise(() => {}) : Promise.reject(error)));
});

// --- a login that has ended meanwhile: load the page anew, and the box leads to where it goes on. Not at once: that would
// cancel the very form that ended it, and a tab beside one where a password was changed has not got its new cookie yet.

const SHUT_MS = 1_000;
const SHUT_LEAVING_MS = 5_000; // what was asked for may still be on its way

document.addEventListener("box:shut", () => setTimeout(() => location.reload(), leaving ? SHUT_LEAVING_MS : SHUT_MS));

// --- a page that is not its reader's any more: what it shows goes, and a few words say what to do

function giveWay(name) {
  const words = document.getElementById(`instead-${name}`);
  if (!words) return;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const content = $("#content");
  content.replaceChildren(words.content.cloneNode(true));
  content.focus();
  scrollTo({ top: 0, behavior: "instant" });
}

document.addEventListener("box:demoted", () => giveWay("demoted"));
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.response?.status === 404 && ctx.sourceElement.matches('[data-refetch^="torrent-"]')) giveWay("removed");
});

// --- the selection: kept by id, so that it outlives a fetch of the list

const chosen = new Set();
let lastBox = null;
const boxes = () => [...document.querySelectorAll('#torrents [name="ids"]')];

document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.id === "select-all") return select(box.checked ? boxes().map((each) => each.value) : []);
  if (box.name !== "ids") return;
  if (event.shiftKey && lastBox?.isConnected) {
    const all = boxes();
    const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
    for (const each of all.slice(from, to + 1)) each.checked = box.checked;
  }
  lastBox = box;
  select(boxes().filter((each) => each.checked).map((each) => each.value));
});

function select(ids) {
  chosen.clear();
  for (const id of ids) chosen.add(id);
  showSelection();
}

function showSelection() {
  const all = boxes();
  for (const id of [...chosen]) if (!all.some((box) => box.value === id)) chosen.delete(id);
  for (const box of all) box.checked = chosen.has(box.value);
  const bulk = $("#bulk");
  if (!bulk) return;
  bulk.hidden = chosen.size === 0;
  $("#bulk-count").textContent = chosen.size
    ? filled(ngettext("%(count)s selected", "%(count)s selected", chosen.size), { count: chosen.size })
    : "";
  const everything = $("#select-all");
  if (everything) {
    everything.checked = all.length > 0 && chosen.size === all.length;
    everything.indeterminate = chosen.size > 0 && chosen.size < all.length;
  }
}

// --- what the buttons of a row do. One listener for all: elements that htmx has taken up never equal those that it
// fetches, and each row would be gone through whenever the list is fetched again.

document.addEventListener("click", (event) => {
  const button = event.target.closest("#torrents [data-verb]");
  if (!button) return;
  const { verb } = button.dataset;
  const ids = button.closest("tr").querySelector('[name="ids"]').value;
  const confirm = verb === "remove" ? "one" : null;
  htmx.ajax("POST", $("#torrents").dataset.change, { source: button, event, values: { verb, ids }, swap: "none", confirm });
});

// --- fetching the list again: one at a time, and never in the way of what its user has asked for

let listRequests = 0;
let refetchWanted = false;

document.addEventListener(
  "refetch",
  (event) => {
    if (event.target.id !== "torrents" || listRequests === 0) return;
    event.stopPropagation();
    refetchWanted = true;
  },
  true,
);

const isListRequest = (event) => event.detail.ctx?.target?.id === "torrents";

document.addEventListener("htmx:before:request", (event) => {
  if (isListRequest(event)) listRequests += 1;
});

document.addEventListener("htmx:finally:request", (event) => {
  if (!isListRequest(event)) return;
  listRequests = Math.max(listRequests - 1, 0);
  if (refetchWanted && listRequests === 0) {
    refetchWanted = false;
    setTimeout(refetch);
  }
});

// The list comes with its menus closed: one that somebody has opened stays open.
let openMenu = "";

document.addEventListener("htmx:before:swap", (event) => {
  if (isListRequest(event)) openMenu = $("#torrents [data-menu][open]")?.id ?? "";
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isListRequest(event)) return;
  showSelection();
  const menu = openMenu && document.getElementById(openMenu);
  if (menu) menu.open = true;
});

function refetch() {
  const list = $("#torrents");
  if (list) htmx.trigger(list, "refetch");
}

document.addEventListener("box:changed", () => {
  select([]);
  refetch();
});

// A row whose state has changed may belong under another tab: counts and rows follow.
let followTimer = null;
new MutationObserver((changes) => {
  if (followTimer || !changes.some((change) => change.target.matches("#torrents [data-row]"))) return;
  followTimer = setTimeout(() => {
    followTimer = null;
    if (!document.hidden) refetch();
  }, REFETCH_REST_MS);
}).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-state"] });

// --- adding

const addDialog = $("#add");
const addForm = $("#add-form");

if (addForm) {
  addForm.addEventListener("htmx:before:request", () => showSending(true));
  addForm.addEventListener("htmx:finally:request", () => showSending(false));
  addDialog.addEventListener("close", resetAdd);
  addForm.addEventListener("box:added", (event) => {
    $("#add-files").value = "";
    $("#add-magnets").value = "";
    keepRefused();
    if (event.detail.leftOver === 0 && $("#add-results").childElementCount === 0) addDialog.close();
    else openDialog(addDialog);
    refetch();
  });
  addForm.addEventListener("htmx:response:error", () => {
    keepsTyped = true; // nothing was added: all of it may be sent again
    addDialog.close();
  });
  document.addEventListener("htmx:after:swap", keepRefused);
}

// Lines that were refused stand in the field again, to be mended.
function keepRefused() {
  const refused = [...document.querySelectorAll("#add-results [data-line]")];
  if (!refused.length || $("#add-magnets").value) return;
  $("#add-magnets").value = refused.map((item) => item.dataset.line).join("\n");
  for (const item of refused) delete item.dataset.line;
}

function showSending(on) {
  addForm.querySelector(".sending").hidden = !on;
}

let keepsTyped = false;

function resetAdd() {
  if (keepsTyped) {
    keepsTyped = false;
    return;
  }
  addForm.reset();
  $("#add-results").replaceChildren();
}

// --- drag and drop anywhere on the page

const veil = $("#drop-veil");
let depth = 0; // a drag enters and leaves every element on its way

const carries = (event) => [...(event.dataTransfer?.types ?? [])].some((type) => type === "Files" || type === "text/uri-list" || type === "text/plain");

if (veil) {
  document.addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!carries(event)) return;
    depth = Math.max(depth - 1, 0);
    veil.hidden = depth === 0;
  });
  document.addEventListener("dragover", (event) => {
    if (carries(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    veil.hidden = true;
    if (!carries(event)) return;
    const { files } = event.dataTransfer;
    const text = event.dataTransfer.getData("text/plain").trim();
    if (files.length) $("#add-files").files = files;
    else if (text.startsWith("magnet:")) $("#add-magnets").value = text;
    else return;
    event.preventDefault();
    addForm.requestSubmit($("#add-submit"));
  });
}

// --- copying

async function copy(button) {
  const field = document.querySelector(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]");
  field.select();
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else document.execCommand("copy"); // plain HTTP on a name other than localhost has no clipboard
    label.textContent = gettext("Copied");
  } catch {
    label.textContent = gettext("Press Ctrl+C");
  }
}
