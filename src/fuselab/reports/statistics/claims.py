"""Sentences of what holds and what doesn't."""

from __future__ import annotations

import math

import numpy as np

from fuselab.reports.columns import HEADINGS
from fuselab.reports.statistics.best import Best
from fuselab.reports.statistics.compare import Comparisons
from fuselab.reports.statistics.crossed import sample_errors
from fuselab.reports.statistics.power import seeds_needed
from fuselab.reports.statistics.scores import FRACTIONS, Array
from fuselab.reports.statistics.settings import Settings

CORRECTED = {"holm": "Holm-corrected", "benjamini_hochberg": "Benjamini-Hochberg-corrected"}
OVER = {
    "crossed": "over seeds and test samples",
    "t": "over seeds, for these test samples",
    "wilcoxon": "over seeds by signed ranks, for these test samples",
}


def say_claim(comparisons: Comparisons, place: int, *, settings: Settings) -> str:
    """Say of a pair which is better and by how much, or that this can't be said.

    Args:
        comparisons: of methods
        place: of the pair
        settings: how they were tested
    """
    first, second = comparisons.names(place)
    tested, metric = comparisons.tested, comparisons.scores.metric
    seeds, difference = int(tested.seeds[place]), float(tested.difference[place])
    if difference < 0:
        first, second = second, first
    if seeds < 2:
        have = "no seed in common" if seeds == 0 else "one seed in common"
        return f"{first} and {second} have {have}: nothing can be claimed"
    if math.isnan(tested.p[place]):
        size = say_size(abs(difference), metric)
        return f"{first} differs from {second} by {size} in every seed alike: without a spread nothing can be claimed"
    low, high = sorted((math.copysign(1, difference) * float(tested.low[place]),
                        math.copysign(1, difference) * float(tested.high[place])))  # fmt: skip
    level = f"{100 * (1 - settings.alpha):g} %"
    interval = f"{say_number(low, metric)} to {say_number(high, metric)}"
    support = (
        f"{level} interval {interval}, {CORRECTED[settings.correction]} {say_p(comparisons.corrected[place])}, "
        f"{seeds} seeds"
    )
    if comparisons.holds[place]:
        return f"{first} is better than {second} by {say_size(abs(difference), metric)} ({support})"
    only = comparisons.only(np.array([place]))
    needed = _needed(
        comparisons, abs(difference), float(only.tested.deviation[0]), float(_sample_errors(only)[0]), settings=settings
    )
    hint = f"; were that the true difference, {needed} to show it" if difference else ""
    return f"{first} is not shown to differ from {second}: {say_size(abs(difference), metric)} ({support}){hint}"


def say_result(comparisons: Comparisons, best: Best, *, settings: Settings) -> tuple[str, ...]:
    """Say what holds among all methods, or how many seeds it would take.

    Args:
        comparisons: of all pairs
        best: the methods that may be the best in the same metric
        settings: how they were tested
    """
    scores = comparisons.scores
    number = len(scores.names)
    if number == 1:
        return (f"one method, {scores.names[0]}: there is nothing to compare",)
    most = int(comparisons.tested.seeds.max())
    if most < 2:
        return ("with one seed no difference between methods can be claimed: how much seeds matter can't be known",)
    if best.leader is None:
        return (f"with {most} seeds nothing could be tested: the differences don't vary with the seed",)
    if comparisons.holds.any():
        said = [f"{int(comparisons.holds.sum())} of {_count(comparisons.number, 'pair')} of methods differ"]
    else:
        said = [f"with {most} seeds no difference between any two of the {number} methods can be claimed"]
    if comparisons.holds.any() or best.names:
        high = "highest" if scores.higher else "lowest"
        said.append(f"{best.leader} has the {high} mean {say_metric(scores.metric)} and {_beside(comparisons, best)}")
    if best.untested:
        said.append(
            f"not tested against {best.leader}, for want of common seeds or of a spread: {', '.join(best.untested)}"
        )
    said.append(say_needed(comparisons, settings=settings))
    return tuple(said)


def say_needed(comparisons: Comparisons, *, settings: Settings) -> str:
    """Say how many seeds it would take to see a difference that is worth seeing, between methods of the middle spread.

    Args:
        comparisons: of methods
        settings: how they were tested
    """
    metric = comparisons.scores.metric
    spread = _middle(comparisons.tested.deviation)
    error = _middle(_sample_errors(comparisons))
    needed = _needed(comparisons, settings.interest, spread, error, settings=settings)
    beside = f" and have a standard error of {say_size(error, metric)} over test samples" if error else ""
    return (
        f"{needed} to see a difference of {say_size(settings.interest, metric)} between two methods (power "
        f"{settings.power:g}, alpha {settings.alpha:g} shared by {_count(comparisons.number, 'comparison')}; "
        f"differences of the middle pair spread by {say_size(spread, metric)} over seeds{beside})"
    )


def _needed(comparisons: Comparisons, difference: float, spread: float, error: float, *, settings: Settings) -> str:
    # The first of many corrected tests is held to this; a later one asks for less.
    alpha = settings.alpha / comparisons.number
    found = seeds_needed(difference=difference, deviation=spread, sample_error=error, alpha=alpha, power=settings.power)
    if found is not None:
        # Ranks see a little less than the t-test that is counted here.
        return f"{'at least' if comparisons.test == 'wilcoxon' else 'about'} {found} seeds would be needed"
    return "more test samples would be needed, whatever the seeds," if error else "thousands of seeds would be needed"


def _sample_errors(comparisons: Comparisons) -> Array:
    if comparisons.test != "crossed":
        return np.zeros(len(comparisons))
    return sample_errors(comparisons.scores, comparisons.first, comparisons.second)


def _middle(values: Array) -> float:
    return float(np.median(values[np.isfinite(values)]))


def say_size(value: float, metric: str) -> str:
    """Return a difference with its unit: points of a hundred for shares.

    Example:
        >>> say_size(0.021, "accuracy"), say_size(0.01, "accuracy"), say_size(0.0213, "mae")
        ('2.1 points', '1.0 points', '0.0213 of MAE')
    """
    unit = "points" if metric in FRACTIONS else f"of {say_metric(metric)}"
    return f"{say_number(value, metric)} {unit}"


def say_metric(metric: str) -> str:
    """Return what a metric is called.

    Example:
        >>> say_metric("mae"), say_metric("subset_accuracy")
        ('MAE', 'subset accuracy')
    """
    return HEADINGS.get(metric, metric.replace("_", " "))


def say_number(value: float, metric: str) -> str:
    """Return a difference without its unit.

    Example:
        >>> say_number(-0.0213, "accuracy"), say_number(-0.0213, "mae"), say_number(-0.0001, "accuracy")
        ('-2.1', '-0.0213', '0.0')
    """
    rounded = round(100 * value, 1) if metric in FRACTIONS else round(value, 4)
    return f"{rounded + 0.0:.1f}" if metric in FRACTIONS else f"{rounded + 0.0:.3g}"


def say_p(value: float) -> str:
    """Return a p-value, never as zero.

    Example:
        >>> say_p(0.0412), say_p(0.00004), say_p(1.0)
        ('p = 0.041', 'p < 0.001', 'p = 1')
    """
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _beside(comparisons: Comparisons, best: Best) -> str:
    others = [name for name in comparisons.scores.names if name in best.names and name != best.leader]
    if not best.names:
        return "is not shown to be the best: every other may be as well"
    if not others:
        return "is the best of all that it was tested against"
    return f"may be the best; so may {', '.join(others)}, and no other"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
