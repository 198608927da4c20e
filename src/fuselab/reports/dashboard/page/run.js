function mistakes(run) {
  const list = run.answers?.mistakes;
  if (!list?.index.length) return null;
  const rows = list.index.map((index, at) => [
    `test\u00a0${index}`,
    list.slice[at] ?? MISSING,
    sayTarget(list.target[at]),
    sayTarget(list.said[at]),
    list.sure ? `${list.sure[at]} %` : sayValue(list.error[at]),
  ]);
  const last = list.sure ? "sure" : DATA.task === "labels" ? "labels wrong" : "off by";
  const head = ["sample", "slice", "right answer", "said", last];
  return [
    el(
      "h2",
      null,
      list.sure ? "Its surest mistakes on the whole test split" : "Its worst mistakes on the whole test split",
    ),
    plainTable("Mistakes", head, rows, [1]),
  ];
}

function runPage(name) {
  const run = RUN_BY_NAME.get(name);
  if (!run) return missing(`a run named ${name}`);
  const crumbs = [
    el("a", { href: TO.page("") }, "Overview"),
    " / ",
    el("a", { href: TO.method(run.of) }, run.of.name),
    " / run",
  ];
  const rest = MEASURES.filter((measure) => !(measure.group === "metric" && measure.shown));
  return [
    headline(crumbs, `${run.of.name}, seed ${run.seed}`, run.of.family, `r:${run.name}`),
    factList(
      MEASURES.filter((measure) => measure.group === "metric" && measure.shown),
      run.values.map((value) => [value]),
    ),
    el("h2", null, "How it went"),
    el(
      "div",
      { class: "two" },
      curvesPanel([[run.of.name, [run], tintOf(run.of.family), "solid"]], FIRST.name),
      confusion([run]),
      reliabilityPanel([
        [`seed ${run.seed}`, [run], tintOf(run.of.family), "solid", run.values.map((value) => [value])],
      ]),
      weightsPanel([[run.of.name, [run]]]),
    ),
    el(
      "div",
      { class: "two", style: { "margin-top": "1rem" } },
      panel(
        "Other measures",
        el(
          "dl",
          { class: "pairs" },
          rest.map((measure) =>
            el(
              "div",
              null,
              el("dt", null, fullName(measure)),
              el(
                "dd",
                { class: "number", style: { "text-align": "left" } },
                say(measure, run.values[MEASURES.indexOf(measure)]),
              ),
            ),
          ),
        ),
      ),
      originPanel(run),
    ),
    el("div", { style: { "margin-top": "1rem" } }, repeatPanel(run)),
    el("h2", null, "Settings"),
    settings(run),
    errorsOf(`seed ${run.seed}`, [run]),
    mistakes(run),
  ];
}
