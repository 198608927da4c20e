// Keys and values, with a search where they are many.
function pairs(content) {
  const rows = Object.entries(content).map(([key, value]) =>
    el("div", null, el("dt", { class: "mono" }, key), el("dd", { class: "mono" }, value)),
  );
  const list = el("dl", { class: "pairs" }, rows);
  if (rows.length < 15) return list;
  const search = el("input", {
    type: "search",
    placeholder: "Search keys and values",
    "aria-label": "Search keys and values",
    oninput: (event) => {
      const asked = event.target.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(asked);
    },
  });
  return el("div", null, el("p", null, search), list);
}

function settings(run) {
  const own = ownSettings(run, "config");
  const all = settingsOf(run, "config");
  const sorted = Object.fromEntries(
    Object.keys(all)
      .sort()
      .map((key) => [key, all[key]]),
  );
  return panel(
    null,
    Object.keys(own).length
      ? [el("p", { class: "soft small" }, "Those in which the runs of this report differ:"), pairs(own)]
      : el("p", { class: "soft small" }, "All runs of this report have the same settings."),
    el(
      "details",
      {
        ontoggle: (event) =>
          event.target.open && event.target.childElementCount === 1 && event.target.append(pairs(sorted)),
      },
      el("summary", null, `The whole config, ${plural(Object.keys(all).length, "key")}`),
    ),
  );
}
