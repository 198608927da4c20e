// Rows in the order of a column; what is missing stands last.
function sortRows(columns, rows, sort) {
  const column = columns.find((one) => one.key === sort.key);
  if (!column) return rows;
  const sign = sort.down ? -1 : 1;
  const empty = (value) => value === null || value === undefined || value === "";
  const compared = (left, right) =>
    typeof left === "number" ? left - right : String(left).localeCompare(String(right), "en", { numeric: true });
  return [...rows].sort((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    return empty(left) || empty(right) ? empty(left) - empty(right) : sign * compared(left, right);
  });
}

function classesOf(column) {
  return ["numeric", "row", "chosen", "aside"]
    .filter((one) => column[one])
    .map((one) => ({ numeric: "number", row: "sticky" })[one] ?? one)
    .join(" ");
}

// A table that sorts: its heads are buttons, so that Enter and Space work, and say how it is sorted.
// columns: { key, head, value(row), cell(row), numeric, title, chosen, row, aside }; row marks the column that names
// the row, aside one that a phone has no room for.
function sortable({ caption, columns, rows, sort, onsort, most }) {
  let all = false;
  const body = el("tbody");
  const heads = new Map();
  const more = el("div", { class: "more" });
  const cell = (column, row) =>
    el(column.row ? "th" : "td", { class: classesOf(column), scope: column.row ? "row" : null }, column.cell(row));
  const draw = () => {
    for (const [key, head] of heads)
      head.setAttribute("aria-sort", key === sort.key ? (sort.down ? "descending" : "ascending") : "none");
    const shown = sortRows(columns, rows, sort).slice(0, all || !most ? rows.length : most);
    fill(
      body,
      shown.map((row) =>
        el(
          "tr",
          null,
          columns.map((column) => cell(column, row)),
        ),
      ),
    );
    fill(
      more,
      shown.length < rows.length && el("span", { class: "soft small" }, `${shown.length} of ${rows.length} shown`),
      shown.length < rows.length &&
        el(
          "button",
          {
            class: "button",
            type: "button",
            onclick: () => {
              all = true;
              draw();
            },
          },
          "Show all",
        ),
    );
  };
  const toggle = (column) => {
    const same = sort.key === column.key;
    sort.down = same ? !sort.down : Boolean(column.down);
    sort.key = column.key;
    draw();
    announce(`sorted by ${column.head}, ${sort.down ? "descending" : "ascending"}`);
    onsort?.();
  };
  const head = (column) => {
    const node = el(
      "th",
      { scope: "col", title: column.title, class: classesOf(column) },
      column.value ? el("button", { type: "button", onclick: () => toggle(column) }, column.head) : column.head,
    );
    if (column.value) heads.set(column.key, node);
    return node;
  };
  const table = el(
    "table",
    null,
    el("caption", { class: "unseen" }, caption),
    el("thead", null, el("tr", null, columns.map(head))),
    body,
  );
  draw();
  return el(
    "div",
    null,
    el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, table),
    more,
  );
}

// A table as it is, where the order is the meaning.
function plainTable(caption, heads, rows, texts = []) {
  const side = (at) => (texts.includes(at) ? null : "number");
  const table = el(
    "table",
    null,
    el("caption", { class: "unseen" }, caption),
    el(
      "thead",
      null,
      el(
        "tr",
        null,
        heads.map((head, at) => el("th", { scope: "col", class: at ? side(at) : "sticky" }, head)),
      ),
    ),
    el(
      "tbody",
      null,
      rows.map(([first, ...cells]) =>
        el(
          "tr",
          null,
          el("th", { scope: "row", class: "sticky" }, first),
          cells.map((one, at) => el("td", { class: side(at + 1) }, one)),
        ),
      ),
    ),
  );
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption }, table);
}

function familyCell(family) {
  return el(
    "span",
    { class: "family", style: { "--tint": `var(--${tintOf(family)})` } },
    el("span", { class: "dot" }),
    family,
  );
}
