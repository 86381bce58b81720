// A picture of a chart to keep: what charts.js has drawn, with its title above and its series below, saved as PNG.

const MARGIN_PX = 16;
const LINE_PX = 20;
const TEXT_PX = 13;
const KEPT_MS = 10_000; // the browser may still be reading it

const DAY_S = 86_400;
const DECIMALS = 6; // of an amount

// The steps that are looked at, as the file has them: also those of which only a part is in sight.
function stepsOf({ zoomed, since, step_s, at }) {
  const [from, to] = (zoomed ?? [since, since + step_s * at.length]).map(Math.round);
  return at.flatMap((_, step) => (since + (step + 1) * step_s > from && since + step * step_s < to ? [step] : []));
}

function titleOf({ name, title, step_s, series, zoomed, time }, steps) {
  const isDay = step_s >= DAY_S;
  if (isDay && !zoomed) return title;
  const unit = series.every((one) => one.draw === "stack") && series[0]?.unit;
  return `${unit ? `${name}, ${unit}` : name}: ${time(steps[0])} \u2013 ${time(steps.at(-1) + !isDay)}`;
}

// Of a part amounts and sizes are added up; of prices there is no sum, and between what they lie is seen.
function totalOf(one, { zoomed, written, signs }, steps) {
  if (!zoomed) return one.total;
  const points = one.points.filter(([step]) => steps.includes(step));
  if (one.draw === "stack") return sumOf(points.map(([, , text]) => text), signs);
  return one.draw === "bars" ? `${written(points.reduce((sum, [, value]) => sum + value, 0) / one.per)} ${one.unit}` : "";
}

// Amounts as the box writes them, added up as whole numbers of their smallest unit.
function sumOf(amounts, [decimal, group]) {
  const sum = amounts.reduce((all, text) => {
    const [whole, rest = ""] = text.replaceAll(group, "").replace("\u2212", "").split(decimal);
    const size = BigInt(whole + rest.padEnd(DECIMALS, "0"));
    return text.startsWith("\u2212") ? all - size : all + size;
  }, 0n);
  const digits = String(sum).replace("-", "").padStart(DECIMALS + 1, "0");
  const whole = digits.slice(0, -DECIMALS).replace(/\B(?=(\d{3})+$)/g, group);
  const rest = digits.slice(-DECIMALS).replace(/0+$/, "");
  return (sum < 0n ? "\u2212" : "") + whole + (rest && decimal + rest);
}

function linesOf(detail, steps) {
  return detail.series.map((one) => {
    const total = totalOf(one, detail, steps);
    return { colour: one.paint, text: total ? `${one.label}: ${total}` : one.label };
  });
}

function picture({ source, scale, title, lines }) {
  const [margin, line] = [MARGIN_PX * scale, LINE_PX * scale];
  const canvas = document.createElement("canvas");
  canvas.width = source.width + 2 * margin;
  canvas.height = source.height + 3 * margin + line * (lines.length + 1);
  const pen = canvas.getContext("2d");
  const page = getComputedStyle(document.body);
  const write = (text, x, y, weight) => {
    pen.fillStyle = page.color;
    pen.font = `${weight} ${TEXT_PX * scale}px system-ui, sans-serif`;
    pen.fillText(text, x, y, canvas.width - x - margin);
  };
  pen.fillStyle = page.getPropertyValue("--tblr-bg-surface").trim() || page.backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  write(title, margin, margin + line / 2, 600);
  pen.drawImage(source, margin, margin + line);
  lines.forEach(({ colour, text }, place) => {
    const y = source.height + 2 * margin + line * (place + 1.5);
    pen.fillStyle = colour;
    pen.fillRect(margin, y - 10 * scale, 11 * scale, 11 * scale);
    write(text, margin + line, y, 400);
  });
  return canvas;
}

document.addEventListener("picture", ({ target, detail }) => {
  const steps = stepsOf(detail);
  const { source, scale } = detail;
  picture({ source, scale, title: titleOf(detail, steps), lines: linesOf(detail, steps) }).toBlob((blob) => {
    const link = document.createElement("a");
    link.download = `${target.dataset.name || "chart"}.png`;
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
  }, "image/png");
});
