"""All that is tested for one report: the first metric, over all test samples and in each slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fuselab.reports.load import Run, Split
from fuselab.reports.statistics.best import Best, find_best
from fuselab.reports.statistics.bootstrap import bootstrap_interval
from fuselab.reports.statistics.compare import Comparisons, compare
from fuselab.reports.statistics.effect import chance_of_better, cliffs_delta, cohens_d, hedges_g
from fuselab.reports.statistics.mcnemar import combine_dependent, mcnemar_test
from fuselab.reports.statistics.omnibus import Omnibus, friedman_nemenyi
from fuselab.reports.statistics.paired import against, all_pairs, paired_differences
from fuselab.reports.statistics.predictions import Samples, read_samples
from fuselab.reports.statistics.scores import HIGHER, LOWER, Scores, collect_scores
from fuselab.reports.statistics.settings import Settings

COUNTED = frozenset({"accuracy", "subset_accuracy"})  # a sample is right or wrong: McNemar's test knows these


@dataclass(frozen=True)
class Statistics:
    """What can be claimed of a table.

    Args:
        settings: how it was tested
        scores: each tested metric of every method and seed, by the column's name in the frame of methods
        pairs: all pairs of methods in the first metric
        to_baseline: every method against the baseline; None where no baseline is named
        best: the methods to mark in each column, by the column's name in the frame of methods
        omnibus: ranks over slices; None where there are too few slices or methods
        seeds_alone: why test samples could not be counted, where they were asked for
    """

    settings: Settings
    scores: Mapping[str, Scores]
    pairs: Comparisons
    to_baseline: Comparisons | None
    best: Mapping[str, Best]
    omnibus: Omnibus | None
    seeds_alone: str


def analyse(
    runs: Sequence[Run], frame: pd.DataFrame, metrics: Sequence[str], *, split: Split, settings: Settings
) -> Statistics | str:
    """Compare all methods, or say in words why that can't be.

    Args:
        runs: finished runs
        frame: a row a run, from :func:`fuselab.reports.aggregate.frame_runs`
        metrics: the one over all samples, then the same of slices as ``slices.<name>.<metric>``
        split: whose metrics
        settings: how to test

    Raises:
        ConfigError: a baseline that is no method
    """
    if not metrics:
        return "there is no metric but the loss"
    if metrics[0] not in HIGHER | LOWER:
        return f"whether more {metrics[0]} is better is not known"
    # Predictions are kept of the test split alone.
    found = read_samples(runs, metrics[0]) if split == "test" else "predictions are of the test split alone"
    samples = found if isinstance(found, Samples) else None
    scores = {
        one: collect_scores(frame, f"{split}.{one}", samples=samples.of(one) if samples else None) for one in metrics
    }
    compared = {one: compare(of, all_pairs(of), settings=settings) for one, of in scores.items()}
    first = scores[metrics[0]]
    name = settings.baseline
    return Statistics(
        settings=settings,
        scores={one.removeprefix("slices."): of for one, of in scores.items()},
        pairs=compared[metrics[0]],
        to_baseline=None if name is None else compare(first, against(first, name), settings=settings),
        best={one.removeprefix("slices."): find_best(of, settings=settings) for one, of in compared.items()},
        omnibus=_rank_slices([scores[one] for one in metrics[1:]], metrics[1:], alpha=settings.alpha),
        seeds_alone=found if isinstance(found, str) and settings.test == "crossed" else "",
    )


def frame_pairs(comparisons: Comparisons, *, settings: Settings) -> pd.DataFrame:
    """Return a row a pair, with every number that is known of it; positive differences are the first method's.

    Args:
        comparisons: of methods
        settings: how they were tested
    """
    scores, first_P, second_P = comparisons.scores, comparisons.first, comparisons.second
    difference_PS = paired_differences(scores, first_P, second_P)
    better = chance_of_better(difference_PS, alpha=settings.alpha)
    drawn = bootstrap_interval(
        scores, first_P, second_P, resamples=settings.resamples, seed=settings.seed, alpha=settings.alpha
    )
    sign = 1.0 if scores.higher else -1.0
    tested = comparisons.tested
    return pd.DataFrame(
        {
            "metric": scores.metric,
            "first": [scores.names[place] for place in first_P],
            "second": [scores.names[place] for place in second_P],
            "seeds": tested.seeds,
            "difference": tested.difference,
            "low": tested.low,
            "high": tested.high,
            "test": comparisons.test,
            "p": tested.p,
            "corrected_p": comparisons.corrected,
            "holds": comparisons.holds,
            "deviation": tested.deviation,
            "cohens_dz": cohens_d(difference_PS),
            "hedges_g": hedges_g(difference_PS),
            "cliffs_delta": [
                sign * cliffs_delta(scores.values[one], scores.values[two])
                for one, two in zip(first_P, second_P, strict=True)
            ],
            "better_share": better.share,
            "better_low": better.low,
            "better_high": better.high,
            "bootstrap_low": drawn.low,
            "bootstrap_high": drawn.high,
            "mcnemar_p": [_mcnemar(scores, one, two) for one, two in zip(first_P, second_P, strict=True)],
        }
    )


def _mcnemar(scores: Scores, one: int, two: int) -> float:
    if scores.samples is None or scores.metric not in COUNTED:
        return float("nan")
    both_S = np.isfinite(scores.values[one]) & np.isfinite(scores.values[two])
    return combine_dependent(mcnemar_test(scores.samples[one, both_S], scores.samples[two, both_S]).p)


def _rank_slices(slices: Sequence[Scores], columns: Sequence[str], *, alpha: float) -> Omnibus | None:
    if not slices:
        return None
    mean_DK = np.array([one.means for one in slices])
    # What has no number anywhere has no rank, and must not take the others' ranks away.
    kept_K = np.isfinite(mean_DK).any(0)
    mean_DK = mean_DK[:, kept_K]
    if kept_K.sum() < 3 or int(np.isfinite(mean_DK).all(1).sum()) < 2:
        return None
    return friedman_nemenyi(
        mean_DK,
        names=tuple(name for name, kept in zip(slices[0].names, kept_K, strict=True) if kept),
        blocks=tuple(one.removeprefix("slices.").rpartition(".")[0] for one in columns),
        higher=slices[0].higher,
        alpha=alpha,
    )
