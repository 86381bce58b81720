// Passkeys: asks the browser for one and sends its answer with the form. A form says what for in `data-passkey`:
// "add", "confirm" (one of this user's) or "sign-in" (whoever has one). webauthn-json.js speaks with the browser.

const gettext = globalThis.gettext ?? ((text) => text); // a catalogue comes with every language but English
const PROBLEMS = {
  NotAllowedError: gettext("No passkey was used: the question was cancelled, or took too long. Try again."),
  InvalidStateError: gettext("This device has a passkey for this box already."),
  SecurityError: gettext("Passkeys do not work at this address."),
  NotSupportedError: gettext("This browser or device can't make such a passkey."),
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-start]");
  if (!window.PublicKeyCredential) {
    tell(form, gettext("This browser has no passkeys here. They need https, or the address localhost."));
    button.disabled = true;
    continue;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form, button);
  });
}

async function ask(form, button) {
  button.disabled = true;
  tell(form, "");
  try {
    const credential = form.dataset.passkey === "add" ? await add(form) : await webauthnJSON.get(await question(form));
    form.querySelector("[name=credential]").value = JSON.stringify(credential);
    form.submit();
  } catch (problem) {
    tell(form, PROBLEMS[problem.name] ?? gettext("That did not work. Load the page again, then repeat the step."));
    button.disabled = false;
  }
}

function add(form) {
  const options = pageData().creation_options;
  const alone = form.querySelector("[name=passwordless]").checked;
  const selection = options.publicKey.authenticatorSelection;
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  return webauthnJSON.create(options);
}

async function question(form) {
  if (form.dataset.passkey === "confirm") return pageData().request_options;
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options;
}

function pageData() {
  return structuredClone(JSON.parse(document.getElementById("passkey-data").textContent));
}

function tell(form, text) {
  const place = form.querySelector("[data-passkey-problem]");
  place.textContent = text;
  place.hidden = !text;
}
