const BESIDE = 15; // methods up to which the charts are of one height

function measureOptions(group) {
  return MEASURES.filter((measure) => (group === "cost") === (measure.group === "cost")).map((measure) => [
    measure.name,
    fullName(measure),
  ]);
}

function methodColumns() {
  const several = METHODS.some((method) => method.runs.length > 1);
  return [
    {
      key: "method",
      head: "method",
      row: true,
      value: (method) => method.name,
      cell: (method) =>
        el(
          "span",
          { style: { display: "flex", gap: ".65rem" } },
          chooser(`m:${method.name}`, method.name),
          el("a", { class: "name", href: TO.method(method) }, breakable(method.name)),
        ),
    },
    {
      key: "family",
      head: "family",
      aside: true,
      value: (method) => method.family,
      cell: (method) => familyCell(method.family),
    },
    {
      key: "seeds",
      head: "seeds",
      numeric: true,
      down: true,
      value: (method) => method.runs.length,
      cell: (method) => method.runs.length,
    },
    ...MEASURES.map((one, at) => ({ one, at }))
      .filter(({ one }) => one.shown || one.name === VIEW.metric)
      .map(({ one, at }) => ({
        key: one.name,
        head: one.heading,
        numeric: true,
        down: !one.lower,
        chosen: one.name === VIEW.metric,
        title: one.lower ? `${fullName(one)}: less is better` : fullName(one),
        value: (method) => method.values[at][0],
        cell: (method) => markedMean(one, at, method, several),
      })),
  ];
}

// A button for each family that takes it out and in again.
function familyChips(draw) {
  return FAMILIES.map((family) =>
    el(
      "button",
      {
        class: "chip",
        type: "button",
        "aria-pressed": String(!VIEW.off.has(family)),
        style: { "--tint": `var(--${tintOf(family)})` },
        onclick: (event) => {
          if (VIEW.off.has(family)) VIEW.off.delete(family);
          else VIEW.off.add(family);
          event.currentTarget.setAttribute("aria-pressed", String(!VIEW.off.has(family)));
          draw();
        },
      },
      el("span", { class: "dot" }),
      family,
    ),
  );
}

// What others have published stands apart: it was not run here, and nothing was tested against it.
function publishedTable() {
  if (!DATA.published.length) return null;
  const heads = [...new Set(DATA.published.flatMap((one) => Object.keys(one.cells)))];
  const rows = DATA.published.map((one) => [one.name, ...heads.map((head) => one.cells[head] ?? MISSING)]);
  return el(
    "div",
    { style: { "margin-top": "1rem" } },
    plainTable("Published figures", ["published, not run here", ...heads], rows),
  );
}

function overview() {
  const measure = () => MEASURES.find((one) => one.name === VIEW.metric);
  const [chartHost, costHost, tableHost] = [el("div"), el("div"), el("div")];
  const kept = () =>
    METHODS.filter(
      (method) => !VIEW.off.has(method.family) && method.name.toLowerCase().includes(VIEW.asked.toLowerCase()),
    );
  const stop = (host) => host.querySelectorAll(".chart").forEach((one) => one.stop());
  const drawCharts = () => {
    const methods = sortRows(methodColumns(), kept(), VIEW.sort);
    stop(chartHost);
    stop(costHost);
    fill(chartHost, dotChart(measure(), methods));
    if (COST)
      fill(
        costHost,
        methods.length
          ? costChart(
              measure(),
              MEASURES.find((one) => one.name === VIEW.cost),
              methods,
            )
          : el("p", { class: "empty" }, "No method is left."),
      );
  };
  const draw = () => {
    const rows = kept();
    fill(
      tableHost,
      rows.length
        ? sortable({
            caption: "Methods",
            columns: methodColumns(),
            rows,
            sort: VIEW.sort,
            onsort: drawCharts,
            most: 200,
          })
        : el("p", { class: "empty panel" }, "No method is left; search for less, or take a family in again."),
    );
    announce(`${plural(rows.length, "method")} shown`);
    drawCharts();
  };
  draw();
  return [
    el("h1", { tabindex: "-1" }, DATA.data),
    el(
      "p",
      { class: "lead" },
      `${capital(DATA.title.replace(`${DATA.data}, `, ""))}; ${plural(METHODS.length, "method")}. `,
      "Choose a method to see its runs, or two and more to compare them.",
    ),
    notice(DATA.notes),
    el(
      "div",
      { class: "controls" },
      select("Metric", measureOptions("metric"), VIEW.metric, (value) => {
        VIEW.metric = value;
        draw();
      }),
      el(
        "label",
        null,
        "Search",
        el("input", {
          type: "search",
          id: "search",
          placeholder: "method or setting",
          value: VIEW.asked,
          oninput: (event) => {
            VIEW.asked = event.target.value;
            draw();
          },
        }),
      ),
      FAMILIES.length > 1
        ? el(
            "div",
            { class: "field", role: "group", "aria-label": "Families" },
            el("span", { style: { color: "var(--soft)" } }, "Families"),
            el("div", { class: "chips" }, familyChips(draw)),
          )
        : null,
    ),
    tableHost,
    publishedTable(),
    footnotes(DATA.footnotes),
    el("h2", null, "At a glance"),
    el(
      "div",
      { class: METHODS.length > BESIDE ? "below" : "two" },
      panel("Means, deviations and single seeds", chartHost),
      COST
        ? panel(
            null,
            el(
              "header",
              null,
              el("h3", null, "Against cost"),
              select("Cost", measureOptions("cost"), VIEW.cost, (value) => {
                VIEW.cost = value;
                drawCharts();
              }),
            ),
            costHost,
          )
        : null,
    ),
  ];
}
