"""One HTML file that needs no other file and no network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from fuselab.reports.dashboard.ranks import tell_ranks
from fuselab.reports.dashboard.room import fit

# In this order: each uses what stands above it.
STYLES = ("style.css",)
SCRIPTS = (
    "dom.js", "format.js", "data.js", "theme.js", "chart.js", "table.js", "notes.js", "matrix.js", "weights.js",
    "series.js", "sample.js", "pairs.js", "charts.js", "reliability.js", "ranks.js", "across.js", "overview.js",
    "method.js", "origin.js", "run.js", "runs.js", "samples.js", "compare.js", "statistics.js", "downloads.js",
    "choice.js", "main.js",
)  # fmt: skip


def write_page(content: Mapping[str, Any]) -> str:
    """Return the page.

    Nothing in it runs but the scripts that it was written with: the browser is told their hashes. So a name that looks
    like a script is a name.

    Args:
        content: ``reports``, each from :func:`fuselab.reports.dashboard.gather.gather`; and ``across``, what is said of
            all of them together (``title``, ``notes``, ``headings``, ``rows``, ``footnotes``, ``claims``, ``ranks``,
            ``downloads`` and ``figures``), or None; cells lead to the report whose name their heading begins with

    Raises:
        ValueError: two reports that are called the same
    """
    from plotly.offline import get_plotlyjs

    called = [report["called"] for report in content["reports"]]
    if len(set(called)) < len(called):
        raise ValueError(
            f"what the reports of a page are called ({', '.join(called)}) must differ; say in what they do"
        )
    reports, across = fit(content["reports"]), content["across"]
    if across is not None:
        across = {**across, "ranks": tell_ranks(across["ranks"])}
    title = reports[0]["title"] if across is None else across["title"]
    # One scope of their own, and strict.
    app = "(() => {\n'use strict';\n" + "\n".join(map(_file, SCRIPTS)) + "\n})();\n"
    plotly = get_plotlyjs()
    return Template(_file("index.html")).substitute(
        title=escape(str(title)),
        policy=f"script-src {_allowed(app)} {_allowed(plotly)}",
        style="\n".join(map(_file, STYLES)),
        data=write_data({"reports": reports, "across": across}),
        plotly=_inside(plotly),
        app=_inside(app),
    )


def write_data(data: dict[str, Any]) -> str:
    r"""Return JSON that ends no script element, whatever its texts hold.

    Args:
        data: what JSON has a form for

    Example:
        >>> print(write_data({"name": "</script>"}))
        {"name":"\u003c/script>"}
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c")


def _file(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _inside(script: str) -> str:
    if re.search(r"<(/script|script|!--)", script, re.IGNORECASE):
        raise ValueError("a script must not hold </script, <script or <!--; write its < as \\x3c")
    return script


def _allowed(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
