// Of what is asked for one place (`hx-sync="PLACE:replace"`) the newest wish wins, also when another one's answer is late.

// htmx lets go of the newest one in the moment in which the one that it replaced ends: what comes then, wish or refetch
// (`hx-sync="PLACE:abort"`), would run beside it and could put in again what was there before.
const wishes = new Map(); // place -> the request whose answer it waits for
const missed = new Map(); // place -> what was told meanwhile to fetch itself anew

function wishOf(element) {
  const synced = element.closest?.("[hx-sync]");
  const [place, strategy] = synced?.getAttribute("hx-sync").split(":") ?? [];
  return { place: place === "this" ? synced : place, strategy };
}

document.addEventListener(
  "refetch",
  (event) => {
    const { place, strategy } = wishOf(event.target);
    if (strategy !== "abort" || !wishes.has(place)) return;
    event.stopPropagation(); // htmx does not hear it, and would forget it
    missed.set(place, event.target);
  },
  true,
);

document.addEventListener("htmx:before:request", (event) => {
  const { place, strategy } = wishOf(event.detail.ctx.sourceElement);
  if (strategy === "replace") wishes.set(place, event.detail.ctx);
});

document.addEventListener("htmx:before:swap", (event) => {
  const { place, strategy } = wishOf(event.detail.ctx.sourceElement);
  if (strategy === "replace" && wishes.get(place) !== event.detail.ctx) event.preventDefault();
});

document.addEventListener("htmx:finally:request", (event) => {
  const { place } = wishOf(event.detail.ctx.sourceElement);
  if (wishes.get(place) !== event.detail.ctx) return;
  wishes.delete(place);
  const element = missed.get(place);
  missed.delete(place);
  if (element?.isConnected) setTimeout(() => element.dispatchEvent(new CustomEvent("refetch")));
});
