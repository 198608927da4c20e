const PAGES = [
  ["", "Overview", overview],
  ["runs", "Runs", runsPage],
  ["samples", "Samples", samplesPage],
  ["compare", "Compare", (...keys) => comparePage(keys)],
  ["statistics", "Statistics", statisticsPage],
  ["downloads", "Downloads", downloadsPage],
];
const OTHERS = { method: methodPage, run: runPage };

function missing(what) {
  return [
    el("h1", { tabindex: "-1" }, "Not here"),
    el(
      "p",
      { class: "lead" },
      `This report holds no ${what.replace(/^an? /, "")}. `,
      el("a", { href: "#/" }, "Back to the overview"),
    ),
  ];
}

function part(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

let first = true;

function show() {
  const [where = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(part);
  const page = PAGES.find(([name]) => name === where);
  const main = document.getElementById("main");
  main.querySelectorAll(".chart").forEach((one) => one.stop());
  const tab = { method: "", run: "runs" }[where] ?? where;
  fill(
    document.getElementById("nav"),
    PAGES.map(([name, said]) => el("a", { href: `#/${name}`, "aria-current": name === tab ? "page" : null }, said)),
  );
  const make = page?.[2] ?? OTHERS[where];
  fill(main, make ? make(...rest) : missing("such page"));
  drawTray();
  if (!first) {
    scrollTo(0, 0);
    // Keyboards and screen readers go on from the new page's head.
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
  first = false;
}

document.getElementById("theme").addEventListener("click", nextTheme);
DARK.addEventListener("change", applyTheme);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says which page it is
  document.getElementById("main").focus();
});
addEventListener("hashchange", show);
applyTheme();
show();
performance.mark("fuselab-shown");
