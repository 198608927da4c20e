const MISSING = "—";
const UNITS = ["", " k", " M", " G", " T"];

function sayCount(value) {
  if (Math.abs(value) < 999.5) return value.toFixed(0);
  let power = 1;
  while (Math.abs(value) / 1000 ** power >= 999.5 && power < UNITS.length - 1) power += 1;
  return (value / 1000 ** power).toPrecision(3) + UNITS[power];
}

function sayBytes(value) {
  return value >= 1 << 30 ? `${(value / 2 ** 30).toFixed(2)} GiB` : `${Math.round(value / 2 ** 20)} MiB`;
}

// As the tables round: what lies exactly between two goes to the even one. Only odd multiples of a power of 1/2 do.
function sayFixed(value, digits) {
  const halves = Math.abs(value) * 2 ** (digits + 1);
  if (halves % 2 !== 1) return value.toFixed(digits);
  const lower = Math.floor(Math.abs(value) * 10 ** digits);
  return ((Math.sign(value) * (lower + (lower % 2))) / 10 ** digits).toFixed(digits);
}

const SAY = {
  fraction: (value, { digits }) => sayFixed(value, digits),
  count: sayCount,
  seconds: (value) => sayFixed(value, 1),
  bytes: sayBytes,
};

// A number in the unit of its heading.
function scaled(measure, value) {
  return value === null || value === undefined ? null : measure.times * value;
}

function say(measure, value) {
  const number = scaled(measure, value);
  return number === null ? MISSING : SAY[measure.kind](number, measure);
}

// What stands beside a mean, as in the tables.
function spreadOf(measure, [mean, deviation, low, high]) {
  const there = { deviation, interval: low }[measure.spread];
  if (mean === null || there === null || there === undefined) return "";
  return measure.spread === "interval"
    ? ` [${say(measure, low)}, ${say(measure, high)}]`
    : ` ± ${say(measure, deviation)}`;
}

// A mean with its spread, which steps back. Below others, a mean without one leaves its room free.
function meanOf(measure, values, below = false) {
  const [said, spread] = [say(measure, values[0]), spreadOf(measure, values)];
  if (spread) return [said, el("span", { class: "dev" }, spread)];
  const room = { deviation: ` ± ${said}`, interval: ` [${said}, ${said}]` }[measure.spread];
  return [said, below && room ? el("span", { class: "dev ghost", "aria-hidden": "true" }, room) : null];
}

// The same as a text.
function sayMean(measure, values) {
  return say(measure, values[0]) + spreadOf(measure, values);
}

// Marked is what the statistics leave in the running, and nothing else.
function markedMean(measure, at, method, below = false) {
  const mean = meanOf(measure, method.values[at], below);
  return method.marked.includes(at) ? el("strong", { title: "may be the best: see Statistics" }, mean) : mean;
}

function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(count, what) {
  return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}

function sayValue(value) {
  return (Number.isInteger(value) ? String(value) : value.toPrecision(3)).replace("-", "−");
}

// What a run said, or should have said.
function sayTarget(value) {
  if (value === null || value === undefined) return MISSING;
  const named = (one) => DATA.classes[one] ?? String(one);
  if (DATA.task === "classes") return named(value);
  if (DATA.task === "labels") return value.length ? value.map(named).join(", ") : "none";
  return value.map((one) => (one === null ? MISSING : sayValue(one))).join(", ");
}

// A measure's name where the table around it doesn't say that it is a slice; one unit is enough.
function fullName(measure) {
  if (measure.group !== "slice") return measure.heading;
  return `${FIRST.heading} on ${measure.times === 1 ? measure.heading : measure.heading.replace(/ %$/, "")}`;
}

// Long names may break where they have joints.
function breakable(name) {
  return name.split(/(?<=[/_.=])/).flatMap((part, at) => (at ? [el("wbr"), part] : [part]));
}

// A sentence's first letter; a name of a method or of data at its head keeps its own.
function capital(text) {
  if (namesAtHeads().some((name) => text.startsWith(name))) return text;
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function sentence(text) {
  return `${capital(text)}${/[.!?]$/.test(text) ? "" : "."}`;
}

function namesAtHeads() {
  return opened === null
    ? [...ACROSS.rows.map((row) => row.name), ...REPORTS.map((report) => report.called)]
    : METHODS.map((method) => method.name);
}

function sayP(p) {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toPrecision(2)}`;
}
