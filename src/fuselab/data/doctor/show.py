"""What an examination found, for the terminal and as a page."""

from __future__ import annotations

from html import escape

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fuselab.data.doctor.finding import Examined, Sheet

STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
:root { color-scheme: light dark }
table { border-collapse: collapse; margin: 0 0 2rem; display: block; overflow-x: auto }
td, th { padding: .2rem .8rem; text-align: right }
td:first-child, th:first-child { text-align: left }
th { border-bottom: 1px solid }
li.error { font-weight: bold }
"""


def render(examined: Examined) -> RenderableType:
    """Return it for the terminal."""
    parts: list[RenderableType] = []
    for sheet in examined.sheets:
        # Not as the table's own title, which breaks where the table is narrow.
        parts += [Text(sheet.title, style="bold"), _table(sheet), Text()]
    for finding in examined.findings:
        parts.append(Text.assemble((f"{finding.level:8}", STYLES[finding.level]), finding.said))
    parts.append(Text(verdict(examined), style="bold"))
    return Group(*parts)


def verdict(examined: Examined) -> str:
    """Return in a line whether training should go on.

    Example:
        >>> verdict(Examined())
        'nothing to mend: training can go on'
    """
    errors = sum(one.level == "error" for one in examined.findings)
    warnings = sum(one.level == "warning" for one in examined.findings)
    looked = f"{warnings} thing{'s'[: warnings != 1]} to look at" if warnings else "nothing to mend"
    return f"{errors} to mend before any training, {looked}" if errors else f"{looked}: training can go on"


def page(examined: Examined, *, title: str) -> str:
    """Return it as one HTML file that needs no other."""
    lines = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f"<h1>{escape(title)}</h1><p><b>{escape(verdict(examined))}</b></p>",
        "<ul>",
        *(f'<li class="{one.level}">{one.level}: {escape(one.said)}</li>' for one in examined.findings),
        "</ul>",
    ]
    for sheet in examined.sheets:
        cells = "".join(f"<th>{escape(name)}</th>" for name in sheet.headings)
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in sheet.rows)
        lines.append(f"<h2>{escape(sheet.title)}</h2><table><tr>{cells}</tr>{rows}</table>")
    return "\n".join(lines) + "</html>\n"


def _table(sheet: Sheet) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for place, heading in enumerate(sheet.headings):
        table.add_column(heading, justify="right" if place else "left")
    for row in sheet.rows:
        table.add_row(*map(Text, row))
    return table
