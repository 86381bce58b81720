// The bar that says that the box can't be reached: what still holds, when it is tried again, a button to try now.
// live.js tells how it stands by the event "box:connection" and tries when it hears "box:connect".

const LOST_MS = 2_500; // after live.js has begun to worry: a shorter interruption is not worth a bar
const TICK_MS = 1_000;

const bar = document.querySelector("[data-connection]");
const part = (name) => bar.querySelector(`[data-connection-${name}]`);

let nextTryAt = 0;
let heardAt = 0;
let worry = 0;
let ticking = 0;

function show() {
  worry = 0;
  if (bar.classList.contains("is-shown")) return;
  const { offline, lost } = bar.dataset;
  bar.classList.add("is-shown");
  part("text").textContent = `${navigator.onLine ? lost : offline} ${bar.dataset.since.replace("%s", new Date(heardAt).toLocaleTimeString())}`;
  for (const name of ["next", "try"]) part(name).hidden = false;
  ticking = setInterval(tick, TICK_MS);
  tick();
}

function hide() {
  clearTimeout(worry);
  worry = 0;
  clearInterval(ticking);
  if (bar.contains(document.activeElement)) document.getElementById("content").focus({ preventScroll: true });
  bar.classList.remove("is-shown");
  part("text").textContent = "";
  for (const name of ["next", "try"]) part(name).hidden = true;
}

// Outside of the region that is read out: nobody wants to hear every second.
function tick() {
  const wait_s = Math.ceil((nextTryAt - Date.now()) / 1_000);
  part("next").textContent = wait_s > 0 ? bar.dataset.next.replace("%s", wait_s) : bar.dataset.trying;
}

if (bar) {
  part("try").addEventListener("click", () => document.dispatchEvent(new CustomEvent("box:connect")));
  document.addEventListener("box:connection", ({ detail }) => {
    if (detail.status !== "reconnecting") return hide();
    ({ nextTryAt, heardAt } = detail);
    if (bar.classList.contains("is-shown")) tick();
    else if (!navigator.onLine) show();
    else worry ||= setTimeout(show, LOST_MS);
  });
}
