function statisticsPage() {
  const counts = [...new Set(METHODS.map((method) => method.runs.length))].sort((a, b) => a - b);
  const seeds = counts.length === 1 ? plural(counts[0], "seed") : `${counts[0]} to ${counts[counts.length - 1]} seeds`;
  return [
    el("h1", { tabindex: "-1" }, "Statistics"),
    el("p", { class: "lead" }, `${plural(METHODS.length, "method")}, ${seeds} each.`),
    DATA.claims.length
      ? el(
          "section",
          { class: "panel", style: { "margin-top": "1.25rem", "max-width": "64rem" } },
          el(
            "ul",
            { class: "claims" },
            DATA.claims.map((claim) => el("li", null, `${capital(claim)}${/[.!?]$/.test(claim) ? "" : "."}`)),
          ),
        )
      : el(
          "div",
          { class: "notice", role: "note" },
          "No difference was tested for this report, so none of them is a finding: ",
          "a higher mean over a few seeds may be luck.",
        ),
    el("h2", null, "How to read the numbers"),
    el(
      "div",
      { class: "foot" },
      DATA.footnotes.map((note) => el("p", null, `${capital(note)}.`)),
    ),
  ];
}
