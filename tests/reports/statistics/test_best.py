from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fuselab.reports.statistics.best import Best, find_best
from fuselab.reports.statistics.compare import compare
from fuselab.reports.statistics.paired import all_pairs, student_test

from ..conftest import make_settings
from .conftest import make_scores


def best_of(values, *, metric: str = "accuracy") -> Best:
    scores = make_scores(values, metric=metric)
    return find_best(compare(scores, all_pairs(scores), settings=make_settings(test="t")))


def around(*means: float, seeds: int = 8, spread: float = 0.01, seed: int = 0) -> np.ndarray:
    return np.array(means)[:, None] + np.random.default_rng(seed).normal(0, spread, (len(means), seeds))


def test_all_that_are_not_shown_to_be_worse_are_marked():
    assert best_of(around(0.5, 0.902, 0.9, 0.7, seed=1)) == Best(leader="b", names=frozenset("bc"), untested=())


def test_one_that_is_better_than_all_is_marked_alone():
    assert best_of(around(0.5, 0.9, 0.7)).names == {"b"}


def test_less_is_better_for_errors():
    assert best_of(around(0.5, 0.9, 0.7), metric="mae").names == {"a"}


def test_where_nobody_is_worse_nobody_is_marked():
    assert best_of(around(0.8, 0.8, 0.8, seed=1)).names == frozenset()
    assert best_of(np.full((3, 4), 0.8)) == Best("a", frozenset(), ())


def test_a_method_that_could_not_be_tested_is_named_and_never_marked():
    values = around(0.5, 0.9, 0.95)
    values[2, 1:] = np.nan
    assert best_of(values) == Best(leader="b", names=frozenset("b"), untested=("c",))


def test_with_one_seed_nobody_leads():
    assert best_of(around(0.5, 0.9, seeds=1)) == Best(None, frozenset(), ("a", "b"))


def test_one_method_has_nobody_to_lead():
    assert best_of(around(0.5)) == Best(None, frozenset(), ("a",))


@pytest.mark.parametrize("worse", [0, 3])
def test_a_method_that_is_among_the_best_is_left_unmarked_in_at_most_alpha_of_the_tables(worse):
    """Of eight methods that are equal in truth, also with others that are worse."""
    tables, wrong = 400, 0
    for seed in range(tables):
        names = best_of(around(*[0.8] * 8, *[0.6] * worse, seeds=6, seed=seed)).names
        wrong += bool(names) and not set("abcdefgh") <= names
    assert wrong <= stats.binom.isf(0.001, tables, 0.05)


def test_the_usual_test_against_the_leader_makes_as_many_false_claims_as_the_docstring_says():
    """37 equal methods, 5 seeds: Holm over the 36 comparisons with the highest mean, and over all 666 pairs."""
    generator = np.random.default_rng(0)
    tables, usual, ours = 2000, 0, 0
    for _ in range(tables):
        values = generator.normal(size=(37, 5))
        leader = values[values.mean(1).argmax()]
        usual += student_test(leader - values[(values != leader).any(1)], alpha=0.05).p.min() <= 0.05 / 36
        first, second = np.triu_indices(37, 1)
        ours += student_test(values[first] - values[second], alpha=0.05).p.min() <= 0.05 / 666
    assert usual / tables == pytest.approx(0.19, abs=0.03)
    assert ours <= stats.binom.isf(0.001, tables, 0.05)
