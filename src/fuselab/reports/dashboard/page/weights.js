const TINTS = 6; // of modalities; further ones repeat them
const ROOM = { name: 0.34, number: 0.12 }; // shares of a bar from which on there is room to write into it

function modalityTint(at) {
  return `m${at % TINTS}`;
}

function average(values) {
  const there = values.filter((value) => value !== null && value !== undefined);
  return there.length ? there.reduce((sum, one) => sum + one, 0) / there.length : null;
}

function deviation(values) {
  const there = values.filter((value) => value !== null && value !== undefined);
  if (there.length < 2) return null;
  const mean = average(there);
  return Math.sqrt(there.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (there.length - 1));
}

// One bar, cut by modality; each row of shares (0 to 1) is a run's. Its text says the same to who doesn't see it.
function weightBar(rows, small = false) {
  const parts = DATA.weights.modalities
    .map((name, at) => {
      const shares = rows.map((row) => row[at]);
      return { name, at, mean: average(shares), dev: deviation(shares) };
    })
    .filter(({ mean }) => mean !== null);
  if (!parts.length) return MISSING;
  const percent = (share) => Math.round(100 * share);
  const said = parts
    .map(({ name, mean, dev }) => `${name} ${percent(mean)} %${dev === null ? "" : ` ± ${percent(dev)}`}`)
    .join(", ");
  const inside = ({ name, mean }) => {
    if (mean < ROOM.number) return null;
    return small && mean >= ROOM.name ? `${name} ${percent(mean)}` : percent(mean);
  };
  return el(
    "span",
    { class: small ? "stack small" : "stack", role: "img", "aria-label": said, title: said },
    parts.map((one) =>
      el(
        "span",
        { style: { "--tint": `var(--${modalityTint(one.at)})`, width: `${(100 * one.mean).toFixed(1)}%` } },
        inside(one),
      ),
    ),
  );
}

function withWeights(runs) {
  return runs.filter((run) => run.weights);
}

// items: [name, runs] of each that stands beside the others; nothing where none knows weights.
function weightsPanel(items) {
  const there = items.map(([name, runs]) => [name, withWeights(runs)]);
  if (!there.some(([, runs]) => runs.length)) return null;
  const rows = DATA.weights.groups.map((group, at) => [
    group ?? "all samples",
    ...there.map(([, runs]) => (runs.length ? weightBar(runs.map((run) => run.weights.mean[at])) : MISSING)),
  ]);
  const one = there.length === 1;
  return panel(
    "Modality weights",
    el(
      "p",
      { class: "small soft" },
      "How much each modality counted, in percent: the mean over the test samples",
      Math.max(...there.map(([, runs]) => runs.length)) > 1 ? " and over the seeds." : ".",
      there.some(([, runs]) => !runs.length) ? ` ${MISSING}: a method that stores none of several modalities.` : "",
    ),
    legend(DATA.weights.modalities.map((name, at) => [name, modalityTint(at)])),
    plainTable(
      "Modality weights",
      ["samples", ...there.map(([name]) => (one ? "weights" : name))],
      rows,
      there.map((_, at) => at + 1),
    ),
  );
}

// What the colours of bars in cards mean; nothing where no run knows weights.
function weightLegend(runs) {
  if (!withWeights(runs).length) return null;
  return el(
    "div",
    { class: "small soft" },
    "Bars: how much each modality counted in the sample, in percent, mean over the seeds.",
    legend(DATA.weights.modalities.map((name, at) => [name, modalityTint(at)])),
  );
}

// The weights that runs gave a sample, as a row of its answers.
function weightRow(runs, at) {
  const there = withWeights(runs);
  if (!there.length) return null;
  const rows = there.map((run) => run.weights.samples[at].map((value) => (value === null ? null : value / 100)));
  return el("tr", { class: "weighed" }, el("td", { colspan: "3" }, weightBar(rows, true)));
}
