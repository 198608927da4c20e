const ACROSS_VIEW = { sort: { key: "", down: false } };

// The report that a column is of: its heading begins with what the report is called, and goes on with the metric.
function reportOf(heading) {
  const named = REPORTS.map((report, place) => ({ place, called: report.called }))
    .filter(({ called }) => heading === called || heading.startsWith(`${called} `))
    .sort((a, b) => b.called.length - a.called.length);
  return named[0]?.place ?? null;
}

function acrossCell(row, at) {
  const place = reportOf(ACROSS.headings[at]);
  const there = place !== null && REPORTS[place].methods.some((method) => method.name === row.name);
  const said = row.cells[at];
  const shown = there
    ? el(
        "a",
        {
          href: address(place, "method", row.name),
          "aria-label": `${said}: ${row.name} on ${ACROSS.headings[at]}`,
        },
        said,
      )
    : said;
  return row.marked.includes(at) ? el("strong", { title: "may be the best: see below" }, shown) : shown;
}

// The number that a cell begins with, so that columns sort as numbers.
function leading(cell) {
  const value = Number.parseFloat(cell.replace("−", "-"));
  return Number.isFinite(value) ? value : null;
}

function acrossTable() {
  return sortable({
    caption: "Methods on all data",
    columns: [
      {
        key: "method",
        head: "method",
        row: true,
        value: (row) => row.name,
        cell: (row) => el("span", { class: "name" }, breakable(row.name)),
      },
      {
        key: "family",
        head: "family",
        aside: true,
        value: (row) => row.family,
        cell: (row) => familyCell(row.family),
      },
      ...ACROSS.headings.map((head, at) => ({
        key: `cell ${at}`,
        head,
        numeric: true,
        down: reportOf(head) !== null, // of ranks, the least is the best
        value: (row) => leading(row.cells[at]),
        cell: (row) => acrossCell(row, at),
      })),
    ],
    rows: ACROSS.rows,
    sort: ACROSS_VIEW.sort,
    most: 200,
  });
}

function acrossPage() {
  return [
    el("h1", { tabindex: "-1" }, ACROSS.title),
    el("p", { class: "lead" }, "Each number leads to its method's page on that data."),
    notice(ACROSS.notes),
    el("div", { style: { "margin-top": "1.25rem" } }, acrossTable()),
    footnotes(ACROSS.footnotes),
    ACROSS.claims.length ? [el("h2", null, "What holds on all of them"), claimList(ACROSS.claims)] : null,
    ACROSS.ranks ? [el("h2", null, "Average ranks"), ranksPanel(ACROSS.ranks, () => null)] : null,
    el("h2", null, "Downloads"),
    fileList(Object.entries(ACROSS.downloads)),
    figureList(ACROSS.figures),
    el("h2", null, "The reports"),
    panel(
      null,
      el(
        "ul",
        { class: "files" },
        REPORTS.map((report, place) =>
          el(
            "li",
            null,
            el("a", { href: address(place) }, report.called),
            el("span", { class: "soft small" }, report.title),
          ),
        ),
      ),
    ),
  ];
}
