from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from fuselab.reports.statistics.bootstrap import bootstrap_means

from .conftest import make_report, write

DRAWS = {"resamples": 20_000, "seed": 0, "alpha": 0.05}


def test_over_seeds_alone_it_is_that_of_another_library():
    draw = np.random.default_rng(0)
    value_KS = draw.normal(size=(2, 12))
    found = bootstrap_means(value_KS, None, **DRAWS)
    for place, value_S in enumerate(value_KS):
        expected = bootstrap((value_S,), np.mean, method="percentile", n_resamples=20_000, rng=1).confidence_interval
        assert found.low[place] == pytest.approx(expected.low, abs=0.02)
        assert found.high[place] == pytest.approx(expected.high, abs=0.02)


def test_over_one_seed_it_is_that_of_the_samples():
    draw = np.random.default_rng(0)
    right_N = (draw.random(400) < 0.7).astype(float)
    found = bootstrap_means(np.array([[right_N.mean()]]), right_N[None, None], **DRAWS)
    expected = bootstrap((right_N,), np.mean, method="percentile", n_resamples=20_000, rng=1).confidence_interval
    assert (found.low[0], found.high[0]) == pytest.approx((expected.low, expected.high), abs=0.005)


def test_seeds_and_samples_both_widen_it():
    draw = np.random.default_rng(0)
    skill_S = 0.7 + 0.05 * draw.normal(size=8)
    right_SN = (draw.random((8, 300)) < skill_S[:, None]).astype(float)
    value_KS = right_SN.mean(1)[None]
    both = bootstrap_means(value_KS, right_SN[None], **DRAWS)
    seeds = bootstrap_means(value_KS, None, **DRAWS)
    assert both.high[0] - both.low[0] > 1.1 * (seeds.high[0] - seeds.low[0])
    # The pigeonhole variance is at least the sum of both.
    mean_N = right_SN.mean(0)
    expected = np.sqrt(value_KS.var(ddof=0) / 8 + mean_N.var() / 300)
    assert (both.high[0] - both.low[0]) / (2 * 1.96) == pytest.approx(expected, rel=0.25)


def test_one_seed_without_samples_and_no_seed_have_none():
    value_KS = np.array([[0.5, np.nan], [np.nan, np.nan]])
    assert np.isnan(bootstrap_means(value_KS, None, **DRAWS)).all()


def test_cells_show_the_interval_and_footnotes_what_was_drawn(answered_sweep):
    made = make_report(answered_sweep.path, cell="interval")
    table = made.table(made.columns.chosen)
    row = made.methods.set_index("method").loc["early/sum"]
    cells = {row.method: row.cells for rows in table.families for row in rows}
    assert cells["early/sum"][1].text == (
        f"{row['accuracy_mean']:.3f} [{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]"
    )
    assert row["accuracy_low"] < row["accuracy_mean"] < row["accuracy_high"]
    assert table.footnotes[:4] == (
        "mean [95 % bootstrap interval, 2000 resamples] over 5 seeds",
        "drawn over seeds and test samples: accuracy, redundant, unique audio, unique image",
        "drawn over seeds alone: macro-F1, calibration error, fit s, memory MiB",
        "an interval over few seeds is too narrow; bold rests on tests, not on it",
    )


def test_where_nothing_can_be_drawn_it_is_said(sweep):
    sweep.finished("early/sum", 0)
    made = make_report(sweep.path, cell="interval")
    assert made.table(made.columns.chosen).footnotes[0] == "mean over one seed; nothing to draw an interval from"


def test_a_slice_without_samples_has_intervals_over_seeds(answered_sweep):
    for path in answered_sweep.path.glob("*/result.json"):
        result = json.loads(path.read_text())
        result["test"]["slices"]["ghost"] = {"accuracy": 0.5 + 0.01 * result["seed"]}
        path.write_text(json.dumps(result))
    made = make_report(answered_sweep.path, cell="interval")
    assert made.methods["ghost.accuracy_low"].notna().all()


def test_a_method_without_a_mean_has_no_interval(answered_sweep):
    answered_sweep.finished("late/broken", 0, 0.5, test={"accuracy": float("nan"), "loss": 1.0, "slices": {}})
    answered_sweep.finished("late/broken", 1, 0.5)
    made = make_report(answered_sweep.path, cell="interval")
    assert made.methods.set_index("method").loc["late/broken"][["accuracy_low", "accuracy_high"]].isna().all()


def test_the_frame_has_intervals_only_where_they_are_asked_for(answered_sweep, tmp_path):
    for cell, there in (("interval", True), ("mean", False)):
        files = {path.name: path for path in write(answered_sweep.path, out=tmp_path / cell, cell=cell)}
        assert ("accuracy_low" in pd.read_csv(files["table.csv"])) == there
        assert ("±" in files["table.md"].read_text(encoding="utf-8")) is False
