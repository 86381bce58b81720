// Runs before the first paint, so that no page flashes in the wrong colours.
(() => {
  const KEY = "theme";
  const CHOICES = ["auto", "light", "dark"];
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      const stored = localStorage.getItem(KEY);
      return CHOICES.includes(stored) ? stored : "auto";
    } catch {
      return "auto"; // storage is switched off
    }
  };

  const show = (choice) => {
    const theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    document.documentElement.dataset.bsTheme = theme;
    document.documentElement.dataset.themeChoice = choice;
  };

  const label = (button) => {
    const choice = document.documentElement.dataset.themeChoice;
    const says = globalThis.gettext ?? ((text) => text); // the words of other languages come after this script
    const words = { auto: says("auto"), light: says("light"), dark: says("dark") };
    button.title = says("Colours: %(choice)s").replace("%(choice)s", words[choice]);
    button.setAttribute("aria-label", says("Colours: %(choice)s. Change").replace("%(choice)s", words[choice]));
  };

  show(chosen());
  dark.addEventListener("change", () => show(chosen()));
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    label(button);
    button.addEventListener("click", () => {
      const next = CHOICES[(CHOICES.indexOf(document.documentElement.dataset.themeChoice) + 1) % CHOICES.length];
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // The choice then lasts as long as the page.
      }
      show(next);
      label(button);
    });
  });
})();
