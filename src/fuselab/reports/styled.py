"""A table as a pandas ``Styler``, which writes it as LaTeX and as HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from fuselab.reports.labels import name_row
from fuselab.reports.table import Row, Table

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler


def style(
    table: Table,
    *,
    headings: Sequence[str],
    cells: Callable[[Row], Sequence[str]],
    marked: Callable[[Row], Sequence[bool]],
    mark: str,
    escape: Callable[[str], str],
    name: Callable[[Row, str], str] | None = None,
) -> Styler:
    """Return the rows of a table, family by family, with what is marked.

    Args:
        table: what to write
        headings: of the columns, escaped; there may be more than the table has
        cells: of a row, escaped, one a heading
        marked: whether each of these is marked
        mark: what pandas calls the style of marked cells, such as ``font-weight: bold;``
        escape: makes words harmless
        name: makes of a row and its escaped name what stands in its stead; None for the name itself
    """
    rows = [row for family in table.families for row in family]
    # The family stands beside it.
    called = [escape(name_row(row.method.removeprefix(f"{row.family}/"), row.label)) for row in rows]
    if name is not None:
        called = [name(row, one) for row, one in zip(rows, called, strict=True)]
    # Styler wants unique labels, and two rows may be called alike in different families.
    frame = pd.DataFrame(
        [list(cells(row)) for row in rows],
        index=pd.MultiIndex.from_tuples([(row.family, place) for place, row in enumerate(rows)], names=[None, None]),
        columns=range(len(headings)),
    )
    marks = pd.DataFrame(
        [[mark if one else "" for one in marked(row)] for row in rows], index=frame.index, columns=frame.columns
    )
    styler = frame.style.apply(lambda _: marks, axis=None)
    styler = styler.format_index(_at(called), axis=0, level=1)
    styler = styler.format_index(lambda family: escape(str(family)), axis=0, level=0)
    return styler.format_index(_at(headings), axis=1)


def _at(words: Sequence[str]) -> Callable[[object], str]:
    return lambda place: words[int(str(place))]
