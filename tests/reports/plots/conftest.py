"""Run folders with all that figures are drawn from, small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuselab.reports.plots.figures import gather
from fuselab.reports.plots.material import Material
from fuselab.reports.plots.style import styled
from fuselab.reports.statistics.omnibus import Omnibus
from fuselab.runs.predictions import write_predictions

from ..conftest import make_report

BINS = 4
TASK = {"task": {"calibration_bins": BINS}}
# Two classes, four samples, two slices: said 0, 1, 1, 1 where 0, 0, 1, 1 is true.
TARGET = np.array([0, 0, 1, 1])
OUTPUT = np.log(np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]]))
GROUPS = np.array([0, 1, 0, 1])
NAMES = ("easy", "hard")


def make_ranks(names: Sequence[str], rank: Sequence[float], difference: float, blocks: Sequence[str]) -> Omnibus:
    """Return average ranks as a test of them gives them."""
    number = len(names)
    return Omnibus(tuple(names), tuple(blocks), (), np.array(rank), 1.0, 0.5, difference, np.ones((number, number)))


RANKS = make_ranks("abc", (1.2, 2.0, 2.8), 1.0, ("one", "two", "three"))


def add_files(
    folder: Path,
    *,
    curve: list[float] | None = None,
    output: np.ndarray[Any, Any] = OUTPUT,
    target: np.ndarray[Any, Any] = TARGET,
    weights: dict[str, list[float]] | None = None,
) -> Path:
    """Write what a finished run leaves besides its result."""
    rows = [f"{epoch},{value}" for epoch, value in enumerate([0.2, 0.4] if curve is None else curve)]
    (folder / "metrics.csv").write_text("\n".join(["epoch,val/accuracy", *rows]) + "\n")
    columns: dict[str, Any] = {"index": np.arange(4), "slice": GROUPS, "target": target, "output": output}
    columns |= {f"weight.{name}": np.array(one) for name, one in (weights or {}).items()}
    write_predictions(folder / "predictions.parquet", columns, slices=NAMES)
    return folder


@pytest.fixture
def material() -> Callable[..., Material]:
    def one(sweep: Any, *, split: Any = "test", ranks: Omnibus | str = RANKS) -> Material:
        return replace(gather(make_report(sweep.path, split=split)), ranks=ranks, alpha=0.05)

    return one


@pytest.fixture
def whole_sweep(sweep: Any) -> Any:
    """Four methods of three families with three seeds each, and all files."""
    weights = {"image": [1.0, 0.5, 0.0, 0.5], "audio": [0.0, 0.5, 1.0, 0.5]}
    for place, method in enumerate(("attention/cross", "early/sum", "late/mean", "unimodal/image")):
        for seed in range(3):
            folder = sweep.finished(method, seed, 0.9 - 0.1 * place + 0.01 * seed, config=TASK)
            add_files(folder, weights=weights if method == "late/mean" else None)
    return sweep


@pytest.fixture(autouse=True)
def _style() -> Iterator[None]:
    with styled():
        yield
