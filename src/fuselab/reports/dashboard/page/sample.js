// Test samples as a person sees and hears them, and what the methods said.
const ALLOWED = ["image/png", "image/jpeg", "audio/wav"];

const AT_MOST = 3; // answers of one method that stand there

function isWrong(run, at) {
  return Boolean(run.answers) && run.answers.error[at] > 0;
}

// Values are never quite right, so that only classes and labels are.
function judged() {
  return DATA.task === "classes" || DATA.task === "labels";
}

// One modality of a sample, and what was done to it so that it can be shown.
function media(shown) {
  const called = capital(shown.modality);
  if (shown.type === null) return el("div", { class: "absent" }, `${called} missing`);
  const node = mediaOf(shown, called);
  if (!node || (!shown.note && !shown.numbers)) return node;
  return el(
    "div",
    { class: below(shown) ? "medium full" : "medium" },
    shown.numbers ? el("p", { class: "noted" }, called) : null,
    node,
    shown.note ? el("p", { class: "noted" }, capital(shown.note)) : null,
  );
}

// Pictures and texts stand side by side, what needs the whole width below them.
function below(shown) {
  return shown.type === "audio/wav" || Boolean(shown.numbers);
}

function mediaOf(shown, called) {
  if (shown.numbers) return el("div", null, series(shown.numbers, `${shown.modality} of the sample`));
  if (shown.type === "text/plain") return el("blockquote", { "aria-label": called }, shown.text);
  if (!ALLOWED.includes(shown.type)) return null;
  const source = `data:${shown.type};base64,${shown.data}`;
  if (shown.type.startsWith("image/"))
    return el("img", { src: source, alt: `${shown.modality} of the sample`, loading: "lazy" });
  return el("audio", {
    controls: true,
    preload: "none",
    src: source,
    "aria-label": called,
    style: { flex: "1 1 100%" },
  });
}

function saidBy(run, at) {
  const said = sayTarget(run.answers.said[at]);
  const sure = run.answers.sure?.[at];
  return sure === undefined ? said : `${said} (${sure} %)`;
}

// One method's answers in its seeds: what it said, the most frequent first, and a mark a seed.
function answerRow(name, runs, at) {
  const there = runs.filter((run) => run.answers);
  if (!there.length) return null;
  if (!judged()) {
    const errors = there.map((run) => run.answers.error[at]);
    const mean = errors.reduce((sum, one) => sum + one, 0) / errors.length;
    const said = there.length === 1 ? sayTarget(there[0].answers.said[at]) : "";
    return el(
      "tr",
      null,
      el("th", { scope: "row" }, breakable(name)),
      el("td", { class: "number" }, said),
      el("td", { class: "number" }, `off by ${sayValue(mean)}`),
    );
  }
  const counts = new Map();
  for (const run of there) {
    const said = sayTarget(run.answers.said[at]);
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  const often = [...counts].sort((a, b) => b[1] - a[1]).map(([one]) => one);
  const right = there.filter((run) => !isWrong(run, at)).length;
  const said =
    there.length === 1
      ? saidBy(there[0], at)
      : often.slice(0, AT_MOST).join(" / ") + (often.length > AT_MOST ? " …" : "");
  const hint = [...counts].map(([one, count]) => `${one}: ${plural(count, "seed")}`).join("; ");
  const ticks = there.map((run) =>
    el("span", { class: isWrong(run, at) ? "tick" : "tick right", title: `seed ${run.seed}: ${saidBy(run, at)}` }),
  );
  return el(
    "tr",
    null,
    el("th", { scope: "row" }, breakable(name)),
    el("td", { class: "number", title: hint }, said),
    el(
      "td",
      { class: "number" },
      el(
        "span",
        { class: "ticks", role: "img", "aria-label": `right in ${right} of ${there.length}` },
        ticks.length > 12 ? `${right}/${there.length}` : ticks,
      ),
    ),
  );
}

// How many methods are right in most of their seeds.
function tally(rows, at) {
  if (!judged()) return `What ${plural(rows.length, "method")} said`;
  const right = rows.filter(([, runs]) => {
    const there = runs.filter((run) => run.answers);
    return there.filter((run) => !isWrong(run, at)).length > there.length / 2;
  });
  return `${right.length} of ${plural(rows.length, "method")} right in most seeds`;
}

// rows: [name, runs] of those whose answers stand open; folded: of those behind a summary.
function sampleCard(at, rows, folded = []) {
  const sample = DATA.samples[at];
  const answers = (several) =>
    el(
      "table",
      { class: "answers" },
      el(
        "tbody",
        null,
        several.map(([name, runs]) => [answerRow(name, runs, at), weightRow(runs, at)]),
      ),
    );
  const shown = [...sample.shown].sort((a, b) => Number(below(a)) - Number(below(b)));
  return el(
    "article",
    { class: "card", "aria-label": `Sample ${sample.index}` },
    el("header", null, el("span", null, sample.slice ?? ""), el("span", { class: "mono" }, `test ${sample.index}`)),
    shown.length ? el("figure", null, el("div", { class: "media" }, shown.map(media))) : null,
    sample.left_out ? el("p", { class: "noted" }, "Not shown, so that the page stays small enough to send.") : null,
    el(
      "div",
      { class: "truth" },
      el("span", { class: "soft" }, "Right answer"),
      el("b", null, sayTarget(sample.target)),
    ),
    rows.length ? answers(rows) : null,
    folded.length
      ? el(
          "details",
          {
            ontoggle: (event) =>
              event.target.open && event.target.childElementCount === 1 && event.target.append(answers(folded)),
          },
          el("summary", null, tally(folded, at)),
        )
      : null,
  );
}

function methodRows(methods = METHODS) {
  return methods.filter((method) => method.runs.some((run) => run.answers)).map((method) => [method.name, method.runs]);
}
