from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fuselab.reports.statistics.best import Best, find_best
from fuselab.reports.statistics.compare import compare
from fuselab.reports.statistics.paired import all_pairs, student_test

from ..conftest import make_settings
from .conftest import draw_samples, make_scores


def best_of(values, *, metric: str = "accuracy", **changes) -> Best:
    scores = make_scores(values, metric=metric)
    settings = make_settings(test="t", **changes)
    return find_best(compare(scores, all_pairs(scores), settings=settings), settings=settings)


def around(*means: float, seeds: int = 8, spread: Any = 0.01, seed: int = 0) -> np.ndarray:
    return np.array(means)[:, None] + spread * np.random.default_rng(seed).normal(size=(len(means), seeds))


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


def slow(values: np.ndarray) -> set[int]:
    """Return the places of the methods that stay, by the rule written out."""
    number = len(values)
    p = []
    for one in range(number):
        others = [values[other] for other in range(number) if other != one]
        worse = sorted(stats.ttest_rel(other, values[one], alternative="greater").pvalue for other in others)
        p.append(min((number - 1) / rank * value for rank, value in enumerate(worse, start=1)))
    return {one for one, lost in enumerate(multipletests(p, method="holm")[0]) if not lost}


@pytest.mark.parametrize("seed", range(5))
def test_the_rule_is_that_of_its_docstring(seed):
    values = around(0.5, 0.9, 0.895, 0.89, 0.7, 0.88, seeds=4, spread=0.01, seed=seed)
    names = {chr(ord("a") + place) for place in slow(values)}
    assert 0 < len(names) < 6
    assert best_of(values).names == names


def test_what_many_beat_is_unmarked_where_no_single_pair_would_show_it():
    values = around(*[0.9] * 20, 0.5, seeds=5, spread=0.01)
    values[20] += np.array([0.15, -0.15, 0.05, -0.05, 0.0])
    scores = make_scores(values)
    assert not compare(scores, all_pairs(scores), settings=make_settings(test="t")).holds.any()
    assert best_of(values).names == set(scores.names[:20])


def test_a_false_discovery_rate_marks_no_more():
    values = around(0.9, 0.88, 0.86, 0.84, 0.82, seeds=5)
    assert best_of(values, correction="benjamini_hochberg").names <= best_of(values).names


@pytest.mark.parametrize("spread", ["equal", "unequal"])
@pytest.mark.parametrize("worse", [0, 3])
def test_a_method_that_is_among_the_best_is_left_unmarked_in_at_most_alpha_of_the_tables(worse, spread):
    """Of eight methods that are equal in truth, also with others that are worse, and with spreads of any size."""
    tables, wrong = 400, 0
    for seed in range(tables):
        sizes = np.geomspace(0.001, 0.02, 8 + worse)[:, None] if spread == "unequal" else 0.01
        values = around(*[0.8] * 8, *[0.6] * worse, seeds=6, spread=sizes, seed=seed)
        names = best_of(values).names
        wrong += bool(names) and not set("abcdefgh") <= names
    assert wrong <= stats.binom.isf(0.001, tables, 0.05)


def test_samples_keep_the_promise_too():
    """Six methods that are equal in truth but for the luck of seeds and of test samples."""
    generator = np.random.default_rng(0)
    settings = make_settings()
    tables, wrong = 250, 0
    for _ in range(tables):
        samples = draw_samples(generator, methods=6, seeds=4, samples=40, of_seed=0.05, of_sample=0.2)
        scores = make_scores(samples.mean(2, dtype=float), samples=samples)
        wrong += bool(find_best(compare(scores, all_pairs(scores), settings=settings), settings=settings).names)
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
