function runsPage() {
  const host = el("div");
  const draw = () => {
    const rows = RUNS.filter((run) =>
      `${run.of.name} ${run.name} seed ${run.seed}`.toLowerCase().includes(RUNS_VIEW.asked.toLowerCase()),
    );
    const columns = [
      {
        key: "run",
        head: "run",
        row: true,
        value: (run) => run.name,
        cell: (run) =>
          el(
            "span",
            { style: { display: "flex", gap: ".65rem" } },
            chooser(`r:${run.name}`, run.name),
            el("a", { class: "name", href: TO.run(run) }, breakable(`${run.of.name}, seed ${run.seed}`)),
          ),
      },
      {
        key: "family",
        head: "family",
        aside: true,
        value: (run) => run.of.family,
        cell: (run) => familyCell(run.of.family),
      },
      { key: "seed", head: "seed", numeric: true, value: (run) => run.seed, cell: (run) => run.seed },
      ...MEASURES.map((one, at) => ({ one, at }))
        .filter(({ one }) => one.group !== "slice")
        .map(({ one, at }) => ({
          key: one.name,
          head: one.heading,
          numeric: true,
          down: !one.lower,
          value: (run) => run.values[at],
          cell: (run) => say(one, run.values[at]),
        })),
    ];
    fill(
      host,
      rows.length
        ? sortable({ caption: "Runs", columns, rows, sort: RUNS_VIEW.sort, most: 100 })
        : el("p", { class: "empty panel" }, "No run is left; search for less."),
    );
  };
  draw();
  return [
    el("h1", { tabindex: "-1" }, "Runs"),
    el("p", { class: "lead" }, `${plural(RUNS.length, "finished run")}, each with its config, curves and mistakes.`),
    el(
      "div",
      { class: "controls" },
      el(
        "label",
        null,
        "Search",
        el("input", {
          type: "search",
          placeholder: "method, seed or folder",
          value: RUNS_VIEW.asked,
          oninput: (event) => {
            RUNS_VIEW.asked = event.target.value;
            draw();
          },
        }),
      ),
    ),
    host,
  ];
}
