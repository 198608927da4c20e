"""Intervals by drawing seeds and test samples again.

Shapes: K methods, S seeds, N samples, P pairs, R resamples.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fuselab.reports.statistics.scores import Array, Scores

BLOCK = 256  # resamples or pairs at a time, so that memory stays small


class Interval(NamedTuple):
    """Percentile intervals.

    Shape:
        - low, high: of each pair or method; NaN where there is nothing to draw from
    """

    low: Array
    high: Array


def bootstrap_interval(
    scores: Scores, first_P: Array, second_P: Array, *, resamples: int, seed: int, alpha: float
) -> Interval:
    """Return the interval of the mean difference, over seeds and over test samples.

    Each resample draws samples, and seeds of those that both methods have, with replacement; all methods get the same
    draws, so that what makes a sample hard for all of them cancels. Seeds and samples are drawn each by itself, since
    every run answers every sample. With few seeds a percentile interval is too narrow: of 5 seeds it covers the true
    mean about 83 times in 100 where the samples matter little. It describes; claims rest on tests.

    Args:
        scores: a metric by method and seed, with its samples
        first_P: places of the first methods
        second_P: places of the second ones
        resamples: how many
        seed: of the draws
        alpha: 1 minus the level of the interval

    Reference:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; Owen (2007), The Pigeonhole Bootstrap.
    """
    low_P, high_P = np.full((2, len(first_P)), np.nan)
    if scores.samples is None or not len(first_P):
        return Interval(low_P, high_P)
    drawn_RKS = _draw_samples(scores.samples, resamples=resamples, seed=seed)
    there_KS = np.isfinite(scores.values)
    common_PS = there_KS[first_P] & there_KS[second_P]
    sign = 1.0 if scores.higher else -1.0
    for seeds_S in np.unique(common_PS, axis=0):
        if not (number := int(seeds_S.sum())):
            continue
        generator = np.random.default_rng([seed, *np.flatnonzero(seeds_S)])
        weight_RS = generator.multinomial(number, np.full(number, 1 / number), size=resamples) / number
        mean_RK = np.einsum("rks,rs->rk", drawn_RKS[:, :, seeds_S], weight_RS)
        here_P = np.flatnonzero((common_PS == seeds_S).all(1))
        for start in range(0, len(here_P), BLOCK):
            block = here_P[start : start + BLOCK]
            difference_RP = sign * (mean_RK[:, first_P[block]] - mean_RK[:, second_P[block]])
            low_P[block], high_P[block] = np.quantile(difference_RP, [alpha / 2, 1 - alpha / 2], axis=0)
    return Interval(low_P, high_P)


def bootstrap_means(
    values_KS: Array, samples_KSN: Array | None, *, resamples: int, seed: int, alpha: float
) -> Interval:
    """Return the interval of each method's mean, over seeds, and over test samples where they are known.

    Args:
        values_KS: a measure by method and seed; NaN where a run is missing
        samples_KSN: each test sample's share of it, or None
        resamples: how many
        seed: of the draws
        alpha: 1 minus the level of the interval

    Shape:
        - low, high: (K,), NaN where there is one seed and nothing is known of the samples

    Reference:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; Owen (2007), The Pigeonhole Bootstrap.
    """
    methods = len(values_KS)
    low_K, high_K = np.full((2, methods), np.nan)
    there_KS = np.isfinite(values_KS)
    known = samples_KSN is not None and samples_KSN.shape[-1] > 0
    drawn_RKS = None if samples_KSN is None or not known else _draw_samples(samples_KSN, resamples=resamples, seed=seed)
    for place in range(methods):
        seeds_S = there_KS[place]
        number = int(seeds_S.sum())
        if number < 2 and (drawn_RKS is None or not number):
            continue
        generator = np.random.default_rng([seed, *np.flatnonzero(seeds_S)])
        weight_RS = generator.multinomial(number, np.full(number, 1 / number), size=resamples) / number
        drawn_RS = values_KS[place, seeds_S] if drawn_RKS is None else drawn_RKS[:, place, seeds_S]
        low_K[place], high_K[place] = np.quantile((weight_RS * drawn_RS).sum(1), [alpha / 2, 1 - alpha / 2])
    return Interval(low_K, high_K)


def _draw_samples(samples_KSN: Array, *, resamples: int, seed: int) -> Array:
    """Return the mean of every run over every draw of samples."""
    methods, seeds, samples = samples_KSN.shape
    runs_NX = samples_KSN.reshape(-1, samples).T.astype(np.float64)
    drawn_RX = np.empty((resamples, methods * seeds))
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, BLOCK):
        number = min(BLOCK, resamples - start)
        count_RN = generator.multinomial(samples, np.full(samples, 1 / samples), size=number)
        drawn_RX[start : start + number] = count_RN.astype(np.float64) @ runs_NX / samples
    return drawn_RX.reshape(resamples, methods, seeds)
