const { reports: REPORTS, across: ACROSS } = JSON.parse(document.getElementById("data").textContent);
const SEVERAL = REPORTS.length > 1 || ACROSS !== null;
const KNOWN = ["unimodal", "late", "early", "attention"];

// The report that is open, and what follows from it; see use().
let DATA, METHODS, RUNS, MEASURES, FAMILIES, METHOD_BY_NAME, RUN_BY_NAME, SLICES, FIRST, COST;
// What is chosen for comparison, on whatever page; and how each page was left, so that it is so when somebody comes back.
let CHOSEN, VIEW, RUNS_VIEW, SAMPLES_VIEW;
let opened = null;
const PREPARED = new Map();

function prepare(data) {
  data.methods.forEach((method, place) =>
    Object.assign(method, { runs: data.runs.filter((run) => run.method === place) }),
  );
  data.runs.forEach((run) => Object.assign(run, { of: data.methods[run.method] }));
  const first = data.measures.find((measure) => measure.group !== "cost") ?? data.measures[0];
  const cost = data.measures.find((measure) => measure.group === "cost");
  return {
    first,
    cost,
    methodByName: new Map(data.methods.map((method) => [method.name, method])),
    runByName: new Map(data.runs.map((run) => [run.name, run])),
    chosen: new Set(),
    view: { metric: first.name, cost: cost?.name, asked: "", off: new Set(), sort: { key: "", down: false } },
    runsView: { asked: "", sort: { key: "", down: false } },
    samplesView: { slice: "", show: "all", method: data.methods[0].name },
  };
}

// Opens a report by its place; null is the page of all of them.
function use(place) {
  opened = place;
  if (place === null) return;
  DATA = REPORTS[place];
  if (!PREPARED.has(place)) PREPARED.set(place, prepare(DATA));
  const known = PREPARED.get(place);
  [METHODS, RUNS, MEASURES] = [DATA.methods, DATA.runs, DATA.measures];
  FAMILIES = [...new Set(METHODS.map((method) => method.family))];
  SLICES = [...new Set(DATA.samples.map((sample) => sample.slice).filter((one) => one !== null))];
  [METHOD_BY_NAME, RUN_BY_NAME] = [known.methodByName, known.runByName];
  [FIRST, COST, CHOSEN] = [known.first, known.cost, known.chosen];
  [VIEW, RUNS_VIEW, SAMPLES_VIEW] = [known.view, known.runsView, known.samplesView];
}

// Keys and values of a run: its own, and those that all runs share.
function settingsOf(run, kind) {
  const all = { ...DATA.shared[kind] };
  for (let at = 0; at < run[kind].length; at += 2) all[DATA.texts[run[kind][at]]] = DATA.texts[run[kind][at + 1]];
  return all;
}

function ownSettings(run, kind) {
  return Object.fromEntries(
    Array.from({ length: run[kind].length / 2 }, (_, at) => [
      DATA.texts[run[kind][2 * at]],
      DATA.texts[run[kind][2 * at + 1]],
    ]),
  );
}

function tintOf(family) {
  return KNOWN.includes(family) ? family : "other";
}

// Addresses of pages, with the number of the report where there are several. A name may hold anything.
function address(place, ...parts) {
  const where = SEVERAL && place !== null ? ["d", place + 1] : [];
  return `#/${[...where, ...parts].map(encodeURIComponent).join("/")}`;
}

const TO = {
  page: (name) => address(opened, ...(name ? [name] : [])),
  method: (method) => address(opened, "method", method.name),
  run: (run) => address(opened, "run", run.name),
  compare: (items) => address(opened, "compare", ...items.map((item) => item.key)),
};

// What can be compared: a method with all of its runs, or one run.
function itemOf(key) {
  const name = key.slice(2);
  if (key.startsWith("m:") && METHOD_BY_NAME.has(name)) {
    const method = METHOD_BY_NAME.get(name);
    return { key, name, link: TO.method(method), method, runs: method.runs, values: method.values };
  }
  if (key.startsWith("r:") && RUN_BY_NAME.has(name)) {
    const run = RUN_BY_NAME.get(name);
    return {
      key,
      name: `${run.of.name}, seed ${run.seed}`,
      link: TO.run(run),
      method: run.of,
      runs: [run],
      values: run.values.map((value) => [value]),
    };
  }
  return null;
}

function choose(key, on) {
  if (on) CHOSEN.add(key);
  else CHOSEN.delete(key);
  drawTray();
}

function drawTray() {
  const tray = document.getElementById("tray");
  tray.hidden = opened === null || CHOSEN.size === 0;
  if (tray.hidden) return;
  const clear = () => {
    CHOSEN.clear();
    drawTray();
    for (const box of document.querySelectorAll("input[data-key]")) box.checked = false;
  };
  fill(
    tray,
    el("span", null, `${CHOSEN.size} chosen`),
    CHOSEN.size > 1
      ? el(
          "a",
          { class: "button main", href: TO.compare([...CHOSEN].map(itemOf)), style: { "text-decoration": "none" } },
          "Compare",
        )
      : el("span", { class: "soft" }, "choose another to compare"),
    el("button", { class: "quiet", type: "button", onclick: clear }, "Clear"),
  );
}

function chooser(key, name) {
  return el("input", {
    type: "checkbox",
    "data-key": key,
    "aria-label": `Compare ${name}`,
    checked: CHOSEN.has(key),
    onchange: (event) => choose(key, event.target.checked),
  });
}
