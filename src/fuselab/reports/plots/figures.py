"""All figures of a report: each one drawn and written, or the reason why it can't be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fuselab.reports.across import NO_RANKS, Across
from fuselab.reports.labels import name_row
from fuselab.reports.load import Run
from fuselab.reports.markdown import escape_markdown
from fuselab.reports.plots.bars import draw_bars
from fuselab.reports.plots.confusion import draw_confusion
from fuselab.reports.plots.cost import draw_cost
from fuselab.reports.plots.curves import draw_curves
from fuselab.reports.plots.material import Drawn, Material, Row
from fuselab.reports.plots.ranks import draw_diagram, draw_ranks, say_bars
from fuselab.reports.plots.reliability import draw_reliability
from fuselab.reports.plots.slices import draw_slices
from fuselab.reports.plots.style import styled
from fuselab.reports.plots.weights import draw_weights
from fuselab.reports.plots.write import remove_figure, write_figure
from fuselab.reports.report import Report
from fuselab.runs.files import write_whole

TOO_FEW = "ranks must be of at least 3 methods on 2 slices that all of them have"
# By the name of their files, in the order in which a reader asks.
FIGURES: dict[str, Callable[[Material], Drawn | str]] = {
    "bars": draw_bars,
    "slices": draw_slices,
    "cost": draw_cost,
    "ranks": draw_ranks,
    "curves": draw_curves,
    "confusion": draw_confusion,
    "reliability": draw_reliability,
    "weights": draw_weights,
}


def write_figures(material: Material, out: Path) -> Path:
    """Draw what can be drawn and write it; the same runs give the same bytes.

    Args:
        material: of a sweep
        out: the folder to write into

    Returns:
        the page that shows all figures with their captions, and says why others are not there

    Raises:
        RunFolderError: predictions that can't be read, or the folder can't be written
    """
    said = []
    for name, draw in FIGURES.items():
        with styled():
            drawn = draw(material)
            if isinstance(drawn, Drawn):
                write_figure(drawn.figure, out, name)
            else:
                remove_figure(out, name)
        said.append(_say(name, drawn))
    page = out / "README.md"
    write_whole(page, lambda path: path.write_bytes(("# Figures\n\n" + "\n".join(said)).encode()))
    return page


def write_ranks(across: Across, out: Path) -> Path:
    """Draw the average ranks over several reports and write them; the same runs give the same bytes.

    Args:
        across: what the reports say together
        out: the folder to write into

    Returns:
        the page that shows the figure, or says why it is not there
    """
    what, meaning = across.over
    with styled():
        drawn: Drawn | str = NO_RANKS
        if across.ranks is not None:
            caption = (
                f"average rank of the first metric over {len(across.ranks.blocks)} {what} "
                f"({', '.join(across.ranks.blocks)}), 1 is best; {say_bars(across.alpha)}; "
                f"{meaning[:1].lower()}{meaning[1:].rstrip('.')}"
            )
            drawn = draw_diagram(across.ranks, caption)
        if isinstance(drawn, Drawn):
            write_figure(drawn.figure, out, "ranks")
        else:
            remove_figure(out, "ranks")
    for name in set(FIGURES) - {"ranks"}:
        remove_figure(out, name)  # of an earlier report, of one set of runs
    page = out / "README.md"
    write_whole(page, lambda path: path.write_bytes(f"# Figures\n\n{_say('ranks', drawn)}".encode()))
    return page


def gather(made: Report) -> Material:
    """Return what the figures of a report are drawn from, the best row first.

    Args:
        made: the report
    """
    found = made.statistics
    ranks = found if isinstance(found, str) else found.omnibus or TOO_FEW
    alpha = made.layout.statistics.alpha
    metric = made.columns.main[0].name if made.columns.main else "loss"
    by_name = {run.name: run for run in made.loaded.runs}
    grouped: dict[tuple[str, str], list[Run]] = {}
    for one in made.runs[["run", "method", "label"]].astype(str).to_dict("records"):
        grouped.setdefault((one["method"], one["label"]), []).append(by_name[one["run"]])
    names = made.layout.names
    rows = tuple(
        Row(name_row(names.get(method, method), label), several[0].family, tuple(several))
        for (method, label), several in grouped.items()
    )
    material = Material(rows, metric, made.split, ranks, alpha)
    sign = -1.0 if material.higher else 1.0

    def how_bad(row: Row) -> float:
        return float(np.nan_to_num(sign * np.mean(material.values(row)), nan=np.inf))

    # Sorting is stable: equal ones stay in the order of the table.
    return replace(material, rows=tuple(sorted(rows, key=how_bad)))


def _say(name: str, drawn: Drawn | str) -> str:
    if isinstance(drawn, str):
        return f"**{name}** is not drawn: {escape_markdown(drawn)}.\n"
    files, caption = f"[svg]({name}.svg), [pdf]({name}.pdf)", drawn.caption[:1].upper() + drawn.caption[1:]
    return f"![{name}]({name}.png)\n\n**{name}** ({files}): {escape_markdown(caption)}.\n"
