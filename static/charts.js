// Charts of amounts over time, drawn by uPlot from what the box says as JSON; texts come ready-made from there.
//
//   <section data-chart data-src="…/data/">     one chart; told to read anew by the event "refetch" (see live.js)
//   [data-plot]                                 where it is drawn; the arrow keys walk through its steps
//   [data-chart-act="in|out|reset|png"]         buttons
//   <table data-legend>                         a button for each series, its value under the pointer and its total
//   <table data-figures>                        the same numbers as a table
//   [data-sum="earned"]                         anywhere on the page: a sum of the same answer
//   <a data-chart-csv>                          a file of what is looked at
//
// The answer: {name, title, since, step_s, at: [text], names: {…}, sums: {name: text}, series: [{key, label, total, colour,
// draw: "stack" | "bars" | "line", scale, unit, per, points: [[step, value, text]] or texts: [text]}], totals: [text]}
// Texts are one for each step, "" for none; each says its value itself, in `unit`, so that it need not be sent twice.

const ZOOM = 2; // a press of a button
const LEAST_STEPS = 4; // that a chart zooms in to
const READ_REST_MS = 3_000; // between two readings
const DAY_S = 86_400;
const GAP_PX = 1.5;
const FEW_POINTS = 40; // of a line: each is a dot, so that one alone is seen
const FONT = "12px system-ui, sans-serif";

const root = document.documentElement;
const LANGUAGE = root.lang || "en";
const [DECIMAL, GROUP] = root.dataset.numerals ?? ".,";
const number = new Intl.NumberFormat(LANGUAGE, { maximumSignificantDigits: 4, notation: "compact" });
const written = (value) => number.formatToParts(value).map(({ type, value: part }) => ({ decimal: DECIMAL, group: GROUP })[type] ?? part).join("");
const colourOf = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const paint = (series) => colourOf(series.colour ? `--chart-${series.colour}` : "--chart-others");

function clock(isDay, options) {
  return new Intl.DateTimeFormat(LANGUAGE, { ...options, hourCycle: "h23", timeZone: isDay ? "UTC" : undefined });
}

function pointsOf(texts) {
  const value = (text) => Number(text.replaceAll(GROUP, "").replace(DECIMAL, ".").replace("\u2212", "-"));
  return texts.flatMap((text, step) => (text ? [[step, value(text), text]] : []));
}

function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const decimalsIn = (text) => (text.includes(DECIMAL) && text.match(/\d+$/)?.[0].length) || 0;

class Chart {
  constructor(section) {
    this.section = section;
    this.plot = section.querySelector("[data-plot]");
    this.legend = section.querySelector("[data-legend]");
    this.off = new Set(); // keys of series that are not shown
    this.zoomed = null; // [from, to] in seconds
    this.under = null; // step under the pointer
    this.width = 0;
    for (const button of section.querySelectorAll("[data-chart-act]")) {
      button.addEventListener("click", () => this.act(button.dataset.chartAct));
    }
    this.plot.addEventListener("keydown", (event) => this.press(event));
    this.plot.addEventListener("blur", () => this.point(null));
    section.addEventListener("refetch", () => charts.forEach((chart) => chart.readLater())); // one may have no version
    new ResizeObserver(() => this.fit()).observe(this.plot);
  }

  // --- reading

  async read() {
    try {
      const answer = await fetch(this.section.dataset.src, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      this.show(await answer.json());
      this.section.dataset.chart = "drawn";
    } catch {
      if (!this.data) this.section.dataset.chart = "failed";
    }
  }

  // What is told in quick succession is read once.
  readLater() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.read();
    }, READ_REST_MS);
  }

  show(data) {
    const before = this.data;
    this.data = data;
    for (const one of data.series) one.points ??= pointsOf(one.texts);
    this.layOut();
    const isSame = before && JSON.stringify(this.face(before)) === JSON.stringify(this.face(data));
    if (this.drawn && isSame) {
      this.drawn.setData(this.columns(), false);
      this.look();
    } else {
      this.draw();
    }
    this.writeLegend();
    this.writeFigures();
    for (const [name, text] of Object.entries(data.sums ?? {})) {
      for (const cell of document.querySelectorAll(`[data-sum="${CSS.escape(name)}"]`)) cell.textContent = text;
    }
    if (data.version) this.section.dataset.version = data.version;
  }

  face(data) {
    return [data.step_s, data.series.map(({ key, label, colour, draw }) => [key, label, colour, draw])];
  }

  // --- what is drawn: for each series and step from where to where

  layOut() {
    const { series, at } = this.data;
    const above = at.map(() => 0);
    const below = at.map(() => 0);
    this.spots = series.map((one) => {
      const spots = at.map(() => null);
      for (const [step, value] of this.off.has(one.key) ? [] : one.points) {
        const size = value / one.per;
        if (one.draw !== "stack") spots[step] = [0, size];
        else if (size >= 0) spots[step] = [above[step], (above[step] += size)];
        else spots[step] = [below[step], (below[step] += size)];
      }
      return spots;
    });
  }

  columns() {
    const { since, step_s, at } = this.data;
    return [at.map((_, step) => since + (step + 0.5) * step_s), ...this.spots.map((spots) => spots.map((spot) => spot?.[1] ?? null))];
  }

  get ends() {
    const { since, step_s, at } = this.data;
    return [since, since + step_s * at.length];
  }

  draw() {
    this.drawn?.destroy();
    this.width = this.plot.clientWidth;
    const { series, step_s } = this.data;
    const ink = colourOf("--box-muted");
    const grid = { stroke: colourOf("--chart-grid"), width: 1 };
    const scales = [...new Set(series.toReversed().map((one) => one.scale))]; // a line's is beside the start
    const unit = (scale) => series.find((one) => one.scale === scale).unit;
    const [min, max] = this.zoomed ?? this.ends;
    const isDay = step_s >= DAY_S;
    const day = clock(isDay, { day: "numeric", month: "short" });
    const minute = clock(isDay, { hour: "2-digit", minute: "2-digit" });
    const axes = scales.map((scale, place) => ({
      scale, stroke: ink, font: FONT, size: 62, side: place ? 1 : 3,
      grid: place ? { show: false } : grid, ticks: { show: false },
      values: (_, splits) => splits.map((value, at) => written(value) + (at === splits.length - 1 ? ` ${unit(scale)}` : "")),
    }));
    const when = {
      stroke: ink, font: FONT, grid: { show: false }, ticks: grid, space: 70, size: 36,
      values: (_, splits, __, ___, apart) => splits.map((at) => (apart >= DAY_S ? day : minute).format(at * 1000)),
    };
    const options = {
      width: Math.max(this.width, 1),
      height: this.plot.clientHeight,
      tzDate: (at) => (isDay ? uPlot.tzDate(new Date(at * 1000), "UTC") : new Date(at * 1000)),
      padding: [10, scales.length > 1 ? 0 : 24, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, auto: false, min, max },
        ...Object.fromEntries(scales.map((scale) => [scale, { range: () => this.range(scale) }])),
      },
      axes: [when, ...axes],
      series: [{}, ...series.map((one, place) => this.uplotSeries(one, place))],
      cursor: {
        y: false, points: { show: false }, drag: { x: true, y: false, dist: 8 },
        bind: { dblclick: () => () => (this.act("reset"), null) },
      },
      hooks: {
        setCursor: [(drawn) => this.point(drawn.cursor.idx ?? null)],
        setScale: [(drawn, scale) => scale === "x" && this.scaled(drawn.scales.x)],
      },
    };
    this.drawn = new uPlot(options, this.columns(), this.plot);
    this.look();
  }

  uplotSeries(one, place) {
    const colour = paint(one);
    const isLine = one.draw === "line";
    return {
      scale: one.scale, stroke: colour, fill: isLine ? undefined : colour, width: isLine ? 2 : 0,
      points: { show: isLine && one.points.length < FEW_POINTS, fill: colour, size: 4 }, spanGaps: true,
      ...(isLine ? {} : { paths: (drawn, _, from, to) => this.bars(drawn, place, from, to) }),
    };
  }

  // The least amount is seen: no bar is lower than a pixel. Bars of a stack leave a line between them.
  bars(drawn, place, from, to) {
    const { since, step_s, series } = this.data;
    const path = new Path2D();
    const gap = GAP_PX * devicePixelRatio;
    for (let step = from; step <= to; step += 1) {
      const spot = this.spots[place][step];
      if (!spot || spot[0] === spot[1]) continue;
      const [left, right] = [step, step + 1].map((edge) => drawn.valToPos(since + edge * step_s, "x", true));
      const [bottom, top] = spot.map((value) => drawn.valToPos(value, series[place].scale, true));
      const high = Math.min(top, bottom);
      const width = Math.max(right - left - Math.min(2 * gap, (right - left) / 3), 1);
      const height = Math.max(Math.abs(top - bottom) - (spot[0] ? devicePixelRatio : 0), 1);
      path.rect(left + (right - left - width) / 2, high, width, height);
    }
    return { fill: path, stroke: path, clip: null, band: null, gaps: null, flags: 2 };
  }

  range(scale) {
    const [from, to] = this.zoomed ?? this.ends;
    const { since, step_s, series } = this.data;
    let [low, high] = [0, 0];
    series.forEach((one, place) => {
      if (one.scale !== scale) return;
      this.spots[place].forEach((spot, step) => {
        const [begins, ends] = [since + step * step_s, since + (step + 1) * step_s];
        if (spot && ends > from && begins < to) [low, high] = [Math.min(low, ...spot), Math.max(high, ...spot)];
      });
    });
    const room = series.some((one) => one.scale === scale && one.draw === "bars") ? 3 : 1.05; // a line stands above them
    return low === high ? [0, 1] : [low * 1.05, high * room];
  }

  fit() {
    if (!this.drawn || this.plot.clientWidth === this.width || !this.plot.clientWidth) return;
    this.width = this.plot.clientWidth;
    this.drawn.setSize({ width: this.width, height: this.plot.clientHeight });
  }

  // --- zoom

  look() {
    const [since, until] = this.ends;
    if (this.zoomed && (this.zoomed[1] <= since || this.zoomed[0] >= until)) this.zoomed = null; // time went on
    const [min, max] = this.zoomed ?? this.ends;
    this.drawn.setScale("x", { min, max });
  }

  scaled({ min, max }) {
    const [since, until] = this.ends;
    this.zoomed = min <= since && max >= until ? null : [Math.max(min, since), Math.min(max, until)];
    this.section.toggleAttribute("data-zoomed", Boolean(this.zoomed));
    for (const button of this.section.querySelectorAll('[data-chart-act="reset"], [data-chart-act="out"]')) {
      button.setAttribute("aria-disabled", String(!this.zoomed));
    }
    this.nameFile();
  }

  // The file has what is looked at: neither what is out of sight, nor what is switched off.
  nameFile() {
    const link = this.section.querySelector("[data-chart-csv]");
    const address = new URL(link.href);
    for (const name of ["from", "to", "without"]) address.searchParams.delete(name);
    if (this.zoomed) {
      address.searchParams.set("from", Math.round(this.zoomed[0]));
      address.searchParams.set("to", Math.round(this.zoomed[1]));
    }
    for (const key of this.off) address.searchParams.append("without", key);
    link.href = address;
  }

  zoom(factor) {
    const [since, until] = this.ends;
    const [from, to] = this.zoomed ?? this.ends;
    const length = Math.min(Math.max((to - from) / factor, LEAST_STEPS * this.data.step_s), until - since);
    const middle = this.under === null ? (from + to) / 2 : since + (this.under + 0.5) * this.data.step_s;
    const begin = Math.min(Math.max(middle - length / 2, since), until - length);
    this.zoomed = [begin, begin + length];
    this.look();
  }

  act(what) {
    if (!this.data) return;
    if (what === "png") return this.keep();
    if (what === "in") return this.zoom(ZOOM);
    if (what === "out") return this.zoom(1 / ZOOM);
    this.zoomed = null;
    this.look();
  }

  // See chart_picture.js, which few need: it is loaded when somebody does.
  async keep() {
    await import(this.section.dataset.picture);
    const series = this.data.series.flatMap((one) => (this.off.has(one.key) ? [] : [{ ...one, paint: paint(one) }]));
    const looks = { zoomed: this.zoomed, time: (step) => this.time(step), written, signs: [DECIMAL, GROUP] };
    const detail = { ...this.data, ...looks, series, source: this.drawn.ctx.canvas, scale: devicePixelRatio };
    this.section.dispatchEvent(new CustomEvent("picture", { detail, bubbles: true }));
  }

  press(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const acts = { "+": "in", "-": "out", 0: "reset" };
    if (!this.data || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) this.walk(moves[event.key]);
    else if (event.key in acts) this.act(acts[event.key]);
    else if (event.key === "Escape") this.point(null);
    else return;
    event.preventDefault();
  }

  walk(by) {
    const [columns] = this.columns();
    const [from, to] = this.zoomed ?? this.ends;
    const seen = columns.flatMap((at, step) => (at >= from && at <= to ? [step] : []));
    if (!seen.length) return;
    const wanted = this.under === null ? seen[by < 0 ? 0 : seen.length - 1] : this.under + by;
    const step = Math.min(Math.max(wanted, seen[0]), seen[seen.length - 1]);
    this.drawn.setCursor({ left: this.drawn.valToPos(columns[step], "x"), top: 1 });
    this.point(step);
    const said = this.data.series.flatMap((one) => (this.off.has(one.key) ? [] : [[one.label, this.text(one, step)]]));
    const words = said.filter(([, text]) => text).map(([label, text]) => `${label} ${text}`);
    this.section.querySelector("[data-says]").textContent = `${this.time(step)}: ${words.join(", ") || "0"}`;
  }

  // --- words beside it

  time(step) {
    const { since, step_s, at } = this.data;
    if (step_s >= DAY_S) return at[step];
    const format = clock(false, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    return format.format((since + step * step_s) * 1000);
  }

  text(one, step) {
    return one.points.find(([number]) => number === step)?.[2] ?? "";
  }

  point(step) {
    this.under = step;
    if (!this.data || !this.legend) return;
    this.legend.querySelector("[data-under]").textContent = step === null ? "" : this.time(step);
    this.legend.querySelectorAll("[data-value]").forEach((cell, place) => {
      cell.textContent = step === null ? "" : this.text(this.data.series[place], step) || "\u2013";
    });
  }

  writeLegend() {
    const body = this.legend.tBodies[0];
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    body.replaceChildren(...this.data.series.map((one) => this.legendRow(one)));
    if (focused !== null) body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.point(this.under);
  }

  legendRow(one) {
    const button = element("button", "", { type: "button", class: "chart-toggle", "data-key": one.key, title: one.label });
    button.setAttribute("aria-pressed", String(!this.off.has(one.key)));
    button.append(element("span", "", { class: "chart-key", "data-colour": one.colour, "data-draw": one.draw }));
    button.append(element("bdi", one.label));
    button.addEventListener("click", () => this.toggle(one.key));
    const name = element("th", [button], { scope: "row" });
    return element("tr", [name, element("td", "", { "data-value": "" }), element("td", one.total)]);
  }

  toggle(key) {
    if (!this.off.delete(key)) this.off.add(key);
    this.layOut();
    this.drawn.setData(this.columns(), false);
    this.look();
    this.nameFile();
    this.writeLegend();
  }

  // Steps without anything are left out, as the box itself does.
  writeFigures() {
    const table = this.section.querySelector("[data-figures]");
    const { series, at, names, totals } = this.data;
    const heads = [names.step, ...series.map((one) => one.label), ...(totals ? [names.total] : [])];
    const texts = series.map((one) => new Map(one.points.map(([step, , text]) => [step, text])));
    const rows = at.flatMap((_, step) => {
      if (!texts.some((one) => one.has(step))) return [];
      const cells = [...texts.map((one) => one.get(step)), ...(totals ? [totals[step]] : [])].map((text) => text || "0");
      const figures = cells.map((text) => element("td", text, { "data-decimals": decimalsIn(text) }));
      return [element("tr", [element("th", this.time(step), { scope: "row" }), ...figures])];
    });
    table.tHead.replaceChildren(element("tr", heads.map((name) => element("th", name, { scope: "col" }))));
    table.tBodies[0].replaceChildren(...rows.reverse());
  }
}

// Where nothing was to be drawn the page says so: with something to draw it is another one.
const sections = [...document.querySelectorAll("[data-chart]")];
const [empty, full] = [false, true].map((has) => sections.filter((section) => Boolean(section.querySelector("[data-plot]")) === has));
for (const section of empty) section.addEventListener("refetch", () => location.reload());

const charts = full.map((section) => new Chart(section));
for (const chart of charts) chart.read();
new MutationObserver(() => charts.forEach((chart) => chart.data && chart.draw())).observe(root, { attributeFilter: ["data-bs-theme"] });
