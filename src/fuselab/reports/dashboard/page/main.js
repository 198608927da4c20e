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
      el("a", { href: TO.page("") }, "Back to the overview"),
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

// What an address asks for: a report by its place, or null for the page of all of them; a page, and what it is of.
function readAddress() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(part);
  if (!SEVERAL) return { place: 0, where: parts[0], rest: parts.slice(1) };
  if (parts[0] === "d" && REPORTS[Number(parts[1]) - 1])
    return { place: Number(parts[1]) - 1, where: parts[2] ?? "", rest: parts.slice(3) };
  return { place: ACROSS || parts[0] ? null : 0, where: parts[0], rest: parts.slice(1) };
}

function tabs(where) {
  if (opened === null) return el("a", { href: "#/", "aria-current": where ? null : "page" }, "All data");
  const tab = { method: "", run: "runs" }[where] ?? where;
  return PAGES.map(([name, said]) =>
    el("a", { href: TO.page(name), "aria-current": name === tab ? "page" : null }, said),
  );
}

let first = true;

function show() {
  const { place, where, rest } = readAddress();
  const main = document.getElementById("main");
  main.querySelectorAll(".chart").forEach((one) => one.stop());
  use(place);
  fill(document.getElementById("nav"), tabs(where));
  const page = PAGES.find(([name]) => name === where);
  const make = place === null ? { "": acrossPage }[where] : (page?.[2] ?? OTHERS[where]);
  fill(main, make ? make(...rest) : missing("such page"));
  drawTray();
  const chosen = showChoice(where, rest);
  if (!first) {
    scrollTo(0, 0);
    // Keyboards and screen readers go on from the new page's head; who chooses data may want to choose on.
    if (!chosen) main.querySelector("h1")?.focus({ preventScroll: true });
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
