from __future__ import annotations

import pytest

from fuselab.errors import RunFolderError
from fuselab.reports.load import Split, load
from fuselab.reports.wandb_keys import Keys, find_keys

from .conftest import SLICES, SweepFolder


def keys_of(sweep: SweepFolder, *, split: Split = "test") -> Keys:
    (loaded,) = load(sweep.path, split=split)
    return find_keys(loaded.runs, split=split)


def config(lr: float = 0.001, width: int = 64, **changes: object) -> dict[str, object]:
    # The fusion's width follows the model's, as it does by interpolation.
    return {"width": width, "fusion": {"dim": width}, "optimizer": {"lr": lr}, "scheme_name": "none", **changes}


def test_a_comparison_of_methods_shows_what_it_found_and_what_is_usual(sweep: SweepFolder):
    for method in ("early/sum", "late/mean"):
        for seed in range(2):
            sweep.finished(method, seed, wandb_id="x", config=config(data={"split_seed": seed}))
    assert keys_of(sweep) == Keys(
        method=("method",),
        settings=("optimizer.lr", "width"),
        logarithmic=frozenset(),
        metric="test/accuracy",
        validated="val/accuracy",
        slices={name.replace("_", " "): f"test/accuracy/{name}" for name in SLICES},
        costs=("parameters", "flops", "seconds/fit", "peak_memory_bytes"),
    )


def test_settings_that_differ_tell_runs_of_one_method_apart_and_those_that_repeat_others_do_not(sweep: SweepFolder):
    for lr in (0.001, 0.03):
        for width in (16, 32):
            for seed in range(2):
                given = config(lr, width, data={"split_seed": seed})
                sweep.finished("early/sum", seed, wandb_id="x", parameters=1000 * width, config=given)
    found = keys_of(sweep)
    assert found.method == ("method", "width", "optimizer.lr")
    assert found.settings == ("optimizer.lr", "width")
    assert found.logarithmic == {"optimizer.lr"}


def test_a_scheme_is_told_by_its_name(sweep: SweepFolder):
    for name, probability in (("none", None), ("modality_dropout", 0.3)):
        scheme = {"scheme_name": name, "scheme": {"_target_": name, "probability": probability}}
        sweep.finished("early/sum", 0, wandb_id="x", config=config(**scheme))
    assert keys_of(sweep).method == ("method", "scheme_name")


def test_what_some_runs_lack_is_not_shown_nor_what_is_no_number(sweep: SweepFolder):
    sweep.finished("early/sum", 0, wandb_id="x", config={"width": 8, "depth": 1, "fused": True})
    sweep.finished("late/mean", 0, wandb_id="x", config={"width": None, "depth": 2, "fused": False}, flops=None)
    sweep.finished("late/max", 0, wandb_id="x", config={"width": 8, "fused": True})
    found = keys_of(sweep)
    assert found.settings == ("optimizer.lr",)
    assert "flops" not in found.costs
    assert "parameters" in found.costs


def test_of_validation_it_shows_validation_alone(sweep: SweepFolder):
    sweep.finished("early/sum", 0, wandb_id="x")
    found = keys_of(sweep, split="val")
    assert found.metric == found.validated == "val/accuracy"
    assert set(found.slices.values()) == {f"val/accuracy/{name}" for name in SLICES}


def test_runs_that_wandb_does_not_have(sweep: SweepFolder):
    sweep.finished("early/sum", 0, wandb_id="x")
    sweep.finished("early/sum", 1)
    sweep.finished("late/mean", 1)
    with pytest.raises(
        RunFolderError, match=r"runs \(early-sum-s1-\w+ and 1 more\) must have been logged to W&B; train"
    ):
        keys_of(sweep)


def test_runs_without_a_metric(sweep: SweepFolder):
    loss = {"loss": 1.0, "slices": {}}
    sweep.finished("early/sum", 0, wandb_id="x", test=loss, val=loss)
    with pytest.raises(RunFolderError, match=r"must have a metric besides the loss on the test split; choose"):
        keys_of(sweep)
