const TYPES = {
  csv: "text/csv",
  md: "text/markdown",
  tex: "application/x-tex",
  json: "application/json",
  html: "text/html",
};
const SAID = {
  "table.md": "the table, in Markdown",
  "table.tex": "the table, in LaTeX; compiles alone",
  "table.html": "the table, as a page of its own",
  "table.csv": "a row a method, with means and deviations",
  "runs.csv": "a row a run, with all that it found",
  "sources.csv": "where every number comes from: a row a run, with its files, commit and data",
  "statistics.md": "what holds and what doesn't, with every test",
  "pairs.csv": "a row for every pair of methods",
};

function save(name, text) {
  const address = URL.createObjectURL(
    new Blob([text], { type: `${TYPES[name.split(".").pop()] ?? "text/plain"};charset=utf-8` }),
  );
  el("a", { href: address, download: name.split("/").pop() }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

const FORMATS = ["svg", "pdf", "png"];

// Figures are files beside the page: a link to one that was left behind leads nowhere.
function figureList(figures) {
  if (!figures.length) return null;
  return [
    el("h2", null, "Figures"),
    el(
      "p",
      { class: "soft" },
      "They stand beside this page, and only there: who sends the page alone sends none of them.",
    ),
    el(
      "section",
      { class: "panel" },
      el(
        "ul",
        { class: "files" },
        figures.map((figure) => {
          const path = figure.split("/").map(encodeURIComponent).join("/");
          return el(
            "li",
            null,
            el("span", { class: "mono" }, figure),
            el(
              "span",
              { class: "actions" },
              FORMATS.map((format) =>
                el(
                  "a",
                  {
                    class: "button",
                    href: `./${path}.${format}`,
                    target: "_blank",
                    "aria-label": `${figure} as ${format}`,
                  },
                  format,
                ),
              ),
            ),
          );
        }),
      ),
    ),
  ];
}

function sayLength(text) {
  const bytes = new Blob([text]).size;
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

// files: name and text of each; null stands for all that the page knows.
function fileList(files) {
  return panel(
    null,
    el(
      "ul",
      { class: "files" },
      files.map(([name, text]) =>
        el(
          "li",
          null,
          el(
            "span",
            null,
            el("span", { class: "mono" }, name),
            el("br"),
            el(
              "span",
              { class: "soft small" },
              SAID[name.split("/").pop()] ?? (text === null ? "what this page knows" : ""),
              text === null ? "" : `, ${sayLength(text)}`,
            ),
          ),
          el(
            "button",
            {
              class: "button",
              type: "button",
              "data-file": name,
              "aria-label": `Download ${name}`,
              onclick: () => save(name, text ?? document.getElementById("data").textContent),
            },
            "Download",
          ),
        ),
      ),
    ),
  );
}

function downloadsPage() {
  return [
    el("h1", { tabindex: "-1" }, "Downloads"),
    el("p", { class: "lead" }, "The tables of this report, out of this page: no other file and no network is needed."),
    el(
      "div",
      { style: { "margin-top": "1.25rem" } },
      fileList([...Object.entries(DATA.downloads), ["dashboard.json", null]]),
    ),
    figureList(DATA.figures),
    el("p", { class: "foot" }, "Each chart can be saved as SVG by the button in its corner."),
  ];
}
