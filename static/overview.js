// The overview: a graph of the speeds that come in while the page is open, and tiles that are fetched again when what
// they list may have changed. The figures come through live.js, which writes them into attributes:
//
//   <div data-row="speeds" data-at="1700000000" data-down="1048576" data-up="0">   one point of the graph
//   <span data-row="speeds" data-busiest="5 12">                                    which torrents move most
//
// The last minutes are kept in this tab, so that whoever comes back finds them.

const KEPT_S = 300;
const GAP_S = 10; // longer than that without a word: the line is broken
const STORED_MS = 5_500; // by then the database knows what a node has said
const NARROW_PX = 480; // less has no room for a label at every minute
const KIB = 1024;
const [DECIMAL] = document.documentElement.dataset.numerals ?? ".";
const UNITS = ["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"];

const changed = (tile) => document.getElementById(`tile-${tile}`)?.dispatchEvent(new CustomEvent("refetch"));

function speedText(bytes) {
  let value = bytes;
  let step = 0;
  for (; value >= 999.5 && step < UNITS.length - 1; step += 1) value /= KIB;
  const decimals = step === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(decimals).replace(".", DECIMAL)} ${UNITS[step]}`;
}

// --- the points: [seconds, down, up], in the order of time

const place = document.getElementById("speed-graph");
const shelf = `speeds of ${place?.dataset.user}`;

function keptPoints() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(shelf) ?? "[]");
    return kept.every((point) => point.length === 3 && point.every(Number.isFinite)) ? kept : [];
  } catch {
    return []; // a browser that keeps nothing, or something else lies there
  }
}

function keep() {
  try {
    sessionStorage.setItem(shelf, JSON.stringify(points));
  } catch {
    // A browser that keeps nothing begins anew each time.
  }
}

let points = keptPoints();

function add(at, down, up) {
  if (!Number.isFinite(at) || !Number.isFinite(down) || !Number.isFinite(up)) return;
  points = points.filter((point) => point[0] < at && point[0] > at - KEPT_S); // a clock that was set back begins anew
  points.push([at, down, up]);
  graph?.setData(columns());
}

function columns() {
  const shown = [];
  for (const point of points) {
    const last = shown.at(-1);
    if (last && point[0] - last[0] > GAP_S) shown.push([last[0] + 1, null, null]);
    shown.push(point);
  }
  return [0, 1, 2].map((column) => shown.map((point) => point[column]));
}

// --- the graph

let graph = null;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axisSteps(_, __, ___, most) {
  let unit = 1;
  while (most / unit >= 999.5) unit *= KIB;
  const rough = most / unit / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) * unit;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

function draw() {
  graph?.destroy();
  const text = colour("--box-muted");
  const line = { stroke: colour("--box-track"), width: 1 };
  const axis = { stroke: text, grid: line, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const speed = (label, name) => ({
    label,
    stroke: colour(name),
    fill: `color-mix(in srgb, ${colour(name)} 12%, transparent)`,
    width: 2,
    points: { show: false },
    value: (_, bytes) => (bytes === null ? "–" : speedText(bytes)),
  });
  graph = new uPlot(
    {
      width: place.clientWidth,
      height: place.clientHeight,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      hooks: { setCursor: [showValues] },
      scales: { x: { range: lastMinutes }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, KIB)] } },
      axes: [
        { ...axis, grid: { show: false }, values: (_, seconds) => seconds.map((_at, index) => agoText(seconds.length - 1 - index)), splits: minutes, size: 28, gap: 9 },
        { ...axis, splits: axisSteps, values: (_, steps) => steps.map((bytes) => (bytes ? speedText(bytes) : "0")), size: 76 },
      ],
      series: [{}, speed(place.dataset.downLabel, "--speed-down"), speed(place.dataset.upLabel, "--speed-up")],
    },
    columns(),
    place,
  );
}

function lastMinutes() {
  const last = points.at(-1)?.[0] ?? Date.now() / 1000;
  return [last - KEPT_S, last];
}

const minutes = (_, __, first, last) => Array.from({ length: KEPT_S / 60 + 1 }, (_, index) => last - index * 60).reverse();

const agoText = (ago_min) => {
  if (ago_min % 2 && place.clientWidth < NARROW_PX) return "";
  return ago_min ? `−${ago_min} min` : place.dataset.now;
};

// What the pointer is over, beside the pointer.
const tip = document.createElement("div");
tip.className = "graph-tip";
tip.hidden = true;

function showValues({ cursor, data, over }) {
  const { idx } = cursor;
  const has = idx !== null && idx !== undefined && data[1][idx] !== null && data[1][idx] !== undefined;
  tip.hidden = !has;
  if (!has) return;
  if (tip.parentNode !== over) over.append(tip);
  tip.textContent = `${place.dataset.downLabel} ${speedText(data[1][idx])} · ${place.dataset.upLabel} ${speedText(data[2][idx])}`;
  tip.style.left = `${Math.min(Math.max(cursor.left - tip.offsetWidth / 2, 0), over.clientWidth - tip.offsetWidth)}px`;
}

// --- what comes

let stale = null;
let known; // which torrents moved most when that was last said; a tile that was fetched says nothing

function follow(changes) {
  for (const { target, attributeName } of changes) {
    const { at, down, up, busiest } = target.dataset;
    if (attributeName === "data-at") add(Number(at), Number(down), Number(up));
    else if (attributeName === "data-tone") {
      if (target.matches(".active-row .state")) outdate(); // it counts as another kind now
    } else if (busiest !== undefined && busiest !== known) {
      if (known !== undefined) outdate();
      known = busiest;
    }
  }
}

// Torrents that do not move come and go, too: live.js says so of the list, and after a break as well.
document.getElementById("list-changes").addEventListener("refetch", outdate);

function outdate() {
  stale ??= setTimeout(fetchStale, STORED_MS);
}

function fetchStale() {
  stale = null;
  for (const tile of ["active", "counts", "next"]) changed(tile);
}

const tiles = document.getElementById("tiles");
new MutationObserver((changes) => queueMicrotask(() => follow(changes))).observe(tiles, {
  subtree: true,
  attributeFilter: ["data-at", "data-busiest", "data-tone"],
});

if (place) {
  draw();
  addEventListener("pagehide", keep);
  new ResizeObserver(() => graph.setSize({ width: place.clientWidth, height: place.clientHeight })).observe(place);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
}
