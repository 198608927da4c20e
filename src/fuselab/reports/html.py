"""A table in HTML: one file by itself, to look at and to paste into a page."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from fuselab.reports.styled import style
from fuselab.reports.table import Row, Table

STYLE = """\
:root { color-scheme: light dark }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: max-content; padding: 0 1rem }
table { border-collapse: collapse; border-block: 2px solid; font-variant-numeric: tabular-nums }
caption { font-weight: 600; text-align: left; padding-bottom: .5rem }
th { font-weight: normal; text-align: left; vertical-align: top }
thead th { border-bottom: 1px solid; vertical-align: bottom }
th, td { padding: .15rem .7rem }
td, thead th:not(.blank) { text-align: right; white-space: nowrap }
tbody tr:has(th.level0) > * { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent) }
p { margin: .35rem 0; max-width: 60rem }
a { color: inherit }"""


def write_html(table: Table, *, page: str | None) -> str:
    """Return the table as an HTML document of its own.

    Args:
        table: what to write
        page: where the report's page lies, as a link from here with the report's address on it (``index.html#``, or
            ``index.html#/d/2`` of several), so that a row's name leads to its runs; None for no links
    """
    styler = style(
        table,
        headings=[escape(heading) for heading in table.headings],
        cells=lambda row: [escape(cell.text) for cell in row.cells],
        marked=lambda row: [place in row.marked for place in range(len(table.headings))],
        mark="font-weight: bold;",
        escape=escape,
        name=None if page is None else lambda row, said: _link(row, said, page),
    )
    drawn = styler.set_caption(escape(table.title)).to_html(table_uuid="report", exclude_styles=False)
    notes = "\n".join(f"<li>{escape(note)}</li>" for note in table.notes)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(table.title)}</title>",
            f"<style>\n{STYLE}\n</style>",
            *([f"<ul>\n{notes}\n</ul>"] if notes else []),
            drawn.rstrip("\n"),
            *(f"<p>{escape(footnote)}</p>" for footnote in table.footnotes),
            "</html>\n",
        ]
    )


def _link(row: Row, said: str, page: str) -> str:
    return f'<a href="{escape(page)}/method/{quote(row.key, safe="")}">{said}</a>' if row.key else said
