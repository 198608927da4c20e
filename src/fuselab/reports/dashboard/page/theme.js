const THEMES = ["auto", "light", "dark"];
const DARK = matchMedia("(prefers-color-scheme: dark)");
const REDRAW = new Set(); // charts: their colours are not the style sheet's

function storedTheme() {
  // A page from disk may have no storage.
  try {
    return THEMES.find((one) => one === localStorage.getItem("fuselab-theme")) ?? "auto";
  } catch {
    return "auto";
  }
}

let theme = storedTheme();

function applyTheme() {
  document.documentElement.dataset.theme = theme === "auto" ? (DARK.matches ? "dark" : "light") : theme;
  const button = document.getElementById("theme");
  button.textContent = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[theme];
  button.setAttribute("aria-label", `Colours: ${theme}; change`);
  for (const redraw of REDRAW) redraw();
}

function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  try {
    localStorage.setItem("fuselab-theme", theme);
  } catch {
    // It holds until the page is closed.
  }
  applyTheme();
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
