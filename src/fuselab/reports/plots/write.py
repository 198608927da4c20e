"""Figures as files: png for screens, svg for pages, pdf for papers; the same figure gives the same bytes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuselab.runs.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What matplotlib would add of itself and of the hour.
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def write_figure(figure: Figure, folder: Path, name: str) -> None:
    """Write a figure in every format, each file whole or not at all.

    Args:
        figure: drawn in the style, which has to be in force here too
        folder: where
        name: of the files, without what tells the format

    Raises:
        RunFolderError: the folder can't be written
    """
    for kind in _METADATA:
        write_whole(folder / f"{name}.{kind}", partial(_save, figure=figure, kind=kind))


def remove_figure(folder: Path, name: str) -> None:
    """Remove the files of a figure that an earlier report could draw, so that none tells of other runs.

    Args:
        folder: where
        name: of the files, without what tells the format
    """
    for kind in _METADATA:
        (folder / f"{name}.{kind}").unlink(missing_ok=True)


def _save(path: Path, *, figure: Figure, kind: str) -> None:
    figure.savefig(path, format=kind, metadata=_METADATA[kind])
