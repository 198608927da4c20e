"""One HTML file that needs no other file and no network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

# In this order: each uses what stands above it.
STYLES = ("style.css",)
SCRIPTS = (
    "dom.js", "format.js", "data.js", "theme.js", "chart.js", "table.js", "matrix.js", "sample.js", "pairs.js",
    "charts.js", "overview.js", "method.js", "run.js", "runs.js", "samples.js", "compare.js", "statistics.js",
    "downloads.js", "main.js",
)  # fmt: skip


def write_page(data: dict[str, Any]) -> str:
    """Return the page.

    Nothing in it runs but the scripts that it was written with: the browser is told their hashes. So a name that looks
    like a script is a name.

    Args:
        data: from :func:`fuselab.reports.dashboard.gather.gather`
    """
    from plotly.offline import get_plotlyjs

    # One scope of their own, and strict.
    app = "(() => {\n'use strict';\n" + "\n".join(map(_file, SCRIPTS)) + "\n})();\n"
    plotly = get_plotlyjs()
    return Template(_file("index.html")).substitute(
        title=escape(str(data["title"])),
        policy=f"script-src {_allowed(app)} {_allowed(plotly)}",
        style="\n".join(map(_file, STYLES)),
        data=write_data(data),
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
