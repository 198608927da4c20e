"""A table in the terminal: the widest layout that fits."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from fuselab.reports.table import Table


def rich_table(layouts: Sequence[Table], *, console: Console) -> RenderableType:
    """Return the first layout that fits the console, or the last one.

    Args:
        layouts: one table with more and fewer columns, the widest first
        console: where it will be shown
    """
    for table in layouts:
        drawn = _draw(table)
        if Measurement.get(console, console.options.update(max_width=10_000), drawn).maximum <= console.width:
            break
    notes = [Text(f"• {note}", style="yellow") for note in table.notes]
    footnotes = [Text(footnote, style="dim") for footnote in table.footnotes]
    return Group(Text(table.title, style="bold"), *notes, drawn, *footnotes)


def _draw(table: Table) -> RichTable:
    drawn = RichTable(
        box=box.HORIZONTALS, header_style="bold", border_style="dim", collapse_padding=True, pad_edge=False
    )
    drawn.add_column("method", no_wrap=True, vertical="top")
    for heading in table.headings:
        # A heading takes a line a word: the numbers below are narrow.
        drawn.add_column(Text("\n".join(heading.split())), justify="right", no_wrap=True)
    for rows in table.families:
        for row in rows:
            name = Text(row.method)
            if row.label:
                name.append(f"\n  · {row.label}", style="dim")
            cells = (
                Text(cell.text, style="bold" if place in row.marked else "") for place, cell in enumerate(row.cells)
            )
            drawn.add_row(name, *cells)
        drawn.add_section()
    return drawn
