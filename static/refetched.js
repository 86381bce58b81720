// What is fetched because live.js was told that it has changed (the event "refetch"), and turns out to be the same.

// It is not put in again: the page would ask how that stands, be told to fetch it, and so on for ever. Each form has a
// token of its own each time.
const fetched = new Map(); // element and address -> what was put in last, and nothing else was since

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (ctx.sourceEvent?.type !== "refetch") return fetched.clear();
  const holder = document.createElement("template");
  holder.content.append(...tasks.map((task) => task.fragment.cloneNode(true)));
  for (const token of holder.content.querySelectorAll("[name=csrfmiddlewaretoken]")) token.remove();
  const place = `${ctx.sourceElement.id} ${ctx.request.action}`;
  if (fetched.get(place) === holder.innerHTML) event.preventDefault();
  else fetched.set(place, holder.innerHTML);
});
