// A picture of a chart to keep: what charts.js has drawn, with its title above and its series below, saved as PNG.

const MARGIN_PX = 16;
const LINE_PX = 20;
const TEXT_PX = 13;
const KEPT_MS = 10_000; // the browser may still be reading it

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
  picture(detail).toBlob((blob) => {
    const link = document.createElement("a");
    link.download = `${target.dataset.name || "chart"}.png`;
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
  }, "image/png");
});
