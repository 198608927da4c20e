from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from fuselab.errors import ConfigError, RunFolderError
from fuselab.reports.statistics.scores import HIGHER, LOWER, collect_scores
from fuselab.tasks.classification_metrics import ClassificationMetrics
from fuselab.tasks.multilabel_metrics import MultilabelMetrics
from fuselab.tasks.regression_metrics import RegressionMetrics


def frame(*rows: tuple[str, int, float], **columns: object) -> pd.DataFrame:
    content = [
        {"run": f"{method}-s{seed}", "method": method, "label": "", "seed": seed, "test.accuracy": value}
        for method, seed, value in rows
    ]
    return pd.DataFrame(content).assign(data_fingerprint="f00d", split_hash="5c1a", **columns)


def test_runs_are_paired_by_seed_whatever_their_order():
    scores = collect_scores(
        frame(("b", 7, 0.1), ("a", 7, 0.2), ("a", 3, 0.3), ("b", 3, 0.4)), "test.accuracy", samples=None
    )
    assert (scores.names, scores.seeds) == (("b", "a"), (3, 7))
    assert scores.values.tolist() == [[0.4, 0.1], [0.3, 0.2]]
    assert scores.means.tolist() == pytest.approx([0.25, 0.25])
    assert scores.samples is None


def test_settings_of_one_method_are_methods_of_their_own():
    runs = frame(("a", 0, 0.1), ("a", 0, 0.2)).assign(label=["lr=1", "lr=2"], run=["x", "y"])
    assert collect_scores(runs, "test.accuracy", samples=None).names == ("a · lr=1", "a · lr=2")


def test_a_missing_run_is_a_gap_and_a_run_without_a_number_takes_its_method_out():
    runs = frame(("a", 0, 0.1), ("a", 1, 0.2), ("b", 0, 0.3), ("c", 0, 0.9), ("c", 1, math.nan))
    share = np.ones(4)
    scores = collect_scores(runs, "test.accuracy", samples=dict.fromkeys(runs["run"], share))
    assert scores.gaps() == {"b": (1,)}
    assert scores.without_number == {"c": (1,)}
    assert np.isnan(scores.values[2]).all()
    assert np.isnan(scores.samples[2]).all()
    assert np.isnan(scores.samples[1, 1]).all()
    assert (scores.samples[0] == 1).all()
    assert scores.ranked() == [1, 0, 2]


@pytest.mark.parametrize("key", ["data_fingerprint", "split_hash"])
def test_other_data_and_other_splits_are_never_compared(key):
    runs = frame(("a", 0, 0.1), ("a", 1, 0.2)).assign(**{key: ["one", "two"]})
    with pytest.raises(RunFolderError, match=rf"must share one {key} \(one, two\); compare runs of one"):
        collect_scores(runs, "test.accuracy", samples=None)


def test_a_metric_without_a_direction_is_refused():
    runs = frame(("a", 0, 0.1)).rename(columns={"test.accuracy": "test.acuracy"})
    with pytest.raises(RunFolderError, match=r"the metric \(acuracy\) must be one .*; did you mean 'accuracy'"):
        collect_scores(runs, "test.acuracy", samples=None)


def test_every_metric_of_every_task_has_one_direction():
    names = {name for task in (ClassificationMetrics, MultilabelMetrics, RegressionMetrics) for name in task.names}
    assert names == HIGHER | LOWER
    assert not HIGHER & LOWER


def test_a_baseline_that_is_no_method_is_refused():
    scores = collect_scores(frame(("early/sum", 0, 0.1)), "test.accuracy", samples=None)
    with pytest.raises(ConfigError, match=r"the baseline \(early/sun\) must be a method .*; did you mean 'early/sum'"):
        scores.index("early/sun")
