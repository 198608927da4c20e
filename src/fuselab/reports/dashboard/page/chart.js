// Plotly lies in the page as text; it is read when the first chart comes into view: that takes longer than all else.
let plotly = null;

function loadPlotly() {
  plotly ??= new Promise((resolve) => {
    const load = () => {
      const script = el("script");
      script.textContent = document.getElementById("plotly").textContent;
      document.head.append(script);
      resolve(window.Plotly);
    };
    if (document.readyState === "complete") requestAnimationFrame(() => setTimeout(load));
    else addEventListener("load", () => setTimeout(load), { once: true });
  });
  return plotly;
}

// Plotly reads a few tags in its texts; a name has none.
function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const SEEN = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      SEEN.unobserve(entry.target);
      entry.target.draw();
    }
  },
  { rootMargin: "200px" },
);

// A chart: make() returns { data, layout } and is asked again where the colours change.
function chart(label, height, make) {
  const host = el(
    "div",
    { class: "chart waiting", role: "img", "aria-label": label, style: { "min-height": `${height}px` } },
    "drawing …",
  );
  const draw = async () => {
    const library = await loadPlotly();
    if (!host.isConnected) return;
    if (host.classList.contains("waiting")) {
      host.replaceChildren();
      host.classList.remove("waiting");
    }
    const { data, layout } = make();
    const axis = {
      gridcolor: colour("line"),
      linecolor: colour("strong"),
      zeroline: false,
      tickcolor: colour("strong"),
      automargin: true,
    };
    await library.react(
      host,
      data,
      {
        height,
        autosize: true,
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        dragmode: false,
        showlegend: false,
        font: { family: "system-ui, sans-serif", size: 12, color: colour("ink") },
        margin: { l: 8, r: 12, t: 8, b: 8 },
        hoverlabel: {
          bgcolor: colour("card"),
          bordercolor: colour("strong"),
          font: { color: colour("ink"), size: 12 },
          align: "left",
        },
        ...layout,
        xaxis: { ...axis, ...layout.xaxis },
        yaxis: { ...axis, ...layout.yaxis },
      },
      {
        responsive: true,
        displaylogo: false,
        displayModeBar: "hover",
        modeBarButtons: [["toImage"]],
        toImageButtonOptions: { format: "svg", filename: label },
      },
    );
    performance.mark("fuselab-drawn");
  };
  host.draw = () => {
    REDRAW.add(draw);
    draw();
  };
  host.stop = () => {
    REDRAW.delete(draw);
    SEEN.unobserve(host);
    if (window.Plotly && !host.classList.contains("waiting")) window.Plotly.purge(host);
  };
  SEEN.observe(host);
  return host;
}

// A legend that is text: it wraps, and needs no colour.
function legend(entries) {
  return el(
    "p",
    { class: "legend small soft" },
    entries.map(([name, tint]) =>
      el("span", { class: "family", style: { "--tint": `var(--${tint})` } }, el("span", { class: "dot" }), name),
    ),
  );
}

const SYMBOLS = { unimodal: "square", late: "diamond", early: "circle", attention: "triangle-up", other: "cross" };
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
