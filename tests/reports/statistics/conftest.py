"""Scores drawn at random, and the settings that the command line ships."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fuselab.reports.statistics.scores import Scores


def make_scores(values: Any, *, metric: str = "accuracy", samples: Any = None) -> Scores:
    """Return scores of methods a, b, c … over seeds 0, 1, 2 …."""
    values_KS = np.asarray(values, dtype=float)
    names = tuple(chr(ord("a") + place) for place in range(len(values_KS)))
    return Scores(metric, names, tuple(range(values_KS.shape[1])), values_KS, samples)


def draw_samples(
    generator: np.random.Generator, *, methods: int, seeds: int, samples: int, of_seed: float, of_sample: float
) -> Any:
    """Return shares of samples whose means differ by chance alone: by the seed, by the sample, and by both."""
    seed_KS1 = of_seed * generator.normal(size=(methods, seeds, 1))
    sample_K1N = of_sample * generator.normal(size=(methods, 1, samples))
    return (seed_KS1 + sample_K1N + 0.1 * generator.normal(size=(methods, seeds, samples))).astype(np.float32)


@pytest.fixture(autouse=True)
def _no_warning(recwarn: pytest.WarningsRecorder) -> Any:
    """Hold every test to numbers without a warning, such as one of a division by zero."""
    yield
    assert [str(one.message) for one in recwarn.list if issubclass(one.category, RuntimeWarning)] == []
