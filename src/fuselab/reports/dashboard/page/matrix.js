// A confusion matrix as a table, shaded by the share of its row.
function confusionOf(runs) {
  const counted = runs.map((run) => run.answers?.confusion).filter(Boolean);
  if (!counted.length) return null;
  return counted[0].map((_, at) => counted.reduce((sum, one) => sum + one[at], 0));
}

function confusion(runs) {
  const counts = confusionOf(runs);
  if (!counts) return null;
  const size = Math.sqrt(counts.length);
  const names = Array.from({ length: size }, (_, at) => DATA.classes[at] ?? String(at));
  const rows = names.map((name, row) => {
    const own = counts.slice(row * size, (row + 1) * size);
    const total = own.reduce((sum, one) => sum + one, 0);
    return el(
      "tr",
      null,
      el("th", { scope: "row" }, name),
      own.map((count, column) => {
        const share = total ? count / total : 0;
        const kind = count === 0 ? "zero" : share > 0.6 ? "deep" : null;
        return el(
          "td",
          {
            class: kind,
            style: { "--share": (0.04 + 0.96 * share).toFixed(3) },
            title: `${name} taken for ${names[column]}: ${count} of ${total}`,
          },
          count,
        );
      }),
    );
  });
  const table = el(
    "table",
    null,
    el("caption", { class: "unseen" }, "Confusion matrix"),
    el(
      "thead",
      null,
      el(
        "tr",
        null,
        el("td", { style: { "--share": "0" } }),
        names.map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    el("tbody", null, rows),
  );
  return panel(
    runs.length > 1 ? `Confusion, ${runs.length} runs together` : "Confusion",
    el("p", { class: "small soft" }, "Rows: the truth. Columns: what was said. Shaded by share of the row."),
    el("div", { class: "matrix", tabindex: "0", role: "region", "aria-label": "confusion matrix" }, table),
  );
}
