// How often runs are right when they are so sure (Guo et al. 2017, figure 1), over all of them together.
function binsOf(runs) {
  const several = runs.map((run) => run.answers?.bins).filter(Boolean);
  if (!several.length || new Set(several.map((one) => one.samples.length)).size > 1) return null;
  const sum = (key) => several[0][key].map((_, at) => several.reduce((total, one) => total + one[key][at], 0));
  const [samples, confidence, right] = [sum("samples"), sum("confidence"), sum("right")];
  const total = samples.reduce((all, one) => all + one, 0);
  const there = samples.map((_, at) => at).filter((at) => samples[at] > 0);
  return {
    count: samples.length,
    samples: there.map((at) => samples[at]),
    shares: samples.map((one) => one / total),
    x: there.map((at) => confidence[at] / samples[at]),
    y: there.map((at) => right[at] / samples[at]),
  };
}

// groups: [name, runs, tint, dash, values] of each, whose values are those of the measures.
function reliabilityPanel(groups) {
  const there = groups.map(([name, runs, tint, dash, values]) => ({ name, tint, dash, values, bins: binsOf(runs) }));
  const known = there.filter((one) => one.bins);
  if (!known.length) return null;
  const alone = groups.length === 1;
  const make = () => ({
    data: [
      alone && {
        type: "bar",
        x: known[0].bins.shares.map((_, at) => (at + 0.5) / known[0].bins.count),
        y: known[0].bins.shares,
        width: 1 / known[0].bins.count,
        marker: { color: colour("strong"), opacity: 0.45 },
        hovertemplate: "%{y:.1%} of the samples<extra></extra>",
      },
      {
        type: "scatter",
        mode: "lines",
        x: [0, 1],
        y: [0, 1],
        line: { color: colour("soft"), width: 1, dash: "dash" },
        hoverinfo: "skip",
      },
      ...known.map(({ name, tint, dash, bins }, at) => ({
        type: "scatter",
        mode: "lines+markers",
        x: bins.x,
        y: bins.y,
        line: { color: colour(tint), width: 1.8, dash },
        marker: { size: 7, symbol: Object.values(SYMBOLS)[at % 5] },
        hovertemplate: bins.samples.map(
          (samples) => `${plain(name)}<br>sure %{x:.3f}, right %{y:.3f}<br>${plural(samples, "answer")}<extra></extra>`,
        ),
      })),
    ].filter(Boolean),
    layout: {
      margin: { l: 8, r: 12, t: 6, b: 34 },
      xaxis: { title: { text: "confidence", standoff: 8 }, range: [0, 1.01] },
      yaxis: { title: { text: "share of right answers", standoff: 6 }, range: [0, 1.02] },
    },
  });
  const at = MEASURES.findIndex((measure) => measure.name === "calibration_error");
  const error = ({ values }) => (at < 0 ? null : sayMean(MEASURES[at], values[at]));
  return panel(
    "Reliability",
    alone
      ? el(
          "p",
          { class: "small soft" },
          at < 0 ? "" : `${capital(MEASURES[at].heading)} ${error(known[0])}. `,
          "On the broken line, answers are right as often as they are sure; grey bars are shares of the samples.",
        )
      : [
          legend(known.map((one) => [one.name, one.tint])),
          el("p", { class: "small soft" }, "On the broken line, answers are right as often as they are sure."),
        ],
    chart("share of right answers against confidence", 320, make),
    there.length > known.length
      ? el(
          "p",
          { class: "small soft" },
          "Without bins of confidence: ",
          there
            .filter((one) => !one.bins)
            .map((one) => one.name)
            .join(", "),
          ".",
        )
      : null,
  );
}
