// Each bar on the first level on which it overlaps no other.
function levelsOf(groups) {
  const ends = [];
  return groups.map(([first, last]) => {
    const free = ends.findIndex((end) => end < first);
    const level = free < 0 ? ends.length : free;
    ends[level] = last;
    return level;
  });
}

// A critical-difference diagram (Demšar 2006, figure 1) turned on its side: a row a method has room for any name.
function ranksDiagram(ranks, linkOf) {
  const most = ranks.names.length;
  const share = (rank) => `${((100 * (rank - 1)) / (most - 1)).toFixed(2)}%`;
  const levels = levelsOf(ranks.groups);
  const ticks = Array.from({ length: most }, (_, at) => at + 1).filter(
    (one) => most <= 12 || one === 1 || one % 5 === 0,
  );
  const gap = Math.min(ranks.critical_difference, most - 1);
  const axis = el(
    "li",
    { class: "axis", "aria-hidden": "true" },
    ticks.map((one) => el("span", { style: { left: share(one) } }, one)),
  );
  const ruler = el(
    "li",
    { class: "ruler", title: `critical difference ${ranks.critical_difference.toFixed(2)}` },
    el("span", { style: { width: share(1 + gap) } }),
  );
  const rows = ranks.names.map((name, at) => {
    const link = linkOf(name);
    return el(
      "li",
      { class: "ranked" },
      el("span", { class: "name" }, link ? el("a", { href: link }, breakable(name)) : breakable(name)),
      el("span", { class: "number" }, ranks.rank[at].toFixed(2)),
      el("span", { class: "track", "aria-hidden": "true" }, el("span", { style: { width: share(ranks.rank[at]) } })),
    );
  });
  const bars = ranks.groups.map(([first, last], at) =>
    el("li", {
      class: "alike",
      role: "img",
      "aria-label": `not told apart: ${ranks.names.slice(first, last + 1).join(", ")}`,
      title: `not told apart: ${ranks.names.slice(first, last + 1).join(", ")}`,
      style: { "grid-row": `${first + 3} / ${last + 4}`, "grid-column": String(levels[at] + 4) },
    }),
  );
  return el(
    "ol",
    { class: "ranks", style: { "--levels": String(Math.max(1, ...levels.map((level) => level + 1))) } },
    axis,
    ruler,
    rows,
    bars,
  );
}

// linkOf(name): a method's page, or nothing.
function ranksPanel(ranks, linkOf) {
  const [over, caveat] = ranks.over;
  return panel(
    null,
    el(
      "p",
      null,
      `Average ranks over ${ranks.blocks.length} ${over} (${ranks.blocks.join(", ")}), 1 is best. `,
      `Friedman's test that all are alike: ${sayP(ranks.p)}. `,
      ranks.groups.length
        ? "Bars on the right join methods whose ranks differ by less than Nemenyi's critical difference"
        : "All ranks differ by more than Nemenyi's critical difference",
      ` (${ranks.critical_difference.toFixed(2)}, the rule above the rows).`,
    ),
    caveat ? el("p", { class: "soft" }, caveat) : null,
    ranksDiagram(ranks, linkOf),
  );
}
