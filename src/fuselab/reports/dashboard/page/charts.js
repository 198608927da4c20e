const HEIGHT = 320;
const MOST_ROWS = 60; // of a chart that a person can still read

// Each method's mean and deviation, and its seeds as small points behind them.
function dotChart(measure, methods) {
  const at = MEASURES.indexOf(measure);
  const there = methods.filter((method) => method.values[at][0] !== null).slice(0, MOST_ROWS);
  if (!there.length) return el("p", { class: "empty" }, "No method has this measure.");
  const names = there.map((method) => method.name);
  const narrow = innerWidth < 640;
  const label = (name) => plain(narrow && name.length > 22 ? `${name.slice(0, 21)}…` : name);
  const make = () => {
    const data = [];
    for (const tint of [...KNOWN, "other"]) {
      const own = there.filter((method) => tintOf(method.family) === tint);
      if (!own.length) continue;
      const seeds = own.flatMap((method) =>
        method.runs.map((run) => [names.indexOf(method.name), scaled(measure, run.values[at]), run]),
      );
      const places = own.map((method) => names.indexOf(method.name));
      if (!measure.constant)
        data.push({
          type: "scatter",
          mode: "markers",
          x: seeds.map((one) => one[1]),
          y: seeds.map((one) => one[0]),
          marker: { color: colour(tint), size: 6, opacity: 0.35 },
          hovertemplate: seeds.map(([, , run]) => `seed ${run.seed}: ${say(measure, run.values[at])}<extra></extra>`),
        });
      data.push({
        type: "scatter",
        mode: "markers",
        x: own.map((method) => scaled(measure, method.values[at][0])),
        y: places,
        error_x: {
          type: "data",
          array: own.map((method) => scaled(measure, method.values[at][1]) ?? 0),
          color: colour(tint),
          thickness: 1.5,
          width: 0,
        },
        marker: { color: colour(tint), size: 10, symbol: SYMBOLS[tint], line: { color: colour("card"), width: 1 } },
        hovertemplate: own.map(
          (method) => `${plain(method.name)}<br>${sayMean(measure, method.values[at])}<extra></extra>`,
        ),
      });
    }
    return {
      data,
      layout: {
        margin: { l: 8, r: 16, t: 4, b: 34 },
        xaxis: { side: "bottom", title: { text: plain(measure.heading), standoff: 8 } },
        yaxis: {
          tickvals: names.map((_, place) => place),
          ticktext: names.map(label),
          range: [names.length - 0.4, -0.6],
          ticks: "",
          ticklabelstandoff: 6,
          tickfont: { size: narrow ? 11 : 12 },
        },
      },
    };
  };
  const node = chart(`${measure.heading} by method`, Math.max(HEIGHT, 25 * there.length + 60), make);
  return [
    node,
    methods.length > there.length
      ? el(
          "p",
          { class: "small soft" },
          `The first ${there.length} of ${methods.length} methods, in the order of the table.`,
        )
      : null,
  ];
}

// A metric against what it costs.
function costChart(measure, cost, methods) {
  const [at, price] = [MEASURES.indexOf(measure), MEASURES.indexOf(cost)];
  const there = methods.filter((method) => method.values[at][0] !== null && method.values[price][0] !== null);
  const make = () => {
    const data = [...KNOWN, "other"].map((tint) => {
      const own = there.filter((method) => tintOf(method.family) === tint);
      return {
        type: "scatter",
        mode: "markers",
        x: own.map((method) => method.values[price][0]),
        y: own.map((method) => scaled(measure, method.values[at][0])),
        error_y: {
          type: "data",
          array: own.map((method) => scaled(measure, method.values[at][1]) ?? 0),
          color: colour(tint),
          thickness: 1,
          width: 0,
        },
        marker: { color: colour(tint), size: 10, symbol: SYMBOLS[tint], line: { color: colour("card"), width: 1 } },
        hovertemplate: own.map(
          (method) =>
            [
              plain(method.name),
              ...[measure, cost].map(
                (one) => `${plain(one.heading)} ${sayMean(one, method.values[MEASURES.indexOf(one)])}`,
              ),
            ].join("<br>") + "<extra></extra>",
        ),
      };
    });
    const wide =
      Math.max(...there.map((method) => method.values[price][0])) >
      20 * Math.min(...there.map((method) => method.values[price][0]));
    return {
      data,
      layout: {
        margin: { l: 8, r: 12, t: 6, b: 34 },
        xaxis: {
          title: { text: plain(cost.heading), standoff: 8 },
          type: wide ? "log" : "linear",
          exponentformat: "SI",
          dtick: wide ? 1 : undefined,
        },
        yaxis: { title: { text: plain(measure.heading), standoff: 6 } },
      },
    };
  };
  return chart(`${measure.heading} against ${cost.heading}`, HEIGHT, make);
}

// Learning curves of several runs: groups is [name, runs, tint, dash] of each colour.
function curvesPanel(groups, measureName) {
  const there = DATA.curves.filter((_, at) =>
    groups.some(([, runs]) => runs.some((run) => run.curves.values[at]?.some((value) => value !== null))),
  );
  if (!there.length) return null;
  const host = el("div");
  let name = there.includes(`val/${measureName}`) ? `val/${measureName}` : there[0];
  let node = null;
  const draw = () => {
    const at = DATA.curves.indexOf(name);
    const last = Math.max(...groups.flatMap(([, runs]) => runs.flatMap((run) => run.curves.epoch)));
    const make = () => ({
      data: groups.flatMap(([group, runs, tint, dash]) =>
        runs
          .filter((run) => run.curves.values[at])
          .map((run) => ({
            type: "scatter",
            mode: run.curves.epoch.length < 30 ? "lines+markers" : "lines",
            x: run.curves.epoch,
            y: run.curves.values[at],
            connectgaps: true,
            line: { color: colour(tint), width: 1.6, dash },
            marker: { size: 4 },
            opacity: runs.length > 1 ? 0.75 : 1,
            hovertemplate: `${plain(group)}, seed ${run.seed}<br>epoch %{x}: %{y:.4g}<extra></extra>`,
          })),
      ),
      layout: {
        margin: { l: 8, r: 12, t: 6, b: 34 },
        xaxis: {
          title: { text: "epoch", standoff: 8 },
          tickformat: "d",
          rangemode: "tozero",
          dtick: last < 12 ? 1 : undefined,
        },
        yaxis: { title: { text: plain(name), standoff: 6 } },
      },
    });
    node?.stop();
    node = chart(`${name} over epochs`, 300, make);
    fill(host, node);
  };
  draw();
  const picker = select(
    "Curve",
    there.map((one) => [one, one]),
    name,
    (value) => {
      name = value;
      draw();
    },
  );
  return panel(
    null,
    el("header", null, el("h3", null, "Learning curves"), picker),
    groups.length > 1 ? legend(groups.map(([group, , tint]) => [group, tint])) : null,
    host,
  );
}
