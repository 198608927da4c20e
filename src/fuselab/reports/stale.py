"""What an earlier report left in its folder and the one that is written does not have."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

TABLES = ("table.md", "table.tex", "table.html", "table.csv", "runs.csv", "sources.csv", "pairs.csv")
TEXTS = ("statistics.md", "against.md", *(f"tables/{name}" for name in TABLES))


def remove_earlier(folder: Path, written: Collection[str], places: Collection[str]) -> None:
    """Remove an earlier report's files: it was of other runs, or more could be said.

    What somebody else has put there stays, with the folder that it is in.

    Args:
        folder: of the report
        written: files that it has, from there
        places: folders of its own reports, from there
    """
    from fuselab.reports.plots.figures import FIGURES
    from fuselab.reports.plots.write import remove_figure

    # A report that lies here by itself, with a page of its own, is none of ours.
    found = (path.parents[1] for path in folder.glob("*/tables/sources.csv"))
    earlier = {one.name for one in found if not (one / "index.html").exists()}
    for place in {".", *places, *earlier}:
        for name in TEXTS:
            if (Path(place) / name).as_posix() not in written:
                (folder / place / name).unlink(missing_ok=True)
    for place in earlier.difference(places):
        figures = folder / place / "figures"
        for name in FIGURES:
            remove_figure(figures, name)
        (figures / "README.md").unlink(missing_ok=True)
        for one in (figures, folder / place / "tables", folder / place):
            with suppress(OSError):
                one.rmdir()
