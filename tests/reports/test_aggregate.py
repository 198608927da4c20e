from __future__ import annotations

import math

import pandas as pd
import pytest

from fuselab.reports.aggregate import frame_methods, frame_runs, list_metrics
from fuselab.reports.labels import label_runs

from .conftest import load_one


def frames(sweep, split="test") -> tuple[pd.DataFrame, pd.DataFrame]:
    runs = load_one(sweep.path).runs
    frame = frame_runs(runs, label_runs(runs), families=("unimodal", "late", "early", "attention"))
    return frame, frame_methods(frame, split=split)


def test_mean_and_sample_deviation_over_seeds(sweep):
    for seed, accuracy in enumerate((0.80, 0.82, 0.87)):
        sweep.finished("early/concat", seed, accuracy)
    _, methods = frames(sweep)
    row = methods.iloc[0]
    assert row["accuracy_mean"] == pytest.approx(0.83)
    # (0.03² + 0.01² + 0.04²) / (3 - 1) = 0.0013
    assert row["accuracy_std"] == pytest.approx(math.sqrt(0.0013))
    assert row["macro_f1_mean"] == pytest.approx(0.82)
    assert row["unique_image.accuracy_mean"] == pytest.approx(0.63)
    assert row["fit_seconds_mean"] == pytest.approx(11.0)
    assert row["fit_seconds_std"] == pytest.approx(1.0)
    assert (row["seeds"], row["seed_list"]) == (3, "0 1 2")
    assert (row["parameters"], row["flops"]) == (123_456, 1_000_000)


def test_the_validation_split_has_its_own_numbers(sweep):
    sweep.finished("early/concat", 0, 0.8)
    _, methods = frames(sweep, split="val")
    assert methods.loc[0, "accuracy_mean"] == pytest.approx(0.78)


def test_one_seed_has_no_deviation(sweep):
    sweep.finished("early/concat", 5, 0.8)
    _, methods = frames(sweep)
    assert methods.loc[0, "accuracy_mean"] == pytest.approx(0.8)
    assert math.isnan(methods.loc[0, "accuracy_std"])


def test_families_stand_in_their_order_and_methods_by_name(sweep):
    names = ("zeta/a", "attention/a", "early/b", "early/a", "late/a", "unimodal/a", "beta/a")
    for method in names:
        sweep.finished(method, 0)
    _, methods = frames(sweep)
    assert list(methods["method"]) == [
        "unimodal/a", "late/a", "early/a", "early/b", "attention/a", "beta/a", "zeta/a",
    ]  # fmt: skip


def test_settings_of_one_method_have_rows_of_their_own(sweep):
    sweep.finished("early/concat", 0, 0.8)
    sweep.finished("early/concat", 1, 0.9)
    sweep.finished("early/concat", 0, 0.5, config={"optimizer": {"lr": 1e-2}})
    _, methods = frames(sweep)
    assert list(methods["label"]) == ["optimizer.lr=0.001", "optimizer.lr=0.01"]
    assert list(methods["accuracy_mean"]) == pytest.approx([0.85, 0.5])
    assert list(methods["seeds"]) == [2, 1]


def test_seeds_count_as_numbers(sweep):
    for seed in (10, 9):
        sweep.finished("early/concat", seed)
    runs, methods = frames(sweep)
    assert list(runs["seed"]) == [9, 10]
    assert methods.loc[0, "seed_list"] == "9 10"


def test_a_value_that_one_seed_lacks_has_no_mean(sweep):
    sweep.finished("early/concat", 0, 0.8)
    sweep.finished("early/concat", 1, 0.9)
    sweep.finished("early/concat", 2, math.nan)
    sweep.finished("late/average", 0, peak_memory_bytes=None)
    _, methods = frames(sweep)
    assert list(methods["method"]) == ["late/average", "early/concat"]
    assert math.isnan(methods.loc[0, "peak_memory_bytes_mean"])
    assert math.isnan(methods.loc[1, "accuracy_mean"])
    assert math.isnan(methods.loc[1, "accuracy_std"])
    assert methods.loc[1, "calibration_error_mean"] == pytest.approx(0.05)


def test_a_run_is_one_row_that_can_be_traced(sweep):
    folder = sweep.finished("early/concat", 4, 0.8, wandb_id="w1", notes=["a", "b"])
    runs, _ = frames(sweep)
    row = runs.iloc[0]
    assert row["run"] == folder.name
    assert row["identity"] == folder.name.rpartition("-")[2]
    assert row["test.slices.redundant.accuracy"] == 0.8
    assert row["budget.max_epochs"] == 15
    assert row["versions.torch"] == "2.11.0"
    assert row["wandb_id"] == "w1"
    assert row["notes"] == '["a", "b"]'


def test_metrics_come_in_reading_order(sweep):
    sweep.finished("early/concat", 0, test={"auroc": 1, "loss": 1, "slices": {"b": {"auroc": 1}}, "accuracy": 1})
    runs, _ = frames(sweep)
    assert list_metrics(runs, split="test") == ["accuracy", "loss", "auroc", "slices.b.auroc"]
