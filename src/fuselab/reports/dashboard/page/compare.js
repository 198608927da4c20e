const MOST_ITEMS = 6;

function difference(measure, value, first) {
  if (value === null || first === null || value === undefined || first === undefined) return null;
  const gap = value - first;
  if (measure.kind !== "fraction") return first ? `× ${(value / first).toFixed(2)}` : null;
  return `${gap < 0 ? "−" : "+"}${say(measure, Math.abs(gap))}`;
}

function comparePage(keys) {
  const items = keys.map(itemOf).filter(Boolean).slice(0, MOST_ITEMS);
  const go = (others) => {
    location.hash = TO.compare(others);
  };
  const options = [
    ...METHODS.map((method) => [`m:${method.name}`, `${method.name} (${plural(method.runs.length, "seed")})`]),
    ...RUNS.map((run) => [`r:${run.name}`, `${run.of.name}, seed ${run.seed}`]),
  ].filter(([key]) => !items.some((item) => item.key === key));
  const chips = items.map((item, at) =>
    el(
      "button",
      {
        class: "chip",
        type: "button",
        style: { "--tint": `var(--c${at})` },
        "aria-label": `Take ${item.name} away`,
        onclick: () => {
          choose(item.key, false);
          go(items.filter((one) => one !== item));
        },
      },
      el("span", { class: "dot" }),
      item.name,
      el("span", { class: "soft", "aria-hidden": "true" }, "×"),
    ),
  );
  const head = [
    el("h1", { tabindex: "-1" }, "Compare"),
    el(
      "p",
      { class: "lead" },
      "Methods with all their seeds, or single runs, side by side; differences are to the first. ",
      DATA.claims.length
        ? "What of them holds is said under Statistics."
        : "They are differences of means, not findings.",
    ),
    el(
      "div",
      { class: "controls" },
      items.length < MOST_ITEMS
        ? select("Add", [["", "a method or a run …"], ...options], "", (key) => key && go([...items, itemOf(key)]))
        : null,
      chips.length ? el("div", { class: "chips", style: { "align-items": "center" } }, chips) : null,
    ),
  ];
  if (items.length < 2)
    return [
      head,
      el(
        "p",
        { class: "soft" },
        items.length
          ? "Add another one to compare it with."
          : "Add two, or choose them in the tables of Overview and Runs.",
      ),
    ];
  const rows = MEASURES.map((measure, at) => [
    fullName(measure),
    ...items.flatMap((item, place) => [
      meanOf(measure, item.values[at]),
      ...(place
        ? [el("span", { class: "dev" }, difference(measure, item.values[at][0], items[0].values[at][0]) ?? MISSING)]
        : []),
    ]),
  ]);
  const link = (item, at) =>
    el(
      "a",
      { class: "family", href: item.link, style: { "--tint": `var(--c${at})` } },
      el("span", { class: "dot" }),
      item.name,
    );
  const heads = ["measure", ...items.flatMap((item, at) => (at ? [link(item, at), "difference"] : [link(item, at)]))];
  return [
    head,
    plainTable("Comparison", heads, rows),
    el(
      "div",
      { style: { "margin-top": "1rem" } },
      curvesPanel(
        items.map((item, at) => [item.name, item.runs, `c${at}`, DASHES[at]]),
        FIRST.name,
      ),
    ),
    el(
      "div",
      { class: "below", style: { "margin-top": "1rem" } },
      reliabilityPanel(items.map((item, at) => [item.name, item.runs, `c${at}`, DASHES[at], item.values])),
      weightsPanel(items.map((item) => [item.name, item.runs])),
    ),
    settingsBeside(items),
    disagreements(items),
  ];
}

// Settings in which the first runs of the compared differ.
function settingsBeside(items) {
  const all = items.map((item) => settingsOf(item.runs[0], "config"));
  const keys = [...new Set(all.flatMap((one) => Object.keys(one)))]
    .filter((key) => new Set(all.map((one) => one[key])).size > 1)
    .sort();
  const head = el("h2", null, "Settings that differ");
  if (!keys.length) return [head, el("p", { class: "soft" }, "None: they have the same settings.")];
  const rows = keys.map((key) => [
    el("span", { class: "mono" }, breakable(key)),
    ...all.map((one) => el("span", { class: "mono" }, breakable(one[key] ?? MISSING))),
  ]);
  return [
    head,
    plainTable(
      "Settings that differ",
      ["key", ...items.map((item) => item.name)],
      rows,
      items.map((_, at) => at + 1),
    ),
  ];
}

function disagreements(items) {
  const there = items.filter((item) => item.runs.some((run) => run.answers));
  if (there.length < 2 || !DATA.samples.length) return null;
  const error = (item, at) => {
    const runs = item.runs.filter((run) => run.answers);
    return (
      runs.reduce((sum, run) => sum + (judged() ? Number(isWrong(run, at)) : run.answers.error[at]), 0) / runs.length
    );
  };
  const gap = (at) => {
    const errors = there.map((item) => error(item, at));
    return Math.max(...errors) - Math.min(...errors);
  };
  const found = DATA.samples
    .map((_, at) => at)
    .filter((at) => gap(at) > 0)
    .sort((a, b) => gap(b) - gap(a) || a - b);
  const shown = found.slice(0, 12);
  return [
    el("h2", null, "Where they disagree"),
    el(
      "p",
      { class: "soft" },
      found.length
        ? `On ${found.length} of the ${DATA.samples.length} samples that this page shows; those with the widest gap first.`
        : "On none of the samples that this page shows.",
    ),
    shown.length ? weightLegend(there.flatMap((item) => item.runs)) : null,
    el(
      "div",
      { class: "cards" },
      shown.map((at) =>
        sampleCard(
          at,
          there.map((item) => [item.name, item.runs]),
        ),
      ),
    ),
  ];
}
