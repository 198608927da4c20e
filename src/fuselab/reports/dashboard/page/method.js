const MOST_SEEDS = 12; // side by side

function factList(measures, values) {
  return el(
    "dl",
    { class: "facts" },
    measures.map((measure) =>
      el(
        "div",
        null,
        el("dd", null, meanOf(measure, values[MEASURES.indexOf(measure)])),
        el("dt", null, measure.heading),
      ),
    ),
  );
}

function headline(crumbs, title, family, key) {
  const again = () => choose(key, true);
  return [
    el("p", { class: "crumbs" }, crumbs),
    el(
      "div",
      { class: "title" },
      el("div", null, el("h1", { tabindex: "-1" }, title), el("p", { class: "lead" }, familyCell(family))),
      el(
        "div",
        { class: "actions" },
        el("button", { class: "button", type: "button", onclick: again }, "Choose for comparison"),
      ),
    ),
  ];
}

// A mean, and behind it the runs that it is made from.
function madeFrom(measure, at, method) {
  const mean = markedMean(measure, at, method);
  const there = method.runs.filter((run) => run.values[at] !== null && run.values[at] !== undefined);
  if (!there.length) return mean;
  const lacking = method.runs.filter((run) => !there.includes(run));
  const lines = () =>
    el(
      "ul",
      { class: "made" },
      there.map((run) =>
        el("li", null, el("a", { href: TO.run(run) }, `seed ${run.seed}`), ` ${say(measure, run.values[at])}`),
      ),
      lacking.length
        ? el("li", { class: "soft" }, `without a number: ${lacking.map((run) => `seed ${run.seed}`).join(", ")}`)
        : null,
    );
  return el(
    "details",
    {
      class: "from",
      ontoggle: (event) => event.target.open && event.target.childElementCount === 1 && event.target.append(lines()),
    },
    el("summary", { title: `made from ${plural(there.length, "run")}` }, mean),
  );
}

function methodPage(name) {
  const method = METHOD_BY_NAME.get(name);
  if (!method) return missing(`a method named ${name}`);
  const listed = method.runs.slice(0, MOST_SEEDS);
  const seeds = listed.map((run) => el("a", { href: TO.run(run) }, `seed ${run.seed}`));
  const rows = MEASURES.map((measure, at) => [
    fullName(measure),
    madeFrom(measure, at, method),
    ...listed.map((run) => say(measure, run.values[at])),
  ]);
  return [
    headline([el("a", { href: TO.page("") }, "Overview"), " / method"], method.name, method.family, `m:${method.name}`),
    factList(
      MEASURES.filter((measure) => measure.group === "metric" && measure.shown),
      method.values,
    ),
    el("h2", null, method.runs.length > 1 ? "All measures, seed by seed" : "All measures"),
    el("p", { class: "small soft" }, "Each mean opens to the runs that it is made from."),
    plainTable(`Measures of ${method.name}`, ["measure", "mean", ...seeds], rows),
    listed.length < method.runs.length
      ? el(
          "p",
          { class: "small soft" },
          `The first ${listed.length} of ${method.runs.length} seeds; all of them stand under `,
          el("a", { href: TO.page("runs") }, "Runs"),
          ".",
        )
      : null,
    el(
      "div",
      { class: "two", style: { "margin-top": "1rem" } },
      curvesPanel([[method.name, method.runs, tintOf(method.family), "solid"]], FIRST.name),
      confusion(method.runs),
      reliabilityPanel([[method.name, method.runs, tintOf(method.family), "solid", method.values]]),
      weightsPanel([[method.name, method.runs]]),
    ),
    el("h2", null, "Settings of its first run"),
    settings(method.runs[0]),
    errorsOf(method.name, method.runs),
  ];
}

// The samples that runs get wrong, worst first.
function errorsOf(name, runs) {
  const there = runs.filter((run) => run.answers);
  if (!there.length || !DATA.samples.length) return null;
  const error = (at) =>
    there.reduce((sum, run) => sum + (judged() ? Number(isWrong(run, at)) : run.answers.error[at]), 0) / there.length;
  const wrong = DATA.samples
    .map((_, at) => at)
    .filter((at) => error(at) > 0)
    .sort((a, b) => error(b) - error(a) || a - b);
  const said = judged()
    ? `${wrong.length} of the ${DATA.samples.length} samples that this page shows`
    : `of the ${DATA.samples.length} samples that this page shows, the worst first`;
  const share = there.map((run) => `${grouped(run.answers.wrong)} of ${grouped(run.answers.of)}`);
  const others = methodRows(METHODS.filter((method) => method !== runs[0].of || runs.length < method.runs.length));
  const list = el("div", { class: "cards" });
  const more = el("div", { class: "more" });
  const show = (count) => {
    fill(
      list,
      wrong.slice(0, count).map((at) => sampleCard(at, [[name, runs]], others)),
    );
    fill(
      more,
      count < wrong.length &&
        el(
          "button",
          { class: "button", type: "button", onclick: () => show(wrong.length) },
          `Show all ${wrong.length}`,
        ),
    );
  };
  show(12);
  return [
    el("h2", null, judged() ? "What it gets wrong" : "Where it is furthest off"),
    el(
      "p",
      { class: "soft" },
      judged()
        ? `${capital(said)}; of the whole test split ${share.slice(0, 4).join(", ")}${share.length > 4 ? " …" : "."}`
        : `${capital(said)}.`,
    ),
    wrong.length ? weightLegend(others.length ? RUNS : runs) : null,
    wrong.length ? list : el("p", { class: "soft" }, "It gets all of them right."),
    more,
  ];
}
