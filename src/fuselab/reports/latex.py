r"""A table in LaTeX, with booktabs and numbers aligned by siunitx: it compiles alone, or goes into a paper."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from fuselab.reports.latex_text import declare_strange, escape_latex
from fuselab.reports.styled import style
from fuselab.reports.table import UNITS, Cell, Table

HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage{booktabs,graphicx,siunitx,textcomp}
%s\begin{document}
%% To use it in a paper, take the table environment; it needs booktabs, graphicx and siunitx.
"""
# Both siunitx 2 and 3 know these names.
SIUNITX = r"\sisetup{separate-uncertainty=true,table-align-uncertainty=false,detect-weight=true}"
# A paper's column is as wide and its page as high as they are: shrink what is more, leave the rest alone. A part of the
# page is left to the caption.
NARROW = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
LOW = r"\resizebox*{!}{\ifdim\totalheight>.88\textheight .88\textheight\else\totalheight\fi}{%"
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class _Column:
    """How a column is written.

    Args:
        heading: escaped
        unit: power of 1000 that all of its numbers are divided by
        decimals: of scaled numbers
        format: what siunitx is told of its numbers; nothing where it has none to align
    """

    heading: str
    unit: int
    decimals: int
    format: str


def write_latex(table: Table) -> str:
    r"""Return the table as a LaTeX document of its own.

    Args:
        table: what to write
    """
    rows = [row for family in table.families for row in family]
    columns = [_column(heading, [row.cells[place] for row in rows]) for place, heading in enumerate(table.headings)]
    styler = style(
        table,
        headings=[column.heading for column in columns],
        cells=lambda row: [_say(column, cell) for column, cell in zip(columns, row.cells, strict=True)],
        marked=lambda row: [place in row.marked for place in range(len(columns))],
        mark="bfseries: ;",
        escape=escape_latex,
    )
    # With siunitx, headings stand in braces; families are told apart by space, as booktabs would have it.
    body = styler.to_latex(
        column_format="ll" + "".join(f"S[table-format={one.format}]" if one.format else "r" for one in columns),
        hrules=True,
        siunitx=True,
        multirow_align="naive",
        clines="skip-last;data",
    )
    body = re.sub(r"\\cline\{[\d-]+\}\n(?!\\bottomrule)", r"\\addlinespace" + "\n", body)
    body = re.sub(r"\\cline\{[\d-]+\}\n", "", body).replace("{} & {} &", " & {method} &", 1)
    notes = [_sentence(note, table) for note in (*table.notes, *table.footnotes)]
    lines = [
        r"\begin{table}[p]",
        r"\centering",
        SIUNITX,
        rf"\caption{{{escape_latex(table.title)}.}}",
        r"\par\smallskip",
        LOW,
        r"\begin{minipage}{\linewidth}",
        r"\centering",
        NARROW,
        body.rstrip("\n") + "}",
        r"\par\medskip",
        r"\footnotesize\raggedright",
        *(f"{note}\\par" for note in notes),
        r"\end{minipage}}",
        r"\end{table}",
        r"\end{document}",
    ]
    text = "\n".join(lines) + "\n"
    return HEAD % declare_strange(text) + text


def _sentence(text: str, table: Table) -> str:
    return escape_latex(text if _begins_with_name(text, table) else text[:1].upper() + text[1:]) + "."


def _begins_with_name(text: str, table: Table) -> bool:
    """Say whether a note begins with the name of a method, or with that of data, with which headings begin too."""
    names = {name for family in table.families for row in family for name in (row.method, row.key) if name}
    if any(text.startswith(name) and not text[len(name) :][:1].isalnum() for name in names):
        return True
    heads = {head for heading in table.headings for head in accumulate(heading.split(" "), lambda *two: " ".join(two))}
    return any(text.startswith((f"{head}:", f"{head},")) for head in heads)


def _column(heading: str, cells: Sequence[Cell]) -> _Column:
    # Numbers with a unit each, such as 73.5 k and 1.2 M, can't be compared down a column: all get the largest one.
    units = [UNITS.index(cell.mean[-1]) + 1 for cell in cells if re.fullmatch(rf"[\d.]+ [{UNITS}]", cell.mean)]
    unit = max(units, default=0)
    scaled = [abs(cell.value) / 1000**unit for cell in cells if unit and math.isfinite(cell.value)]
    decimals = 2 - math.floor(math.log10(min(filter(None, scaled), default=1.0)))
    said = f"{escape_latex(heading)} ({UNITS[unit - 1]})" if unit else escape_latex(heading)
    column = _Column(said, unit, min(3, max(0, decimals)), "")
    numbers = [text for cell in cells if NUMBER.fullmatch(text := _number(column, cell))]
    # siunitx knows no intervals; their ends have the decimals of the mean, so that they stand in line to the right.
    if not numbers or any(cell.low for cell in cells):
        return column
    whole = max(len(text.partition(".")[0].lstrip("-")) for text in numbers)
    behind = max(len(text.partition(".")[2]) for text in numbers)
    spread = max(len(cell.deviation.replace(".", "").lstrip("0")) for cell in cells)
    sign = "-" * any(text.startswith("-") for text in numbers)
    return replace(column, format=f"{sign}{whole}.{behind}" + (f"({spread})" if spread else ""))


def _number(column: _Column, cell: Cell) -> str:
    if column.unit and math.isfinite(cell.value):
        return f"{cell.value / 1000**column.unit:.{column.decimals}f}"
    return cell.mean


def _say(column: _Column, cell: Cell) -> str:
    number = _number(column, cell)
    if not column.format:
        return escape_latex(cell.text)
    if not NUMBER.fullmatch(number):
        return f"{{{escape_latex(number)}}}"
    return rf"{number} \pm {cell.deviation}" if cell.deviation else number
