// Which data is shown, where a page holds reports of several: it stands in the address, so that a link says it too.
let choosing = false;

// The same page of other data, or the nearest that it has.
function sameElsewhere(place, where, rest) {
  const other = REPORTS[place];
  if (place === null || !other) return address(null);
  if (where === "method" && !other.methods.some((method) => method.name === rest[0])) return address(place);
  if (where === "run") return address(place, "runs");
  return address(place, ...(where ? [where, ...rest] : []));
}

// Draws the choice; says whether it was what opened the page.
function showChoice(where, rest) {
  if (!SEVERAL) return false;
  const host = document.getElementById("choice");
  const said = opened === null ? ACROSS?.title : DATA.title;
  if (said) document.title = `${said} · Fuselab`;
  const options = [
    ...(ACROSS ? [["", "All data"]] : []),
    ...REPORTS.map((report, place) => [String(place + 1), report.called]),
  ];
  const go = (value) => {
    choosing = true;
    location.hash = sameElsewhere(value ? Number(value) - 1 : null, where, rest);
  };
  const box = select("Data", options, opened === null ? "" : String(opened + 1), go);
  host.hidden = false;
  fill(host, box);
  const chosen = choosing;
  choosing = false;
  if (chosen) {
    box.querySelector("select").focus({ preventScroll: true });
    announce(opened === null ? "All data shown" : `${DATA.called} shown`);
  }
  return chosen;
}
