"""What runs answered to test samples: a few samples for all runs alike, and the errors of each run.

Shapes: S samples, C classes, labels or values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from fuselab.reports.dashboard.numbers import shorts
from fuselab.reports.plots.answers import Answers, Bins
from fuselab.runs.excerpt import choose_rows
from fuselab.runs.predictions import Array, Predictions

Task = Literal["classes", "labels", "values"]
# What a task reports says what its outputs are; a task of somebody's own that reports none of these shows no samples.
REPORTED: dict[str, Task] = {"accuracy": "classes", "subset_accuracy": "labels", "mae": "values"}
SAMPLES = 60  # where no excerpt says which
MISTAKES = 12  # of each run
CLASSES = 20  # of a confusion matrix at most


def find_task(metrics: Mapping[str, Any]) -> Task | None:
    """Return what outputs mean, by the metrics that a run reports.

    Args:
        metrics: of a split

    Example:
        >>> find_task({"loss": 1.0, "accuracy": 0.5}), find_task({"loss": 1.0})
        ('classes', None)
    """
    return next((task for metric, task in REPORTED.items() if metric in metrics), None)


def choose_samples(predictions: Predictions, task: Task) -> list[int]:
    """Return the samples to show where no excerpt says which, by slice and class.

    Args:
        predictions: of any run: all answer the same samples
        task: what outputs mean
    """
    classes = predictions.target if task == "classes" else np.zeros(len(predictions.index))
    keys = [f"{group}|{target}" for group, target in zip(predictions.slice, classes, strict=True)]
    rows = choose_rows(np.unique(keys, return_inverse=True)[1], SAMPLES)
    return [int(index) for index in predictions.index[rows]]


def tell_samples(predictions: Predictions, chosen: list[int], task: Task) -> list[dict[str, Any]]:
    """Return the samples as JSON: index, slice and target.

    Args:
        predictions: of any run
        chosen: indices of samples
        task: what outputs mean
    """
    rows = _rows(predictions, chosen)
    targets = _told(predictions.target[rows], task)
    return [
        {"index": int(predictions.index[row]), "slice": predictions.slice[row], "target": target}
        for row, target in zip(rows, targets, strict=True)
    ]


def tell_answers(
    predictions: Predictions, chosen: list[int], task: Task, config: Mapping[str, Any], *, summed: Answers
) -> dict[str, Any]:
    """Return a run's answers as JSON.

    Args:
        predictions: the run's
        chosen: indices of the samples that the page shows
        task: what outputs mean
        config: of the run
        summed: the same predictions, summed up
    """
    said, sure, error = _judge(predictions, task, config)
    rows = _rows(predictions, chosen)
    worst = [int(row) for row in np.lexsort((predictions.index, -sure if task == "classes" else 0 * sure, -error))]
    wrong = [row for row in worst[:MISTAKES] if error[row] > 0]
    told: dict[str, Any] = {
        "said": _told(said[rows], task),
        "sure": _percent(sure[rows]),
        "error": shorts(error[rows]),
        "wrong": int((error > 0).sum()),
        "of": len(error),
        "mistakes": {
            "index": predictions.index[wrong].tolist(),
            "slice": predictions.slice[wrong].tolist(),
            "target": _told(predictions.target[wrong], task),
            "said": _told(said[wrong], task),
            "sure": _percent(sure[wrong]),
            "error": shorts(error[wrong]),
        },
    }
    if task == "classes" and summed.confusion is not None and len(summed.confusion) <= CLASSES:
        told["confusion"] = summed.confusion.ravel().tolist()
    if task == "classes" and summed.bins is not None:
        told["bins"] = _tell_bins(summed.bins)
    return told


def _tell_bins(bins: Bins) -> dict[str, list[Any]]:
    """Return sums, not means: those of several seeds are added up where they are shown together."""
    return {"samples": bins.samples.tolist(), "confidence": shorts(bins.confidence), "right": shorts(bins.right)}


def _judge(predictions: Predictions, task: Task, config: Mapping[str, Any]) -> tuple[Array, Array, Array]:
    """Return what is said (S,) or (S, C), how sure it is (S,), and the error (S,), 0 where it is right."""
    output, target = predictions.output.astype(np.float64), predictions.target
    if task == "classes":
        # Logits and log-probabilities alike.
        with np.errstate(invalid="ignore"):
            likely = np.exp(output - output.max(1, keepdims=True))
        said = output.argmax(1)
        return said, (likely.max(1) / likely.sum(1)), (said != target).astype(np.float64)
    target = target.reshape(len(output), -1)
    if task == "labels":
        chance = 1 / (1 + np.exp(-np.clip(output, -500, 500)))
        labels = chance > config["task"]["threshold"]
        return labels, np.full(len(output), np.nan), (labels != target.astype(bool)).sum(1).astype(np.float64)
    return output, np.full(len(output), np.nan), np.nan_to_num(np.abs(output - target).mean(1))


def _told(values: Array, task: Task) -> list[Any]:
    if task == "classes":
        return [int(one) for one in values]
    if task == "labels":
        return [np.flatnonzero(one).tolist() for one in values.reshape(len(values), -1)]
    return [shorts(one) for one in values.reshape(len(values), -1)]


def _percent(sure: Array) -> list[int] | None:
    return None if np.isnan(sure).all() else [int(one) for one in np.rint(100 * np.nan_to_num(sure))]


def _rows(predictions: Predictions, chosen: list[int]) -> Array:
    return np.flatnonzero(np.isin(predictions.index, chosen))
