// What a reader has to know before the numbers.
function notice(notes) {
  if (!notes.length) return null;
  return el(
    "div",
    { class: "notice", role: "note" },
    el("b", null, "Before the numbers"),
    el(
      "ul",
      null,
      notes.map((note) => el("li", null, folded(capital(note)))),
    ),
  );
}

function footnotes(notes) {
  return el(
    "div",
    { class: "foot" },
    notes.map((note) => el("p", null, sentence(note))),
  );
}

// What holds and what doesn't, a sentence each.
function claimList(claims) {
  return el(
    "section",
    { class: "panel", style: { "margin-top": "1.25rem", "max-width": "64rem" } },
    el(
      "ul",
      { class: "claims" },
      claims.map((claim) => el("li", null, sentence(claim))),
    ),
  );
}
