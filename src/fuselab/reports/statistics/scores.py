"""One metric of every method in every seed: what all comparisons start from.

Shapes: K methods, S seeds, N test samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fuselab.errors import ConfigError, RunFolderError, nearest
from fuselab.reports.labels import name_row

Array = npt.NDArray[Any]
HIGHER = frozenset({"accuracy", "subset_accuracy", "micro_f1", "macro_f1", "mean_average_precision", "pearson_r", "r2"})
LOWER = frozenset({"mae", "rmse", "calibration_error", "loss"})
FRACTIONS = frozenset({"accuracy", "subset_accuracy", "micro_f1", "macro_f1", "mean_average_precision"})


@dataclass(frozen=True)
class Scores:
    """A metric by method and seed.

    Args:
        metric: its name, without the slice
        names: of the methods, as the table's rows are called
        seeds: every seed that any of them has
        values: (K, S), NaN where a run is missing or found no number
        samples: (K, S, N), each test sample's share, whose mean is the metric; None where the metric is no such mean
        without_number: seeds in which a method's run found no number, by method; none of its runs count then, since
            those that went well would speak for those that didn't
    """

    metric: str
    names: tuple[str, ...]
    seeds: tuple[int, ...]
    values: Array
    samples: Array | None
    without_number: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def higher(self) -> bool:
        """Whether more is better."""
        return self.metric in HIGHER

    @property
    def means(self) -> Array:
        """Each method's mean over the seeds that it has, NaN where it has none."""
        there_KS = np.isfinite(self.values)
        number_K = there_KS.sum(1)
        return np.asarray(np.where(there_KS, self.values, 0.0).sum(1) / np.where(number_K, number_K, np.nan))

    def ranked(self) -> list[int]:
        """Return the places of the methods by their means, the best first and those without a mean last."""
        worst_K = np.nan_to_num(-self.means if self.higher else self.means, nan=np.inf)
        return [int(place) for place in np.argsort(worst_K, kind="stable")]

    def gaps(self) -> dict[str, tuple[int, ...]]:
        """Return the seeds of which a method has no run, by method."""
        lacking = {
            name: tuple(seed for seed, value in zip(self.seeds, values_S, strict=True) if not np.isfinite(value))
            for name, values_S in zip(self.names, self.values, strict=True)
        }
        return {name: seeds for name, seeds in lacking.items() if seeds and name not in self.without_number}

    def index(self, name: str) -> int:
        """Return where a method stands.

        Raises:
            ConfigError: no such method
        """
        if name not in self.names:
            raise ConfigError(f"the baseline ({name}) must be a method of the table; {nearest(name, self.names)}")
        return self.names.index(name)


def collect_scores(runs: pd.DataFrame, column: str, *, samples: Mapping[str, Array] | None) -> Scores:
    """Return a metric of all runs, paired by seed.

    Args:
        runs: a row a run, from :func:`fuselab.reports.aggregate.frame_runs`
        column: the metric's column, such as ``test.accuracy`` or ``test.slices.easy.accuracy``
        samples: each sample's share of the metric, by run; None where there is none

    Raises:
        RunFolderError: runs of different data or splits, or a metric of which nobody knows whether more is better
    """
    for key in ("data_fingerprint", "split_hash"):
        if runs[key].nunique() > 1:
            raise RunFolderError(
                f"the runs must share one {key} ({', '.join(map(str, runs[key].unique()))}); compare runs of one "
                "split of one set of data"
            )
    metric = column.rpartition(".")[2]
    if metric not in HIGHER | LOWER:
        raise RunFolderError(
            f"the metric ({metric}) must be one of which it is known whether more is better; "
            f"{nearest(metric, HIGHER | LOWER)}"
        )
    rows = [name_row(str(method), str(label)) for method, label in zip(runs["method"], runs["label"], strict=True)]
    names = tuple(dict.fromkeys(rows))
    seeds = tuple(sorted({int(seed) for seed in runs["seed"]}))
    values_KS = np.full((len(names), len(seeds)), np.nan)
    numbers = pd.to_numeric(runs[column]).astype(float)
    without: dict[str, tuple[int, ...]] = {}
    for row, seed, value in zip(rows, runs["seed"], numbers, strict=True):
        values_KS[names.index(row), seeds.index(int(seed))] = value
        if not np.isfinite(value):
            without[row] = (*without.get(row, ()), int(seed))
    for row in without:
        values_KS[names.index(row)] = np.nan
    samples_KSN = None
    if samples is not None and np.isfinite(values_KS).any():
        samples_KSN = np.full((*values_KS.shape, len(next(iter(samples.values())))), np.nan, dtype=np.float32)
        for row, seed, run in zip(rows, runs["seed"], runs["run"], strict=True):
            if row not in without:
                samples_KSN[names.index(row), seeds.index(int(seed))] = samples[str(run)]
    return Scores(metric, names, seeds, values_KS, samples_KSN, without)
