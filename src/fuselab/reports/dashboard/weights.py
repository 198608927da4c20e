"""How much each modality counted: over all test samples, over each slice's, and in each sample that the page shows.

Shapes: S samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fuselab.reports.plots.answers import Answers
from fuselab.runs.predictions import Array, Predictions

DIGITS = 3  # of a share: more is no wider on a screen


def tell_weights(
    summed: Mapping[str, Answers], shown: Mapping[str, Mapping[str, Array]], *, slices: Sequence[str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the names of modalities and groups of samples, and each run's weights in their order, as JSON.

    One modality alone has all the weight there is, so that runs of one are left out.

    Args:
        summed: predictions of runs, summed up, by run name
        shown: weights of the samples that the page shows (S,), by run name and modality
        slices: names in the order of the data

    Returns:
        ``modalities`` and ``groups``, of which None stands for all samples; and by run name ``mean`` (a row a group)
        and ``samples`` (a row a sample, in percent), None where a run lacks the modality or the group
    """
    known = {name: answers.weights for name, answers in summed.items() if len(answers.weights.get(None, {})) > 1}
    modalities = list(dict.fromkeys(modality for weights in known.values() for modality in weights[None]))
    there = {group for weights in known.values() for group in weights}
    groups = [group for group in dict.fromkeys((None, *slices, *sorted(there - {None}, key=str))) if group in there]
    told = {
        name: {
            "mean": [[_share(weights.get(group, {}).get(one)) for one in modalities] for group in groups],
            "samples": _percent([shown[name].get(one) for one in modalities]),
        }
        for name, weights in known.items()
    }
    return {"modalities": modalities, "groups": groups}, told


def of_samples(predictions: Predictions, chosen: Sequence[int]) -> dict[str, Array]:
    """Return the weights of some samples (S,), in the order of the dataset, by modality.

    Args:
        predictions: a run's
        chosen: indices of the samples
    """
    rows = np.isin(predictions.index, chosen)
    return {name: one[rows] for name, one in predictions.weights.items()}


def _share(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, DIGITS)


def _percent(columns: Sequence[Array | None]) -> list[list[int | None]]:
    number = next(len(one) for one in columns if one is not None)
    rows = zip(*(np.full(number, np.nan) if one is None else one for one in columns), strict=True)
    return [[round(100 * float(one)) if np.isfinite(one) else None for one in row] for row in rows]
