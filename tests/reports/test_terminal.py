from __future__ import annotations

import io

import pytest
from rich.console import Console

from fuselab.reports.table import Row, Table
from fuselab.reports.terminal import rich_table

from .conftest import make_cells


def table(*headings: str, label: str = "") -> Table:
    cells = make_cells(*("0.883 ± 0.012" for _ in headings))
    means = make_cells(*("0.9" for _ in headings))
    families = ((Row("late", "late/[bold]", "", cells),), (Row("early", "early/sum", label, means),))
    return Table("data", ("left out: 1 [red]",), headings, families, ("mean ± deviation",))


def drawn(*layouts: Table, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(rich_table(layouts, console=console))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_families_are_separated_and_numbers_stand_right():
    lines = drawn(table("accuracy", label="optimizer.lr=0.1"), width=60)
    assert lines[0] == "data"
    assert lines[1] == "• left out: 1 [red]"
    assert lines[-1] == "mean ± deviation"
    rules = [number for number, line in enumerate(lines) if line.strip(" ─") == "" and "─" in line]
    names = [number for number, line in enumerate(lines) if line.strip().startswith(("method", "late", "early"))]
    assert [*rules, *names] == [2, 4, 6, 9, 3, 5, 7]
    assert lines[5].split() == ["late/[bold]", "0.883", "±", "0.012"]
    assert len(lines[3]) == len(lines[5]) == len(lines[7])
    assert lines[8].strip() == "· optimizer.lr=0.1"


@pytest.mark.parametrize(("width", "columns"), [(120, 6), (60, 2), (20, 1)])
def test_the_widest_layout_that_fits_is_shown(width, columns):
    layouts = [table(*"abcdef"), table("a", "b"), table("a")]
    head = next(line for line in drawn(*layouts, width=width) if "meth" in line)
    assert head.split()[1:] == list("abcdef")[:columns]


def test_words_of_a_heading_stand_below_each_other():
    lines = drawn(table("unique image"), width=60)
    assert any(line.endswith(" unique") for line in lines)
    assert any(line.endswith(" image") for line in lines)


def test_marked_cells_are_bold():
    row = Row("early", "early/sum", "", make_cells("0.123", "0.456"), frozenset({1}))
    console = Console(width=60, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(rich_table([Table("data", (), ("a", "b"), ((row,),), ())], console=console))
    text = console.file.getvalue()
    assert "\x1b[1m0.456\x1b[0m" in text
    assert "\x1b[1m0.123" not in text
