// What the system hands to the app: torrent files that were opened with it go into the form, for their user to look at.

const form = document.querySelector("[data-takes-files]");

if (form && "launchQueue" in window) {
  window.launchQueue.setConsumer(async ({ files }) => {
    if (!files?.length) return;
    const picked = new DataTransfer();
    for (const handle of files) picked.items.add(await handle.getFile());
    form.elements.files.files = picked.files;
  });
}

const offer = document.querySelector("[data-magnet-offer]");

if (offer && navigator.registerProtocolHandler) {
  offer.hidden = false;
  offer.addEventListener("click", ({ target }) => {
    const handler = target.closest("[data-magnet-handler]")?.dataset.magnetHandler;
    if (!handler) return;
    navigator.registerProtocolHandler("magnet", new URL(handler, location.href).href.replace("%25s", "%s"));
    const said = offer.querySelector("[data-said]");
    said.textContent = said.dataset.said;
  });
}
