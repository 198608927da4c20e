from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fuselab.reports.statistics.best import find_best
from fuselab.reports.statistics.claims import say_claim, say_needed, say_number, say_result
from fuselab.reports.statistics.compare import Comparisons, compare
from fuselab.reports.statistics.paired import all_pairs
from fuselab.reports.statistics.power import seeds_needed

from ..conftest import make_settings
from .conftest import make_scores

SETTINGS = make_settings(test="t")


def compared(values, *, metric: str = "accuracy") -> Comparisons:
    scores = make_scores(values, metric=metric)
    return compare(scores, all_pairs(scores), settings=SETTINGS)


def result(values) -> tuple[str, ...]:
    found = compared(values)
    return say_result(found, find_best(found, settings=SETTINGS), settings=SETTINGS)


def test_a_difference_that_holds_is_said_with_its_evidence():
    first, second = [0.82, 0.85, 0.84, 0.81, 0.83], [0.80, 0.82, 0.81, 0.79, 0.81]
    tested = stats.ttest_rel(first, second)
    low, high = (100 * one for one in tested.confidence_interval())
    assert say_claim(compared([first, second]), 0, settings=SETTINGS) == (
        f"a is better than b by 2.4 points (95 % interval {low:.1f} to {high:.1f}, Holm-corrected p < 0.001, 5 seeds)"
    )
    assert tested.pvalue < 0.001


def test_a_difference_that_does_not_hold_is_said_with_the_seeds_that_would_show_it():
    first, second = np.array([0.82, 0.85, 0.80]), np.array([0.80, 0.82, 0.81])
    tested = stats.ttest_rel(first, second)
    low, high = (100 * one for one in tested.confidence_interval())
    needed = seeds_needed(
        difference=(first - second).mean(),
        deviation=(first - second).std(ddof=1),
        sample_error=0.0,
        alpha=0.05,
        power=0.8,
    )
    assert say_claim(compared([first, second]), 0, settings=SETTINGS) == (
        f"a is not shown to differ from b: 1.3 points (95 % interval {low:.1f} to {high:.1f}, Holm-corrected "
        f"p = {tested.pvalue:.2g}, 3 seeds); were that the true difference, about {needed} seeds would be needed to "
        "show it"
    )


def test_less_is_better_for_errors_and_has_no_points():
    said = say_claim(compared([[0.31, 0.32, 0.33], [0.11, 0.121, 0.13]], metric="mae"), 0, settings=SETTINGS)
    assert said.startswith("b is better than a by 0.2 of MAE (95 % interval 0.198 to 0.201, Holm-corrected p < 0.001")


def test_the_better_one_is_named_first_whichever_way_the_pair_stands():
    scores = make_scores([[0.5, 0.51, 0.52], [0.8, 0.82, 0.81]])
    found = compare(scores, (np.array([0]), np.array([1])), settings=SETTINGS)
    said = say_claim(found, 0, settings=SETTINGS)
    assert said.startswith("b is better than a by 30.0 points (95 % interval 27.5 to 32.5, ")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[0.5], [0.6]], "b and a have one seed in common: nothing can be claimed"),
        ([[0.5, np.nan], [np.nan, 0.6]], "b and a have no seed in common: nothing can be claimed"),
        (
            [[0.5, 0.5], [0.6, 0.6]],
            "b differs from a by 10.0 points in every seed alike: without a spread nothing can be claimed",
        ),
        (
            [[0.5, 0.6], [0.5, 0.6]],
            "a is not shown to differ from b: 0.0 points (95 % interval 0.0 to 0.0, Holm-corrected p = 1, 2 seeds)",
        ),
    ],
    ids=["one seed", "no seed", "no spread", "equal"],
)
def test_what_cannot_be_claimed_is_said(values, words):
    assert say_claim(compared(values), 0, settings=SETTINGS) == words


def test_with_two_seeds_nothing_is_claimed_and_the_seeds_that_it_takes_are_said():
    found = compared([[0.80, 0.82], [0.79, 0.83], [0.81, 0.80]])
    spread = np.median(found.tested.deviation)
    needed = seeds_needed(difference=0.01, deviation=spread, sample_error=0.0, alpha=0.05 / 3, power=0.8)
    assert result(found.scores.values) == (
        "with 2 seeds no difference between any two of the 3 methods can be claimed",
        f"about {needed} seeds would be needed to see a difference of 1.0 points between two methods (power 0.8, alpha "
        f"0.05 shared by 3 comparisons; differences of the middle pair spread by {100 * spread:.1f} points over seeds)",
    )


def test_with_one_seed_or_one_method_there_is_nothing_to_claim():
    assert result([[0.8], [0.7]]) == (
        "with one seed no difference between methods can be claimed: how much seeds matter can't be known",
    )
    assert result([[0.8, 0.7]]) == ("one method, a: there is nothing to compare",)


def test_methods_that_do_not_vary_are_said():
    (said,) = result([[0.8, 0.8], [0.7, 0.7]])
    assert said == "with 2 seeds nothing could be tested: the differences don't vary with the seed"


def test_the_leader_is_said_with_all_that_it_is_not_shown_to_beat():
    values = np.array([[0.5], [0.902], [0.9], [0.7]]) + np.random.default_rng(1).normal(0, 0.01, (4, 8))
    said = result(values)
    assert said[0] == "5 of 6 pairs of methods differ"
    assert said[1] == ("b has the highest mean accuracy and may be the best; so may c, and no other")
    assert result(values[[0, 1, 3]])[1] == (
        "b has the highest mean accuracy and is the best of all that it was tested against"
    )


def test_what_could_not_be_tested_is_named():
    values = np.array([[0.5], [0.9], [0.7]]) + np.random.default_rng(1).normal(0, 0.01, (3, 8))
    values[2, 1:] = np.nan
    assert "not tested against b, for want of common seeds or of a spread: c" in result(values)


def test_too_few_test_samples_are_said_to_be_so():
    generator = np.random.default_rng(0)
    samples = (generator.random((2, 4, 50)) < 0.7).astype(np.float32)
    scores = make_scores(samples.mean(2), samples=samples)
    settings = make_settings()
    said = say_needed(compare(scores, all_pairs(scores), settings=settings), settings=settings)
    assert said.startswith("more test samples would be needed, whatever the seeds, to see a difference of 1.0 points")
    assert "over test samples)" in said


def test_what_many_beat_is_said_where_no_single_pair_shows_it():
    values = 0.9 + 0.01 * np.random.default_rng(0).normal(size=(21, 5))
    values[20] = [0.65, 0.35, 0.55, 0.45, 0.5]
    said = result(values)
    assert said[0] == "with 5 seeds no difference between any two of the 21 methods can be claimed"
    assert said[1].endswith(", and no other")
    assert "u" not in said[1].split("may be the best; so may ")[1].replace(", and no other", "").split(", ")


def test_some_of_the_pairs_share_alpha_with_all():
    found = compared(np.random.default_rng(0).normal(0.8, 0.01, (6, 4)))
    alone = found.only(np.array([14]))
    assert say_claim(alone, 0, settings=SETTINGS) == say_claim(found, 14, settings=SETTINGS)
    assert "were that the true difference" in say_claim(alone, 0, settings=SETTINGS)


def test_ranks_need_at_least_as_many_seeds_as_are_counted():
    scores = make_scores(np.random.default_rng(0).normal(0.8, 0.01, (3, 4)))
    settings = make_settings(test="wilcoxon")
    said = say_needed(compare(scores, all_pairs(scores), settings=settings), settings=settings)
    assert said.startswith("at least ")


def test_numbers_have_no_negative_zero():
    assert (say_number(-0.0001, "accuracy"), say_number(-1e-9, "mae")) == ("0.0", "0")
