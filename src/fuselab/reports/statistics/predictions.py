"""What each test sample adds to a metric, from ``predictions.parquet``.

Shapes: N samples, C outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fuselab.reports.load import Run, name_some
from fuselab.reports.statistics.scores import Array
from fuselab.runs.predictions import Predictions, read_predictions

CLOSE = 1e-4  # outputs are stored as float32, and a metric adds them up in another order


@dataclass(frozen=True)
class Samples:
    """Each test sample's share of a metric that is a mean over samples.

    Args:
        metric: its name
        shares: by run (N,)
        slice: (N,), each sample's slice; None stands for no slice
    """

    metric: str
    shares: dict[str, Array]
    slice: Array

    def of(self, column: str) -> dict[str, Array]:
        """Return the shares of the samples that a column of a result is about.

        Args:
            column: such as ``accuracy`` or ``slices.easy.accuracy``
        """
        if not column.startswith("slices."):
            return self.shares
        inside_N = self.slice == column.removeprefix("slices.").rpartition(".")[0]
        return {run: share_N[inside_N] for run, share_N in self.shares.items()}


def read_samples(runs: Sequence[Run], metric: str) -> Samples | str:
    """Return what each test sample adds to a metric, or in words why it can't be known for all runs.

    Args:
        runs: finished runs
        metric: of all samples
    """
    if metric not in SHARES:
        return f"{metric} is no mean over samples"
    shares: dict[str, Array] = {}
    lacking, other, unlike = [], [], []
    first: Predictions | None = None
    for run in runs:
        found = read_predictions(run.folder.predictions)
        if found is None:
            lacking.append(run.name)
            continue
        first = first or found
        if not (np.array_equal(found.index, first.index) and np.array_equal(found.target, first.target)):
            other.append(run.name)
            continue
        share_N = SHARES[metric](found.output, found.target, run.config)
        told = run.result["test"].get(metric)
        if told is None or not np.isclose(share_N.mean(), told, rtol=CLOSE, atol=CLOSE):
            unlike.append(run.name)
        shares[run.name] = share_N
    for names, what in (
        (lacking, "predictions are missing"),
        (other, "predictions are of other samples"),
        (unlike, f"{metric} of the predictions is not that of the result"),
    ):
        if names:
            return f"{what}: {name_some(names)}"
    if first is None:
        return "there are no predictions"
    return Samples(metric, shares, first.slice)


def _right(output_NC: Array, target_N: Array, config: dict[str, Any]) -> Array:  # noqa: ARG001 of one shape
    return np.asarray(output_NC.argmax(1) == target_N, dtype=np.float32)


def _all_right(output_NC: Array, target_NC: Array, config: dict[str, Any]) -> Array:
    threshold = config["task"]["threshold"]
    said_NC = 1 / (1 + np.exp(-output_NC.astype(np.float64))) > threshold
    return np.asarray((said_NC == target_NC.reshape(said_NC.shape).astype(bool)).all(1), dtype=np.float32)


def _error(output_NC: Array, target: Array, config: dict[str, Any]) -> Array:  # noqa: ARG001 of one shape
    return np.asarray(np.abs(output_NC - target.reshape(output_NC.shape)).mean(1))


# The first metric of every task is a mean over samples.
SHARES: dict[str, Callable[[Array, Array, dict[str, Any]], Array]] = {
    "accuracy": _right,
    "subset_accuracy": _all_right,
    "mae": _error,
}
