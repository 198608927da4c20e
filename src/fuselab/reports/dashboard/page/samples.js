const AT_ONCE = 24;

function sharesRight(at) {
  return METHODS.map((method) => method.runs.filter((run) => run.answers))
    .filter((runs) => runs.length)
    .map((runs) => runs.filter((run) => !isWrong(run, at)).length / runs.length);
}

const SHOWS = {
  all: () => true,
  disagree: (at) => {
    const shares = sharesRight(at);
    return Math.max(...shares) > 0.5 && Math.min(...shares) < 0.5;
  },
  none: (at) => Math.max(...sharesRight(at)) < 0.5,
  wrong: (at) => {
    const there = METHOD_BY_NAME.get(SAMPLES_VIEW.method).runs.filter((run) => run.answers);
    return there.filter((run) => isWrong(run, at)).length > there.length / 2;
  },
};

function samplesPage() {
  if (!DATA.samples.length) {
    const why =
      DATA.split === "test"
        ? "The runs of this report kept no predictions that can be shown."
        : "Predictions are of the test split, and this is a report of validation.";
    return [el("h1", { tabindex: "-1" }, "Samples"), el("p", { class: "lead" }, why)];
  }
  const [list, more, count] = [
    el("div", { class: "cards" }),
    el("div", { class: "more" }),
    el("p", { class: "soft small" }),
  ];
  const rows = methodRows();
  const draw = (most = AT_ONCE) => {
    const kept = DATA.samples
      .map((_, at) => at)
      .filter(
        (at) =>
          (!SAMPLES_VIEW.slice || DATA.samples[at].slice === SAMPLES_VIEW.slice) &&
          (!judged() || SHOWS[SAMPLES_VIEW.show](at)),
      );
    count.textContent = `${plural(kept.length, "sample")} of ${DATA.samples.length}`;
    const open = rows.length <= 8 ? rows : [];
    fill(
      list,
      kept.slice(0, most).map((at) => sampleCard(at, open, open.length ? [] : rows)),
    );
    fill(
      more,
      most < kept.length &&
        el("button", { class: "button", type: "button", onclick: () => draw(kept.length) }, `Show all ${kept.length}`),
    );
  };
  const picker = select(
    "Method",
    METHODS.map((method) => [method.name, method.name]),
    SAMPLES_VIEW.method,
    (value) => {
      SAMPLES_VIEW.method = value;
      draw();
    },
  );
  picker.hidden = SAMPLES_VIEW.show !== "wrong";
  const shows = [
    ["all", "all"],
    ["disagree", "those on which methods disagree"],
    ["none", "those that no method gets right"],
    ["wrong", "those that one method gets wrong"],
  ];
  draw();
  return [
    el("h1", { tabindex: "-1" }, "Samples"),
    el(
      "p",
      { class: "lead" },
      `${DATA.samples.length} samples of the test split, the same for every run, chosen by slice and class before `,
      "anything was known of the answers.",
      judged() ? " A filled mark is a seed that was right, a ring one that was wrong." : null,
    ),
    el(
      "div",
      { class: "controls" },
      SLICES.length
        ? select("Slice", [["", "all slices"], ...SLICES.map((one) => [one, one])], SAMPLES_VIEW.slice, (value) => {
            SAMPLES_VIEW.slice = value;
            draw();
          })
        : null,
      judged()
        ? select("Show", shows, SAMPLES_VIEW.show, (value) => {
            SAMPLES_VIEW.show = value;
            picker.hidden = value !== "wrong";
            draw();
          })
        : null,
      judged() ? picker : null,
    ),
    weightLegend(RUNS),
    count,
    list,
    more,
  ];
}
