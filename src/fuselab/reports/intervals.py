"""Bootstrap intervals of every mean in a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fuselab.reports.aggregate import measure_columns
from fuselab.reports.labels import name_row
from fuselab.reports.load import Split
from fuselab.reports.statistics.analyse import Statistics
from fuselab.reports.statistics.bootstrap import bootstrap_means
from fuselab.reports.statistics.scores import Array
from fuselab.reports.statistics.settings import Settings


def add_intervals(
    methods: pd.DataFrame, runs: pd.DataFrame, statistics: Statistics | str, *, split: Split, settings: Settings
) -> pd.DataFrame:
    """Return the frame of methods with ``_low`` and ``_high`` of each measure.

    Seeds are drawn again and, where it is known what each test sample adds to a metric, test samples too.

    Args:
        methods: a row a method and label
        runs: a row a run
        statistics: of the same runs, which know the samples
        split: whose metrics
        settings: of the bootstrap
    """
    rows = [name_row(str(one["method"]), str(one["label"])) for one in methods.to_dict("records")]
    seeds = sorted(set(runs["seed"]))
    places = [
        (rows.index(name_row(str(one["method"]), str(one["label"]))), seeds.index(one["seed"]))
        for one in runs[["method", "label", "seed"]].to_dict("records")
    ]
    scores = {} if isinstance(statistics, str) else statistics.scores
    added: dict[str, Array] = {}
    for name, column in measure_columns(runs, split=split).items():
        values_KS = np.full((len(rows), len(seeds)), np.nan)
        for (row, seed), value in zip(places, pd.to_numeric(runs[column]).astype(float), strict=True):
            values_KS[row, seed] = value
        samples_KSN = scores[name].samples if name in scores else None
        if samples_KSN is not None:
            order = [scores[name].names.index(one) for one in rows]
            values_KS, samples_KSN = scores[name].values[order], samples_KSN[order]
        found = bootstrap_means(
            values_KS, samples_KSN, resamples=settings.resamples, seed=settings.seed, alpha=settings.alpha
        )
        # A method that lacks a number has no mean, and so no interval of one.
        known_K = np.isfinite(methods[f"{name}_mean"].to_numpy(dtype=float))
        added |= {
            f"{name}_low": np.where(known_K, found.low, np.nan),
            f"{name}_high": np.where(known_K, found.high, np.nan),
        }
    return methods.assign(**added)
