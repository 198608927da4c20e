// Elements from data. Texts are only ever set as text, so that no name can become markup.
function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, one] of Object.entries(value)) node.style.setProperty(name, one);
    else if (key === "value" || key === "checked") node[key] = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(
    ...children
      .flat(Infinity)
      .filter((one) => one !== null && one !== undefined && one !== false)
      .map((one) => (one instanceof Node ? one : String(one))),
  );
  return node;
}

function fill(host, ...children) {
  host.replaceChildren();
  host.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return host;
}

// For readers who don't see the page change.
function announce(text) {
  document.getElementById("said").textContent = text;
}

function select(label, options, value, onchoose) {
  const box = el("select", { "aria-label": label, onchange: (event) => onchoose(event.target.value) });
  box.append(...options.map(([key, text]) => el("option", { value: key }, text)));
  box.value = value;
  return el("label", null, label, box);
}

// A long text, of which the beginning stands there and the rest can be asked for.
function folded(text) {
  const most = 260;
  if (text.length <= most) return text;
  const cut = text.lastIndexOf(" ", most);
  return el("details", null, el("summary", null, `${text.slice(0, cut)} …`), text.slice(cut + 1));
}

function panel(title, ...children) {
  return el("section", { class: "panel" }, title && el("header", null, el("h3", null, title)), children);
}
