"""From runs to rows: one frame with a row a run, and one with the mean and deviation of each method over its seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from fuselab.reports.load import Run, Split

# The reading order, of each task the metric that slices have too first; others follow as the result has them.
METRICS = (
    "accuracy",
    "subset_accuracy",
    "mae",
    "rmse",
    "micro_f1",
    "macro_f1",
    "mean_average_precision",
    "pearson_r",
    "r2",
    "calibration_error",
    "loss",
)
CONSTANTS = ("parameters", "flops")  # the same for every seed, so that they need no deviation
COSTS = ("seconds.fit", "seconds.test", "seconds.total", "peak_memory_bytes", "epochs", "steps")


def frame_runs(runs: Sequence[Run], labels: Mapping[str, str], *, families: Sequence[str]) -> pd.DataFrame:
    """Return a row a run, grouped by family: all that its result holds, and its folder's name to trace it by.

    Args:
        runs: finished runs
        labels: what tells runs of one method apart, by run name
        families: which come first; others follow by name
    """
    rows = []
    for run in sorted(runs, key=lambda run: (*_rank(run.family, families), run.method, labels[run.name], run.seed)):
        first = {key: run.result[key] for key in ("method", "family", "seed", "identity")}
        rest = {key: value for key, value in _flat(run.result) if key not in first}
        rows.append({"run": run.name, "label": labels[run.name], **first, **rest})
    return pd.DataFrame(rows)


def frame_methods(runs: pd.DataFrame, *, split: Split) -> pd.DataFrame:
    """Return a row a method and label: means and sample deviations (ddof = 1) over seeds, grouped by family.

    A value that one seed lacks has no mean: the mean of the others would be a mean over fewer seeds, unseen.

    Args:
        runs: from :func:`frame_runs`
        split: whose metrics
    """
    columns = measure_columns(runs, split=split)
    rows = []
    for (family, method, label), several in runs.groupby(["family", "method", "label"], sort=False, dropna=False):
        row: dict[str, Any] = {"method": method, "label": label, "family": family}
        row |= {"seeds": len(several), "seed_list": " ".join(str(seed) for seed in several["seed"])}
        for name, column in columns.items():
            values = pd.to_numeric(several[column]).astype(float)
            row |= {f"{name}_mean": values.mean(skipna=False), f"{name}_std": values.std(ddof=1, skipna=False)}
        for name in CONSTANTS:
            value = pd.to_numeric(several[name]).astype(float).mean(skipna=False)
            row[name] = int(value) if value.is_integer() else value
        rows.append(row)
    return pd.DataFrame(rows)


def measure_columns(runs: pd.DataFrame, *, split: Split) -> dict[str, str]:
    """Return what varies from seed to seed: the column in the frame of runs by the name in the frame of methods.

    Args:
        runs: from :func:`frame_runs`
        split: whose metrics
    """
    columns = {_measure_name(name): f"{split}.{name}" for name in list_metrics(runs, split=split)}
    return columns | {_measure_name(name): name for name in COSTS if name in runs}


def list_metrics(runs: pd.DataFrame, *, split: Split) -> list[str]:
    """Return a split's metrics in reading order, those of slices last and as ``slices.<name>.<metric>``."""
    names = [column.removeprefix(f"{split}.") for column in runs.columns if column.startswith(f"{split}.")]
    overall = [name for name in names if not name.startswith("slices.")]
    first = [name for name in METRICS if name in overall]
    return [*first, *(name for name in overall if name not in first), *(n for n in names if n.startswith("slices."))]


def _measure_name(column: str) -> str:
    return {"seconds.fit": "fit_seconds", "seconds.test": "test_seconds", "seconds.total": "total_seconds"}.get(
        column, column.removeprefix("slices.")
    )


def _rank(family: str, families: Sequence[str]) -> tuple[int, str]:
    return families.index(family) if family in families else len(families), family


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value) if isinstance(value, list) else value
