r"""A table in LaTeX, with booktabs, that compiles alone and can be pasted into a paper."""

from __future__ import annotations

from fuselab.reports.labels import name_row
from fuselab.reports.table import Row, Table

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "—": r"---",
}
HEAD = r"""\documentclass{article}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\begin{document}
% To use it in a paper, take the table environment; it needs booktabs and graphicx.
"""
# A paper's column is as wide as it is: shrink what is wider, leave the rest alone.
SHRINK = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def write_latex(table: Table) -> str:
    r"""Return the table as a LaTeX document of its own.

    Args:
        table: what to write
    """
    notes = [_sentence(note) for note in (*table.notes, *table.footnotes)]
    lines = [
        r"\begin{table}[p]",
        r"\centering",
        rf"\caption{{{' '.join([f'{escape_latex(table.title)}.', *notes])}}}",
        r"\par\smallskip",
        SHRINK,
        rf"\begin{{tabular}}{{l{'r' * len(table.headings)}}}",
        r"\toprule",
        _line(["method", *map(escape_latex, table.headings)]),
        r"\midrule",
    ]
    for number, rows in enumerate(table.families):
        lines += [r"\addlinespace"] if number else []
        lines += [_line([escape_latex(name_row(row.method, row.label)), *_cells(row)]) for row in rows]
    lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table}", r"\end{document}"]
    return HEAD + "\n".join(lines) + "\n"


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    Example:
        >>> print(escape_latex("unique_image: 0.883 ± 0.012, 50%"))
        unique\_image: 0.883 $\pm$ 0.012, 50\%
    """
    return "".join(SPECIAL.get(character, character) for character in " ".join(text.split()))


def _sentence(text: str) -> str:
    return escape_latex(text[:1].upper() + text[1:]) + "."


def _cells(row: Row) -> list[str]:
    # \\textbf leaves what stands in $…$ as it is, and \\boldmath reaches it.
    escaped = [escape_latex(cell) for cell in row.cells]
    return [rf"\textbf{{\boldmath {cell}}}" if place in row.marked else cell for place, cell in enumerate(escaped)]


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
