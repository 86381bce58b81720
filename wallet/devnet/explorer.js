// Keeps the first page new: asks for it again while somebody looks, and puts in what has changed.
const every_ms = 1000;
const main = document.querySelector("main[data-live]");

async function renew() {
  if (document.hidden || getSelection()?.type === "Range") return;
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main[data-live]");
    const focused = document.activeElement?.closest("main a")?.getAttribute("href");
    if (fresh && fresh.innerHTML !== main.innerHTML) main.replaceChildren(...fresh.childNodes);
    if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  } catch {
    // The chain is being restarted: the next time is soon.
  }
}

setInterval(renew, every_ms);
