const DATA = JSON.parse(document.getElementById("data").textContent);
const METHODS = DATA.methods;
const RUNS = DATA.runs;
const MEASURES = DATA.measures;
const FAMILIES = [...new Set(METHODS.map((method) => method.family))];
const KNOWN = ["unimodal", "late", "early", "attention"];

METHODS.forEach((method, place) => Object.assign(method, { runs: RUNS.filter((run) => run.method === place) }));
RUNS.forEach((run) => Object.assign(run, { of: METHODS[run.method] }));
const METHOD_BY_NAME = new Map(METHODS.map((method) => [method.name, method]));
const RUN_BY_NAME = new Map(RUNS.map((run) => [run.name, run]));

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

// Addresses of pages. A name may hold anything.
const TO = {
  method: (method) => `#/method/${encodeURIComponent(method.name)}`,
  run: (run) => `#/run/${encodeURIComponent(run.name)}`,
  compare: (items) => `#/compare/${items.map((item) => encodeURIComponent(item.key)).join("/")}`,
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

// What is chosen for comparison, on whatever page.
const CHOSEN = new Set();

function choose(key, on) {
  if (on) CHOSEN.add(key);
  else CHOSEN.delete(key);
  drawTray();
}

function drawTray() {
  const tray = document.getElementById("tray");
  tray.hidden = CHOSEN.size === 0;
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
