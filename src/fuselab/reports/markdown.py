"""A table in Markdown."""

from __future__ import annotations

import re

from fuselab.reports.labels import name_row
from fuselab.reports.table import Row, Table


def write_markdown(table: Table) -> str:
    """Return the table as GitHub-flavoured Markdown.

    Args:
        table: what to write
    """
    lines = [f"# {escape_markdown(table.title)}", ""]
    if table.notes:
        lines += [*(f"- {escape_markdown(note)}" for note in table.notes), ""]
    lines.append(_line(["method", *map(escape_markdown, table.headings)]))
    lines.append(_line(["---", *("---:" for _ in table.headings)]))
    for rows in table.families:
        lines += [_line([escape_markdown(name_row(row.method, row.label)), *_cells(row)]) for row in rows]
    lines += ["", *(f"{escape_markdown(footnote)}  " for footnote in table.footnotes)]
    return "\n".join(line.rstrip() if not line.endswith("  ") else line for line in lines) + "\n"


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown shows as it is, also inside a table.

    Example:
        >>> print(escape_markdown("a|b *c* d_e _f_"))
        a\|b \*c\* d_e \_f\_
    """
    text = re.sub(r"([\\|`*<>\[\]~])", r"\\\1", " ".join(text.split()))
    # Only what looks like the name or number of a character is read as one: R&D is none.
    text = re.sub(r"&(?=#?\w+;)", r"\\&", text)
    # Inside a word an underscore means nothing, and names are easier to read without a backslash.
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)


def _cells(row: Row) -> list[str]:
    escaped = [escape_markdown(cell.text) for cell in row.cells]
    return [f"**{cell}**" if place in row.marked else cell for place, cell in enumerate(escaped)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
