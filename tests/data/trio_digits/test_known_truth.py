"""The truth that trio_digits promises: which modalities an answer needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fuselab.data.paired import SPLITS
from fuselab.data.trio_digits.questions import KINDS

Arrays = dict[str, Any]


def of(arrays: Arrays, split: str) -> Arrays:
    return {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith(f"{split}.")}


@pytest.mark.parametrize("split", SPLITS)
def test_targets_are_the_truth(truth: Callable[[str, int, int], int | None], made: Arrays, split: str):
    rows = of(made, split)
    samples = zip(rows["slice"], rows["seen"], rows["heard"], strict=True)
    assert [truth(KINDS[kind], int(seen), int(heard)) for kind, seen, heard in samples] == rows["target"].tolist()


def test_seen_and_heard_are_independent_and_even(many: Arrays):
    rows = of(many, "train")
    free = rows["slice"] != KINDS.index("redundant")
    table = np.zeros((10, 10))
    np.add.at(table, (rows["seen"][free], rows["heard"][free]), 1)
    expected = free.sum() / 100
    assert ((table - expected) ** 2 / expected).sum() < 150  # chi-square with 99 degrees of freedom: p < 0.001


def fit_sum_of_logits(counts: Any) -> Any:
    """Fit p(answer) = softmax(logits(seen) + logits(heard)) to counts (seen, heard, answer) by cross-entropy."""
    seen, heard = np.zeros((10, 10)), np.zeros((10, 10))
    probabilities = np.full((10, 10, 10), 0.1)
    shown = counts.sum(-1, keepdims=True)
    for _ in range(500):
        slope = (counts - shown * probabilities) / counts.sum()
        seen, heard = seen + 20 * slope.sum(1), heard + 20 * slope.sum(0)
        logits = seen[:, None] + heard[None]
        probabilities = np.exp(logits - logits.max(-1, keepdims=True))
        probabilities /= probabilities.sum(-1, keepdims=True)
    return probabilities


@pytest.mark.parametrize(
    ("kind", "least", "most", "least_loss", "most_loss"),
    [
        ("unique_image", 1, 1, 0, 0.1),
        ("unique_audio", 1, 1, 0, 0.1),
        ("synergy_max", 0.6, 1, 0, 1.2),
        # The answers of pairs that chance drew more often are guessed better; the loss shows that nothing is known.
        ("synergy_add", 0, 0.25, np.log(10) - 0.01, np.log(10) + 0.05),
    ],
)
def test_a_sum_of_logits_answers_every_kind_but_synergy_add(
    many: Arrays, kind: str, least: float, most: float, least_loss: float, most_loss: float
):
    """Digits are known without error here: no fitted late fusion can do better, and a joint table knows all."""
    rows = of(many, "train")
    rows = {name: rows[name][rows["slice"] == KINDS.index(kind)] for name in ("seen", "heard", "target")}
    half = len(rows["target"]) // 2
    counts = np.zeros((2, 10, 10, 10))
    for number, part in enumerate((slice(half), slice(half, None))):
        np.add.at(counts[number], (rows["seen"][part], rows["heard"][part], rows["target"][part]), 1)
    train, test = counts
    probabilities = fit_sum_of_logits(train)
    right = (test * (probabilities == probabilities.max(-1, keepdims=True))).sum() / test.sum()
    assert least <= right <= most
    assert least_loss <= -(test * np.log(probabilities)).sum() / test.sum() <= most_loss
    assert np.take_along_axis(test, train.argmax(-1)[..., None], -1).sum() == test.sum()


@pytest.mark.parametrize("digit", ["seen", "heard"])
def test_one_digit_says_nothing_of_the_sum(many: Arrays, digit: str):
    rows = of(many, "train")
    add = rows["slice"] == KINDS.index("synergy_add")
    table = np.zeros((10, 10))
    np.add.at(table, (rows[digit][add], rows["target"][add]), 1)
    joint = table / table.sum()
    even = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    information = (joint * np.log2(joint / even)).sum()
    # An estimate from n samples is about 81 / (2 n ln 2) bits too high; 3.3 bits would be all.
    assert information < 2 * 81 / (2 * add.sum() * np.log(2))
