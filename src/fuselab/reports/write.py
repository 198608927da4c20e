"""A report as files: tables, statistics, figures, and a page to look around in; the same runs give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from fuselab.errors import ConfigError
from fuselab.reports.across import Across
from fuselab.reports.dashboard.gather import Contents, gather
from fuselab.reports.dashboard.page import write_page
from fuselab.reports.dashboard.ranks import plain_ranks
from fuselab.reports.html import write_html
from fuselab.reports.latex import write_latex
from fuselab.reports.load import Split
from fuselab.reports.markdown import escape_markdown, write_markdown
from fuselab.reports.published import FAMILY as PUBLISHED
from fuselab.reports.report import Report
from fuselab.reports.sources import frame_sources
from fuselab.reports.stale import remove_earlier
from fuselab.reports.statistics.section import SLICES, list_claims, say_ranks, write_statistics
from fuselab.runs.files import write_whole

DIGITS = "%.10g"  # beyond them sums hang on the number of threads
PAGE, STATISTICS, PAIRS, FIGURES = "index.html", "statistics.md", "tables/pairs.csv", "figures"
LONGEST = 120  # letters of a folder's name


def default_folder(sweeps: Sequence[Path], *, split: Split) -> Path:
    """Return where a report goes: into its sweep, or beside several.

    Args:
        sweeps: folders of sweeps
        split: whose metrics it shows

    Raises:
        ConfigError: more sweeps than a folder can be named after, or two of one name

    Example:
        >>> default_folder([Path("outputs/demo")], split="test").as_posix()
        'outputs/demo/report'
        >>> default_folder([Path("outputs/demo"), Path("outputs/mosi")], split="val").as_posix()
        'outputs/demo+mosi/report-val'
    """
    name = "report" if split == "test" else f"report-{split}"
    if len(sweeps) == 1:
        return sweeps[0] / name
    # A sweep may be named by a path such as `.`, and two sweeps of different folders alike.
    names = [sweep.resolve().name for sweep in sweeps]
    called = "+".join(names)
    if len(called) > LONGEST or len(set(names)) < len(names):
        raise ConfigError(
            f"the report's folder ({called}) must have a short name that no other sweeps give; choose one with --out "
            "FOLDER"
        )
    first = sweeps[0] if sweeps[0].name == names[0] else sweeps[0].resolve()
    return first.parent / called / name


def write_report(reports: Sequence[Report], across: Across | None, folder: Path) -> list[Path]:
    """Write one report, or several that stand side by side, each in a folder of its own; figures are there before.

    Args:
        reports: what to write
        across: what several say together; None for one
        folder: to write into

    Returns:
        the files

    Raises:
        RunFolderError: the folder can't be written
    """
    texts: dict[str, str] = {}
    pages = []
    places = name_folders(reports)
    for number, (made, place) in enumerate(zip(reports, places, strict=True), start=1):
        page = f"../{PAGE}#" if place == "." else f"../../{PAGE}#/d/{number}"
        own = _texts(made, folder / place, page=page)
        here = {(Path(place) / name).as_posix(): text for name, text in own.items()}
        texts |= here
        pages.append(gather(_contents(made, here, _figures(folder, place))))
    together = None
    if across is not None:
        said = _texts_across(across)
        texts |= said
        together = _tell(across) | {"downloads": said, "figures": _figures(folder, ".")}
    remove_earlier(folder, texts, places)
    texts[PAGE] = write_page({"reports": pages, "across": together})
    for name, text in texts.items():
        write_whole(folder / name, partial(_fill, content=text.encode()))
    return [folder / name for name in texts]


def write_all(reports: Sequence[Report], across: Across | None, folder: Path) -> list[Path]:
    """Write one report or several, with their figures.

    Args:
        reports: what to write
        across: what several say together; None for one
        folder: to write into

    Returns:
        what a user may open: the files, and of several reports each one's folder and the files of all

    Raises:
        RunFolderError: predictions that can't be read, or the folder can't be written
    """
    from fuselab.reports.plots.figures import gather as gather_figures
    from fuselab.reports.plots.figures import write_figures, write_ranks

    places = name_folders(reports)
    # The page links the figures, so that they come before it.
    drawn = [
        write_figures(gather_figures(made), folder / place / FIGURES)
        for made, place in zip(reports, places, strict=True)
    ]
    if across is not None:
        drawn.append(write_ranks(across, folder / FIGURES))
    files = [*write_report(reports, across, folder), *drawn]
    own = [] if across is None else [folder / place for place in places]
    return [*own, *(path for path in files if not any(path.is_relative_to(one) for one in own))]


def name_folders(reports: Sequence[Report]) -> list[str]:
    """Return the folder of each report inside the folder of all: that one itself, where it is the only one."""
    if len(reports) == 1:
        return ["."]
    names: list[str] = []
    for made in reports:
        name = re.sub(r"[^\w.-]+", "_", made.called).strip("._")[:LONGEST] or "data"
        numbered = (f"{name}_{number}" for number in count(2))
        names.append(name if name not in names else next(one for one in numbered if one not in names))
    return names


def _texts(made: Report, folder: Path, *, page: str) -> dict[str, str]:
    table = made.table(made.columns.chosen)
    texts = {
        "tables/table.md": write_markdown(table),
        "tables/table.tex": write_latex(table),
        "tables/table.html": write_html(table, page=page),
        "tables/table.csv": made.methods.to_csv(index=False, lineterminator="\n"),
        "tables/runs.csv": made.runs.to_csv(index=False, lineterminator="\n"),
        "tables/sources.csv": frame_sources(made, folder=folder / "tables").to_csv(index=False, lineterminator="\n"),
    }
    if not isinstance(made.statistics, str):
        texts[STATISTICS], pairs = write_statistics(made.statistics, title=made.title)
        texts[PAIRS] = pairs.to_csv(index=False, lineterminator="\n", float_format=DIGITS)
    return texts


def _texts_across(across: Across) -> dict[str, str]:
    lines = [f"# Statistics: {escape_markdown(across.table.title)}", "", "## What holds over all of them", ""]
    lines += [f"- {escape_markdown(claim)}" for claim in across.claims]
    if across.ranks is not None:
        lines += ["", "## Average ranks", "", *say_ranks(across.ranks, across.over, alpha=across.alpha)]
    return {
        "tables/table.md": write_markdown(across.table),
        "tables/table.tex": write_latex(across.table),
        "tables/table.html": write_html(across.table, page=None),
        "tables/table.csv": across.frame.to_csv(index=False, lineterminator="\n"),
        STATISTICS: "\n".join(lines) + "\n",
    }


def _contents(made: Report, downloads: Mapping[str, str], figures: Sequence[str]) -> Contents:
    table = made.table(made.columns.chosen)
    found = None if isinstance(made.statistics, str) else made.statistics.omnibus
    return Contents(
        called=made.called,
        title=made.title,
        notes=made.notes,
        footnotes=table.footnotes,
        claims=list_claims(made.statistics),
        marked=made.marked(),
        published=[
            (row.method, {heading: cell.text for heading, cell in zip(table.headings, row.cells, strict=True)})
            for rows in table.families
            for row in rows
            if row.family == PUBLISHED
        ],
        split=made.split,
        columns=made.columns,
        methods=made.methods,
        frame=made.runs,
        runs={run.name: run for run in made.loaded.runs},
        folders={run.name: run.folder for run in made.loaded.runs},
        downloads=dict(downloads),
        figures=figures,
        ranks=None if found is None else plain_ranks(found, SLICES),
    )


def _tell(across: Across) -> dict[str, object]:
    """Return what the page knows of several reports together, as JSON."""
    table, ranks = across.table, across.ranks
    return {
        "title": table.title,
        "notes": list(table.notes),
        "headings": list(table.headings),
        "rows": [
            {
                "name": row.key,
                "family": row.family,
                "cells": [cell.text for cell in row.cells],
                "marked": sorted(row.marked),
            }
            for rows in table.families
            for row in rows
        ],
        "footnotes": list(table.footnotes),
        "claims": list(across.claims),
        "ranks": None if ranks is None else plain_ranks(ranks, across.over),
    }


def _figures(folder: Path, place: str) -> list[str]:
    """Return the addresses of a report's figures from the page, without what tells the format."""
    return sorted((Path(place) / FIGURES / path.stem).as_posix() for path in (folder / place / FIGURES).glob("*.svg"))


def _fill(path: Path, *, content: bytes) -> None:
    # Bytes, because a text file's line ends depend on the machine.
    path.write_bytes(content)
