from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fuselab.runs.tracking import (
    finish_tracking,
    mlflow_logger,
    no_logger,
    track_result,
    tracking_id,
    wandb_logger,
)

from ..conftest import TINY
from .offline import read_offline


def test_a_folder_has_one_id():
    one = tracking_id(Path("outputs/sweep/run"))
    assert one == tracking_id(Path("/elsewhere/sweep/run"))
    assert len(one) == 16
    assert one.isalnum()
    assert len({one, tracking_id(Path("outputs/sweep/other")), tracking_id(Path("outputs/other/run"))}) == 3


def test_the_trials_of_two_searches_are_not_one_sweep(tmp_path):
    one, other = (tmp_path / name / "trials" / "run" for name in ("one", "other"))
    assert tracking_id(one) != tracking_id(other)
    one.mkdir(parents=True)
    assert wandb_logger(project="mine", save_dir=str(one))._wandb_init["group"] == "one/trials"


@pytest.mark.parametrize("key", [None, "0" * 40])
def test_the_sweep_is_the_group_and_the_run_the_name(key, tmp_path, monkeypatch: pytest.MonkeyPatch):
    if key is None:
        monkeypatch.delenv("WANDB_API_KEY", raising=False)
    else:
        monkeypatch.setenv("WANDB_API_KEY", key)
    folder = tmp_path / "sweep" / "run"
    folder.mkdir(parents=True)
    logger = wandb_logger(project="mine", save_dir=str(folder))
    asked = logger._wandb_init
    assert (asked["project"], asked["group"], asked["name"]) == ("mine", "sweep", "run")
    assert (asked["id"], asked["resume"], asked["job_type"]) == (tracking_id(folder), "allow", "train")
    assert Path(asked["dir"]) == folder
    assert logger._offline is (key is None)
    # A logger that nobody logs with starts nothing.
    assert not list(folder.iterdir())


def test_a_run_carries_what_dashboards_group_by_and_plot(shell, tmp_path):
    shell("train", *TINY, "logger=wandb", "width=8", "fusion=late/mean", "seed=3", "name=mine", cwd=tmp_path)
    (file,) = (tmp_path / "outputs" / "mine").glob("*/result.json")
    (offline,) = file.parent.glob("wandb/offline-run-*")
    result, written = json.loads(file.read_text()), read_offline(offline)
    flat = {"method": "late/mean", "family": "late", "scheme_name": "none", "seed": 3, "sweep": "mine"}
    origin = {key: result[key] for key in ("identity", "data_fingerprint", "split_hash", "git_commit")}
    assert {key: written.config[key] for key in flat} == flat
    assert {key: written.config[key] for key in origin} == origin
    assert written.config["data_name"] == "trio_digits"
    assert written.config["optimizer"]["lr"] > 0
    costs = {key: result[key] for key in ("parameters", "frozen_parameters", "flops", "peak_memory_bytes")}
    costs |= {"epochs": result["epochs"], "steps": result["steps"]}
    costs |= {f"seconds/{phase}": value for phase, value in result["seconds"].items()}
    assert {key: written.summary[key] for key in costs} == costs
    for split in ("val", "test"):
        overall = {f"{split}/{name}": value for name, value in result[split].items() if name != "slices"}
        sliced = {f"{split}/accuracy/{name}": one["accuracy"] for name, one in result[split]["slices"].items()}
        assert len(sliced) == 5
        found = {key: written.summary[key] for key in overall | sliced}
        assert found == pytest.approx(overall | sliced)


def test_mlflow_goes_on_with_the_run_that_it_has(tmp_path):
    folder = tmp_path / "sweep" / "run"
    uri = f"sqlite:///{tmp_path}/below/mlflow.db"
    first = mlflow_logger(tracking_uri=uri, save_dir=str(folder))
    first.log_metrics({"val/accuracy": 0.5}, step=3)
    again = mlflow_logger(tracking_uri=uri, save_dir=str(folder))
    assert again.run_id == first.run_id
    other = mlflow_logger(tracking_uri=uri, save_dir=str(tmp_path / "sweep" / "other"))
    assert other.run_id != first.run_id
    assert other.experiment_id == first.experiment_id
    stored = first.experiment.get_run(first.run_id)
    assert (stored.info.run_name, stored.data.metrics) == ("run", {"val/accuracy": 0.5})


def test_no_logger_is_what_lightning_takes_for_none(tmp_path):
    assert no_logger(save_dir=str(tmp_path)) is False


def test_a_run_that_is_open_is_closed(monkeypatch: pytest.MonkeyPatch):
    closed = []
    wandb = SimpleNamespace(run=object(), finish=lambda: closed.append(True))
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    finish_tracking()
    assert closed == [True]
    wandb.run = None
    finish_tracking()
    assert closed == [True]


def test_without_wandb_there_is_nothing_to_close(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    finish_tracking()
    track_result({})
    assert "wandb" not in sys.modules
