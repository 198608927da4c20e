// Where a run comes from: what proves which code and data it was, and how to have it again.
const PROOF = {
  git_commit: "commit",
  data: "data",
  data_fingerprint: "data fingerprint",
  split_hash: "split hash",
  identity: "identity",
};
const VERSION = "versions.";

async function copyText(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A browser may refuse; then the text is at least marked for Ctrl+C.
    getSelection().selectAllChildren(source);
    return false;
  }
}

function repeatPanel(run) {
  if (!run.repeat) return null;
  const source = el("code", { class: "command", tabindex: "0" }, run.repeat.command);
  const button = el(
    "button",
    {
      class: "button",
      type: "button",
      onclick: async () => {
        const done = await copyText(run.repeat.command, source);
        button.textContent = done ? "Copied" : "Marked: press Ctrl+C";
        announce(button.textContent);
      },
    },
    "Copy the command",
  );
  return panel(
    "Repeat this run",
    el(
      "p",
      { class: "small soft" },
      "In the folder that holds ",
      el("span", { class: "mono" }, run.repeat.where),
      ", with the code of the commit above; it writes into a folder of its own.",
    ),
    el("p", null, source),
    button,
  );
}

function originPanel(run) {
  const facts = settingsOf(run, "facts");
  const take = (names) =>
    Object.fromEntries(names.filter(([key]) => key in facts).map(([key, said]) => [said, facts[key]]));
  const packages = Object.keys(facts)
    .filter((key) => key.startsWith(VERSION))
    .map((key) => [key, key.slice(VERSION.length)]);
  const others = Object.keys(facts).filter((key) => !(key in PROOF) && !key.startsWith(VERSION));
  const dirty = facts.git_commit?.endsWith("-dirty");
  return panel(
    "Where it comes from",
    pairs({ folder: `${DATA.sweep}/${run.name}`, ...take(Object.entries(PROOF)) }),
    dirty ? el("p", { class: "small soft" }, "The code had changes that its commit doesn't hold.") : null,
    packages.length ? [el("h4", null, "Package versions"), pairs(take(packages))] : null,
    others.length
      ? el(
          "details",
          null,
          el("summary", null, `${plural(others.length, "other fact")} of the run`),
          pairs(take(others.map((key) => [key, key]))),
        )
      : null,
  );
}
