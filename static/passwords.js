// Password fields: a look at what was typed, and for a new one a word on how hard it is to guess.

const gettext = globalThis.gettext ?? ((text) => text); // a catalogue comes with every language but English
const WORDS = [
  gettext("Far too easy to guess"),
  gettext("Easy to guess"),
  gettext("Fair: longer is better"),
  gettext("Good"),
  gettext("Very good"),
];
const BITS = [35, 50, 65, 85]; // below each: the word at its place
const SHORTEST = 12;

for (const field of document.querySelectorAll('input[type="password"]')) {
  const tools = document.createElement("div");
  tools.className = "password-tools";
  tools.append(showButton(field));
  if (field.autocomplete === "new-password" && !document.querySelector(".password-tools meter")) tools.append(...strengthOf(field));
  field.after(tools);
}

function showButton(field) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = gettext("Show");
  button.setAttribute("aria-controls", field.id);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.textContent = shown ? gettext("Hide") : gettext("Show");
    button.setAttribute("aria-pressed", String(shown));
  });
  field.form?.addEventListener("submit", () => (field.type = "password")); // browsers remember text fields
  return button;
}

function strengthOf(field) {
  const meter = document.createElement("meter");
  meter.max = WORDS.length;
  meter.low = 2;
  meter.high = 3;
  meter.optimum = WORDS.length;
  meter.setAttribute("aria-label", gettext("Strength"));
  const word = document.createElement("span");
  word.setAttribute("role", "status");
  field.addEventListener("input", () => {
    const level = field.value ? levelOf(field.value) : -1;
    meter.value = level + 1;
    word.textContent = WORDS[level] ?? "";
  });
  return [meter, word];
}

// A rough estimate that errs low: each different kind of character widens the guess, repeats and runs count once.
function levelOf(password) {
  if ([...password].length < SHORTEST) return 0;
  let kinds = 0;
  for (const [pattern, size] of [[/[a-z]/, 26], [/[A-Z]/, 26], [/[0-9]/, 10], [/[^a-zA-Z0-9]/, 30]]) if (pattern.test(password)) kinds += size;
  let steps = 0;
  const codes = [...password.toLowerCase()].map((letter) => letter.codePointAt(0));
  for (let i = 0; i < codes.length; i += 1) if (i === 0 || Math.abs(codes[i] - codes[i - 1]) > 1) steps += 1;
  const different = new Set(codes).size;
  const bits = Math.min(steps, different * 2) * Math.log2(kinds);
  const level = BITS.findIndex((limit) => bits < limit);
  return level < 0 ? BITS.length : level;
}
