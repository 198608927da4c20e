"""What the predictions of one run come to: small enough to keep those of a thousand runs.

Shapes: N samples, C classes, K bins of confidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fuselab.errors import RunFolderError
from fuselab.runs.predictions import Array, Predictions, read_predictions


@dataclass(frozen=True)
class Bins:
    """Sums over the samples of each bin of confidence.

    Args:
        samples: (K,), how many there are
        confidence: (K,), of their confidences
        right: (K,), how many of them are right
    """

    samples: Array
    confidence: Array
    right: Array


@dataclass(frozen=True)
class Answers:
    """A run's test predictions, summed up.

    Args:
        confusion: (C, C), samples of each true class (row) that were said to be of each class; None without classes
        bins: by confidence; None without classes or a number of bins in the config, or where an output is no number
        weights: mean weight of each modality over all samples (under None) and over each slice's; empty without weights
    """

    confusion: Array | None
    bins: Bins | None
    weights: Mapping[str | None, Mapping[str, float]]


def summarise(path: Path, config: Mapping[str, Any]) -> Answers:
    """Sum a run's predictions up.

    Args:
        path: of ``predictions.parquet``
        config: the run's

    Raises:
        RunFolderError: no such file, or one that can't be read
    """
    found = read_predictions(path)
    if found is None:
        raise RunFolderError(f"the predictions ({path}) must be there; launch the run again")
    return sum_up(found, config)


def sum_up(found: Predictions, config: Mapping[str, Any]) -> Answers:
    """Sum predictions up.

    Args:
        found: the run's
        config: the run's
    """
    weights = _weights(found)
    number = config.get("task", {}).get("calibration_bins")
    classes = found.output.shape[1]
    if found.target.ndim > 1 or not np.issubdtype(found.target.dtype, np.integer) or classes < 2:
        return Answers(None, None, weights)
    said_N = found.output.argmax(1)
    counts = np.bincount(found.target * classes + said_N, minlength=classes * classes)
    bins = _bins(found.output, found.target == said_N, number) if number else None
    return Answers(counts.reshape(classes, classes), bins, weights)


def _bins(output_NC: Array, right_N: Array, number: int) -> Bins | None:
    with np.errstate(invalid="ignore"):
        odds_NC = np.exp(output_NC - output_NC.max(1, keepdims=True), dtype=np.float64)
    confidence_N = 1 / odds_NC.sum(1)
    if not np.isfinite(confidence_N).all():
        return None
    # A bin holds its lower bound, as in the calibration error of the table; the last one holds certainty too.
    bin_N = np.minimum((confidence_N * number).astype(int), number - 1)

    def total(weight_N: Array | None) -> Array:
        return np.bincount(bin_N, weights=weight_N, minlength=number)

    return Bins(total(None), total(confidence_N), total(right_N))


def _weights(found: Predictions) -> dict[str | None, dict[str, float]]:
    if not found.weights:
        return {}
    groups: dict[str | None, Array] = {None: np.ones(len(found.index), dtype=bool)}
    groups |= {name: found.slice == name for name in dict.fromkeys(found.slice) if name is not None}
    return {
        group: {name: float(one[inside_N].mean(dtype=np.float64)) for name, one in found.weights.items()}
        for group, inside_N in groups.items()
    }
