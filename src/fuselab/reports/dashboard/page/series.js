// Numbers of a sample as a person looks at them: a few as names and values, many as bars, those over time as lines.
const FEW = 16;
const SVG = "http://www.w3.org/2000/svg";

function drawing(tag, props, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(props)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function limits(values) {
  const there = values.filter((value) => value !== null);
  const [low, high] = there.length ? [Math.min(...there), Math.max(...there)] : [0, 0];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function figureOf(label, children) {
  const props = { viewBox: "0 0 100 32", preserveAspectRatio: "none", role: "img", "aria-label": label };
  return drawing("svg", props, ...children);
}

function nameOf(numbers, at) {
  return numbers.names?.[at] ?? `#${at}`;
}

function listOf(numbers) {
  return el(
    "dl",
    { class: "numbers" },
    numbers.values.map((value, at) =>
      el("div", null, el("dt", null, nameOf(numbers, at)), el("dd", null, value === null ? MISSING : sayValue(value))),
    ),
  );
}

function barsOf(numbers, label) {
  const [low, high] = limits([...numbers.values, 0]);
  const y = (value) => 31 - (30 * (value - low)) / (high - low);
  const width = 100 / numbers.values.length;
  const bars = numbers.values.map((value, at) => {
    if (value === null) return "";
    const [top, bottom] = [Math.min(y(value), y(0)), Math.max(y(value), y(0))];
    const [foot, head] = [bottom.toFixed(2), top.toFixed(2)];
    return `M${(at * width).toFixed(2)} ${foot}V${head}h${(0.85 * width).toFixed(2)}V${foot}z`;
  });
  return [
    figureOf(label, [drawing("path", { class: "area", d: bars.join("") })]),
    el(
      "details",
      {
        ontoggle: (event) =>
          event.target.open && event.target.childElementCount === 1 && event.target.append(listOf(numbers)),
      },
      el("summary", null, `${numbers.values.length} numbers from ${sayValue(low)} to ${sayValue(high)}`),
    ),
  ];
}

function linesOf(numbers, label) {
  const [low, high] = limits(numbers.values.flat());
  const lines = numbers.values.map((values, at) => {
    const last = Math.max(1, values.length - 1);
    let pen = "M";
    const path = values.map((value, step) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const from = pen;
      pen = "L";
      return `${from}${((100 * step) / last).toFixed(2)} ${(31 - (30 * (value - low)) / (high - low)).toFixed(2)}`;
    });
    return drawing("path", { class: "line", d: path.join(""), style: `--tint: var(--c${at})` });
  });
  return [
    figureOf(label, lines),
    el("p", { class: "small soft" }, `${numbers.values[0].length} steps, from ${sayValue(low)} to ${sayValue(high)}`),
    numbers.values.length > 1 || numbers.names
      ? legend(numbers.values.map((_, at) => [nameOf(numbers, at), `c${at}`]))
      : null,
  ];
}

function stripOf(numbers, label) {
  return el("img", {
    class: "strip",
    src: `data:image/png;base64,${numbers.png}`,
    alt: `${label} over time`,
    loading: "lazy",
  });
}

function series(numbers, label) {
  if (numbers.kind === "strip") return stripOf(numbers, label);
  if (numbers.kind === "lines") return linesOf(numbers, label);
  return numbers.values.length <= FEW ? listOf(numbers) : barsOf(numbers, label);
}
