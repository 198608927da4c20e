function statisticsPage() {
  const counts = [...new Set(METHODS.map((method) => method.runs.length))].sort((a, b) => a - b);
  const seeds = counts.length === 1 ? plural(counts[0], "seed") : `${counts[0]} to ${counts[counts.length - 1]} seeds`;
  return [
    el("h1", { tabindex: "-1" }, "Statistics"),
    el("p", { class: "lead" }, `${plural(METHODS.length, "method")}, ${seeds} each.`),
    DATA.claims.length
      ? claimList(DATA.claims)
      : el(
          "div",
          { class: "notice", role: "note" },
          "No difference was tested for this report, so none of them is a finding: ",
          "a higher mean over a few seeds may be luck.",
        ),
    DATA.ranks
      ? [
          el("h2", null, `Ranks over ${DATA.ranks.over[0]}`),
          ranksPanel(DATA.ranks, (name) => METHOD_BY_NAME.has(name) && TO.method(METHOD_BY_NAME.get(name))),
        ]
      : null,
    el("h2", null, "How to read the numbers"),
    footnotes(DATA.footnotes),
  ];
}
