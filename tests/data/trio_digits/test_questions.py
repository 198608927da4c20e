from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from fuselab.data.trio_digits.questions import ANSWERS, DEFINITIONS, KINDS, WORDINGS

Truth = Callable[[str, int, int], int | None]
PAIRS = np.array(list(itertools.product(range(10), repeat=2)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_at_least_six_wordings(kind: str):
    assert len(set(WORDINGS[kind])) == len(WORDINGS[kind]) >= 6


def test_a_wording_belongs_to_one_kind():
    wordings = [wording for known in WORDINGS.values() for wording in known]
    assert len(set(wordings)) == len(wordings)


def test_wordings_are_plain_lower_case():
    wordings = [wording for known in WORDINGS.values() for wording in known]
    assert [w for w in wordings if w != " ".join(w.lower().split()) or w.endswith(("?", "."))] == []


def test_every_kind_has_an_answer_and_a_definition():
    assert set(ANSWERS) == set(DEFINITIONS) == set(WORDINGS)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_the_truth(truth: Truth, kind: str):
    pairs = PAIRS[PAIRS[:, 0] == PAIRS[:, 1]] if kind == "redundant" else PAIRS
    expected = [truth(kind, int(seen), int(heard)) for seen, heard in pairs]
    assert ANSWERS[kind](pairs[:, 0], pairs[:, 1]).tolist() == expected


def answers_given_one(kind: str, digit: int) -> np.ndarray:
    """Count each answer for each value of one digit, over all values of the other."""
    table = np.zeros((10, 10), int)
    np.add.at(table, (PAIRS[:, digit], ANSWERS[kind](PAIRS[:, 0], PAIRS[:, 1])), 1)
    return table


@pytest.mark.parametrize("digit", [0, 1])
def test_one_digit_leaves_every_sum_as_likely(digit: int):
    assert (answers_given_one("synergy_add", digit) == 1).all()


@pytest.mark.parametrize("digit", [0, 1])
def test_one_digit_narrows_the_larger_one_down(digit: int):
    table = answers_given_one("synergy_max", digit)
    assert 0.5 < table.max(1).sum() / 100 < 0.6


def test_the_best_sum_of_unimodal_logits_knows_nothing_of_the_sum():
    """Cross-entropy is convex in the logits of each digit, and its slope is zero where all logits are equal."""
    answers = np.eye(10)[ANSWERS["synergy_add"](PAIRS[:, 0], PAIRS[:, 1])]
    slope = answers - 0.1  # one-hot minus the probabilities of equal logits
    for digit in (0, 1):
        for value in range(10):
            np.testing.assert_allclose(slope[PAIRS[:, digit] == value].sum(0), 0, atol=1e-12)


def test_logits_made_by_hand_reach_the_sums_below_ten_only():
    """What the claim does not say: -(c - a - b)² is a sum of logits but for a term without c; no fit leads there."""
    seen, heard = PAIRS[:, :1], PAIRS[:, 1:]
    classes = np.arange(10)
    logits = (2 * seen * classes - classes**2) + 2 * heard * classes
    right = logits.argmax(1) == ANSWERS["synergy_add"](PAIRS[:, 0], PAIRS[:, 1])
    assert right.tolist() == (PAIRS.sum(1) < 10).tolist()
