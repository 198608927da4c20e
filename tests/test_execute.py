from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from omegaconf import OmegaConf

from fuselab.callbacks.finite import DivergedError
from fuselab.data.datamodule import InMemoryDataModule
from fuselab.errors import ConfigError, DataError
from fuselab.execute import check_devices, execute, work
from fuselab.instantiate import instantiate
from fuselab.runs.compose import composer, resolved
from fuselab.runs.excerpt import read_excerpt
from fuselab.runs.files import write_whole
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import identity
from fuselab.runs.predictions import read_predictions
from fuselab.runs.process import start
from fuselab.tasks.classification import ClassificationTask

from .conftest import TINY

Train = Callable[..., RunFolder]
Compose = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _process_as_it_was(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep one cache of data, and take back what a run changes in its process."""
    monkeypatch.setenv("FUSELAB_CACHE", str(cache))
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "py.warnings", "wandb", "fuselab")]
    before = [(one, one.level, one.propagate, list(one.handlers)) for one in loggers]
    yield
    logging.captureWarnings(False)
    for logger, level, propagate, handlers in before:
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.level, logger.propagate, logger.handlers = level, propagate, handlers
    torch.use_deterministic_algorithms(deterministic)
    torch.set_num_threads(threads)


@pytest.fixture
def compose() -> Compose:
    def one(*overrides: str) -> dict[str, Any]:
        with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
            return resolved(hydra.compose([*TINY, "width=8", "threads=1", "logger=none", *overrides]))

    return one


@pytest.fixture
def train(compose, tmp_path) -> Train:
    def one(*overrides: str, name: str = "run") -> RunFolder:
        folder = RunFolder(tmp_path / name)
        execute(compose(*overrides), folder)
        return folder

    return one


def prepared(folder: RunFolder, config: dict[str, Any]) -> RunFolder:
    """Write the config into the run's folder, where its processes look for it."""
    write_whole(folder.config, lambda temporary: OmegaConf.save(OmegaConf.create(config), temporary))
    return folder


def outputs(folder: RunFolder) -> np.ndarray:
    return np.stack(pd.read_parquet(folder.predictions)["output"])


def found(folder: RunFolder) -> dict[str, Any]:
    """Return what a run found, without what it took."""
    result = folder.result()
    assert result is not None
    return {key: value for key, value in result.items() if key not in ("seconds", "peak_memory_bytes", "config_digest")}


def test_the_same_seed_gives_the_same_run_in_every_process(train, compose, tmp_path):
    one, again, other = train(name="one"), train(name="again"), train("seed=1", name="other")
    elsewhere = prepared(RunFolder(tmp_path / "elsewhere"), compose())
    command = [sys.executable, "-m", "fuselab.execute", str(elsewhere.path)]
    subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "7"}, check=True, capture_output=True)
    for folder in (again, elsewhere):
        assert np.array_equal(outputs(one), outputs(folder))
        assert json.dumps(found(one)) == json.dumps(found(folder))
        assert folder.metrics.read_text() == one.metrics.read_text()
    assert not np.isclose(outputs(one), outputs(other)).any(0).all()
    assert found(one)["val"] != found(other)["val"]


def test_the_result_says_what_was_found_and_what_it_took(train, compose):
    folder = train("fusion=late/mean", "seed=2", "trainer.max_epochs=2")
    result = folder.result()
    assert result is not None
    assert (result["method"], result["family"], result["seed"]) == ("late/mean", "late", 2)
    assert result["identity"] == identity(compose("fusion=late/mean", "seed=2", "trainer.max_epochs=2"))
    for split in ("val", "test"):
        assert set(result[split]) == {"loss", "accuracy", "macro_f1", "calibration_error", "slices"}
        assert list(result[split]["slices"]) == compose()["data"]["slices"]
        assert all(list(one) == ["accuracy"] for one in result[split]["slices"].values())
    assert (result["epochs"], result["steps"]) == (2, 4)
    assert result["budget"] == {"max_epochs": 2, "batch_size": 32, "train_samples": 64}
    assert result["parameters"] > 1000
    assert result["flops"] > 1000
    assert result["peak_memory_bytes"] > 10_000_000
    seconds = result["seconds"]
    assert 0 < seconds["test"] < seconds["total"]
    assert seconds["fit"] + seconds["test"] == pytest.approx(seconds["total"])
    assert len(result["split_hash"]) == len(result["data_fingerprint"]) == 64
    assert result["data"].startswith("trio_digits")
    assert {"python", "torch", "fuselab"} <= set(result["versions"])
    assert {"git_commit", "wandb_id"} <= set(result)
    assert result["wandb_id"] is None


def test_every_number_can_be_counted_again_from_the_predictions(train):
    folder = train("trainer.max_epochs=3")
    result, table = folder.result(), pd.read_parquet(folder.predictions)
    assert result is not None
    assert table["index"].tolist() == list(range(48))
    right = outputs(folder).argmax(1) == table["target"]
    assert result["test"]["accuracy"] == pytest.approx(right.mean())
    for name, metrics in result["test"]["slices"].items():
        inside = table["slice"] == name
        assert inside.any()
        assert metrics["accuracy"] == pytest.approx(right[inside].mean())
    logits = torch.from_numpy(outputs(folder))
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(table["target"].to_numpy()))
    assert result["test"]["loss"] == pytest.approx(float(loss), rel=1e-5)


def test_the_weights_of_a_method_that_knows_them_stand_beside_its_predictions(train):
    found = read_predictions(train("fusion=late/mean").predictions)
    assert list(found.weights) == ["image", "audio", "text"]
    assert all(one.tolist() == pytest.approx([1 / 3] * 48) for one in found.weights.values())
    assert read_predictions(train("fusion=attention/cross", name="other").predictions).weights == {}


def test_the_chosen_model_is_the_best_on_validation(train, compose):
    # At this rate a model gets worse soon.
    choices = ["monitor.metric=val/loss", "monitor.mode=min", "optimizer.lr=0.3", "trainer.max_epochs=4"]
    folder = train(*choices, "scheduler=constant", "monitor.patience=9")
    result, status, metrics = folder.result(), folder.status(), pd.read_csv(folder.metrics)
    assert result is not None
    assert status is not None
    assert metrics["epoch"].tolist() == [0, 1, 2, 3]
    assert metrics["val/loss"].idxmin() < 3
    assert result["val"]["loss"] == pytest.approx(metrics["val/loss"].min(), rel=1e-5)
    assert status.best == pytest.approx(result["val"]["loss"])
    data = compose()["data"]
    for checkpoint, same in (("best", True), ("last", False)):
        task = ClassificationTask.load_from_checkpoint(folder.checkpoints / f"{checkpoint}.ckpt", weights_only=True)
        module = InMemoryDataModule(
            source=instantiate(data["source"]),
            tokenizers={name: instantiate(one) for name, one in data["tokenizers"].items()},
            modalities=task.model.modalities,
            batch_size=1,
            eval_batch_size=1,
            seed=0,
            sampling="shuffled",
            transforms={},
            learned=None,
            prepare=task.model.prepare,
        )
        module.setup("test")
        with torch.no_grad():
            output = task.eval().model(module._tables["test"].inputs).output
        assert np.allclose(output.numpy(), outputs(folder), atol=1e-4) == same


def test_training_stops_when_validation_does(train):
    folder = train("optimizer.lr=0.0", "monitor.patience=2", "trainer.max_epochs=9")
    result = folder.result()
    assert result is not None
    assert (result["epochs"], result["budget"]["max_epochs"]) == (3, 9)


def test_the_test_split_is_opened_once_when_all_is_decided(train, compose, tmp_path, monkeypatch):
    seen = []
    original = InMemoryDataModule._table
    epochs = {}

    def spy(self: InMemoryDataModule, name: str, rows: Any) -> Any:
        assert rows is self.loaded().splits[name]
        status = RunFolder(tmp_path / "run").status()
        seen.append(name)
        epochs[name] = status.epoch if status else 0
        return original(self, name, rows)

    monkeypatch.setattr(InMemoryDataModule, "_table", spy)
    train("trainer.max_epochs=2")
    assert seen == ["train", "val", "test"]
    assert epochs == {"train": 0, "val": 0, "test": 2}


def test_some_test_samples_are_kept_for_the_report_once_for_all_runs(train, tmp_path):
    train(name="first")
    (file,) = (tmp_path / "excerpt").iterdir()
    shown = read_excerpt(file)
    assert len(shown) == 3 * 48  # three modalities of every sample of this small split
    assert {one.media_type for one in shown} == {"image/png", "audio/wav", "text/plain"}
    written = file.stat().st_mtime_ns
    train("seed=1", "fusion=unimodal/image", name="second")
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize("override", ["excerpt=0", "test=false"])
def test_no_test_sample_is_kept_where_nobody_wants_it(override, train, tmp_path):
    train(override)
    assert not (tmp_path / "excerpt").exists()


def test_a_run_says_nothing_on_the_screen_and_all_in_its_log(train, capfd):
    train(name="first")  # builds the data, and says so
    capfd.readouterr()
    second = train(name="second")
    assert capfd.readouterr() == ("", "")
    first_log = RunFolder(second.path.parent / "first").log.read_text()
    assert "`Trainer.fit` stopped" in first_log
    assert "`Trainer.fit` stopped" in second.log.read_text()
    assert first_log.count("`Trainer.fit` stopped") == 1


def test_a_run_that_fails_leaves_no_result(train, tmp_path):
    with pytest.raises(DataError, match="batch_size"):
        train("data.batch_size=65")
    assert RunFolder(tmp_path / "run").result() is None


def test_a_run_that_diverges_ends_with_the_reason(train, tmp_path):
    with pytest.raises(DivergedError, match=r"the training loss \((nan|inf)\) must be finite; .*lower optimizer\.lr"):
        train("optimizer.lr=1e30", "scheduler=constant", "trainer.max_epochs=5")
    folder = RunFolder(tmp_path / "run")
    assert folder.result() is None
    assert not folder.predictions.exists()


@pytest.mark.parametrize(
    ("devices", "there", "refused"),
    [
        (1, 0, True),
        (1, 1, False),
        (3, 2, True),
        ([0, 2], 2, True),
        ([0, 1], 2, False),
        ("auto", 0, True),
        ("2", 1, True),
    ],
)
def test_devices_that_are_not_there_are_refused(devices, there, refused, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    trainer = {"accelerator": "gpu", "devices": devices}
    check_devices(trainer | {"accelerator": "cpu"})
    if not refused:
        check_devices(trainer)
        return
    with pytest.raises(
        ConfigError, match=rf"trainer\.devices \(.* on gpu\) must exist; this machine has {there}: lower"
    ):
        check_devices(trainer)


def test_devices_are_checked_before_anything_is_built(compose, tmp_path, monkeypatch: pytest.MonkeyPatch):
    def touch(*_: Any, **__: Any) -> None:
        raise AssertionError("a model was built")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(ClassificationTask, "__init__", touch)
    with pytest.raises(ConfigError, match="choose trainer=cpu"):
        execute(compose("trainer=gpu"), RunFolder(tmp_path / "run"))


@pytest.mark.cluster
def test_two_processes_augment_as_one_does(train, compose, tmp_path):
    choices = ["head=linear", "encoder/text=gru", "trainer.max_epochs=3", "+transform/image@transform.image.move=crop"]
    choices += ["+transform/audio@transform.audio.noise=noise", "+transform/text@transform.text.drop=token_dropout"]
    alone = train(*choices, name="alone")
    both = prepared(RunFolder(tmp_path / "both"), compose(*choices, "trainer=ddp"))
    assert start(work, both, trainer={"devices": 2, "num_nodes": 1}, threads=1).wait(300) == 0
    np.testing.assert_allclose(outputs(both), outputs(alone), rtol=0, atol=2e-3)
    left, right = (pd.read_csv(folder.metrics)["train/loss"] for folder in (alone, both))
    np.testing.assert_allclose(left, right, rtol=0, atol=2e-3)


@pytest.mark.cluster
@pytest.mark.smoke
def test_two_processes_find_what_one_finds(train, compose, tmp_path):
    # Nothing is dropped out, which each process would do in its own way; shares of batches are uneven; and with three
    # validation samples each process lacks slices that the other has.
    choices = ["head=linear", "encoder/text=gru", "data.source.sizes.val=3", "data.source.sizes.test=47"]
    choices += ["trainer.max_epochs=3", "data.eval_batch_size=16"]
    alone = train(*choices, name="alone")
    both = prepared(RunFolder(tmp_path / "both"), compose(*choices, "trainer=ddp"))
    assert start(work, both, trainer={"devices": 2, "num_nodes": 1}, threads=1).wait(300) == 0
    assert pd.read_parquet(both.predictions)["index"].tolist() == list(range(47))
    np.testing.assert_allclose(outputs(both), outputs(alone), rtol=0, atol=2e-3)
    one, two = found(alone), found(both)
    for key in ("steps", "epochs", "parameters", "flops", "data_fingerprint", "split_hash"):
        assert one[key] == two[key]
    for split in ("val", "test"):
        assert two[split]["loss"] == pytest.approx(one[split]["loss"], abs=2e-3)
        assert two[split]["calibration_error"] == pytest.approx(one[split]["calibration_error"], abs=2e-2)
        for name, metrics in one[split]["slices"].items():
            assert two[split]["slices"][name] == pytest.approx(metrics, nan_ok=True)
    left, right = (pd.read_csv(folder.metrics)["train/loss"] for folder in (alone, both))
    np.testing.assert_allclose(left, right, rtol=0, atol=2e-3)
    assert not list(both.path.glob("lightning_logs"))
