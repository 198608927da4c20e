"""Runs with pretrained encoders, in the way that every job does them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from fuselab.execute import work
from fuselab.runs.attempt import attempt
from fuselab.runs.compose import composer, resolved
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import run_folder

from .conftest import TINY
from .encoders import tiny

Compose = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """An empty cache of features, with the data that others made."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for made in cache.glob("trio_digits*"):
        (folder / made.name).symlink_to(made)
    monkeypatch.setenv("FUSELAB_CACHE", str(folder))
    return folder


@pytest.fixture
def compose(tmp_path: Path) -> Iterator[Compose]:
    models = {modality: tiny.chosen(f"{modality}/hf")["model"] for modality in ("text", "image")}
    chosen = [one for name, model in models.items() for one in (f"encoder/{name}=hf", f"encoder.{name}.model={model}")]
    small = [*TINY, "trainer.max_epochs=2", "width=8", "threads=1", "logger=none", f"output_dir={tmp_path}/outputs"]
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        yield lambda *overrides: resolved(hydra.compose([*small, *chosen, *overrides]))


def done(config: dict[str, Any], *, state: str = "finished") -> RunFolder:
    folder = run_folder(config)
    status = attempt(config, folder, work)
    assert status is not None
    assert status.state == state, (status.error, status.traceback)
    return folder


def features(kept: Path) -> list[str]:
    return sorted(one.name for one in kept.glob("features-*") if one.is_dir())


def same(one: RunFolder, other: RunFolder) -> None:
    """The same numbers to the bit: metrics, predictions, weights."""
    mine, theirs = one.result(), other.result()
    for key in ("identity", "val", "test", "flops", "parameters", "frozen_parameters", "pretrained"):
        assert mine[key] == theirs[key], key
    pd.testing.assert_frame_equal(
        pd.read_parquet(one.predictions), pd.read_parquet(other.predictions), check_exact=True
    )
    states = [torch.load(run.checkpoints / "best.ckpt", weights_only=True)["state_dict"] for run in (one, other)]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_a_run_is_the_same_whether_features_are_made_read_or_not_kept(compose, kept):
    made = done(compose("name=made"))
    there = features(kept)
    assert len(there) == 6  # of two modalities in three splits
    read = done(compose("name=read"))
    without = done(compose("name=without", "feature_cache=false"))
    assert features(kept) == there
    same(made, read)
    same(made, without)
    told = {run: (run.path / "run.log").read_text(encoding="utf-8") for run in (made, read, without)}
    assert told[made].count("made and kept") == 6
    assert told[read].count(": read, ") == 6
    assert "reads text (samples)" not in told[read]
    assert "features of" not in told[without]
    result = made.result()
    assert set(result["pretrained"]) == {"text", "image"}
    assert all(one["frozen"] and len(one["sha256"]) == 64 for one in result["pretrained"].values())
    assert result["frozen_parameters"] > 5000
    weights = torch.load(made.checkpoints / "best.ckpt", weights_only=True)["state_dict"]
    kept_of_text = {name.rpartition(".")[2] for name in weights if "encoders.text" in name}
    assert kept_of_text == {"weight", "bias", "_extra_state"}  # of the map alone
    assert not any("module" in name for name in weights)


def test_the_test_split_is_read_after_the_fit_and_not_at_all_where_it_stays_shut(compose, kept):
    run = done(compose("name=shut", "test=false"))
    assert len(features(kept)) == 4
    lines = (run.path / "run.log").read_text(encoding="utf-8").splitlines()
    opened = done(compose("name=opened"))
    lines = (opened.path / "run.log").read_text(encoding="utf-8").splitlines()
    (fitted,) = [number for number, line in enumerate(lines) if "`Trainer.fit` stopped" in line]
    made = [number for number, line in enumerate(lines) if "made and kept" in line]
    assert len(made) == 2
    assert min(made) > fitted


def test_another_pooling_makes_features_anew_and_another_fusion_does_not(compose, kept):
    done(compose("name=one"))
    before = set(features(kept))
    done(compose("name=two", "fusion=late/mean", "seed=1"))
    assert set(features(kept)) == before
    done(compose("name=three", "encoder.text.pooling=mean"))
    assert len(set(features(kept)) - before) == 3


def test_what_is_random_before_the_encoder_is_not_kept_and_said_once(compose, kept):
    run = done(compose("name=flipped", "+transform/image@transform.image.flip=flip"))
    assert len(features(kept)) == 5
    log = (run.path / "run.log").read_text(encoding="utf-8")
    assert log.count("features of image (") == 3
    assert log.count("are not kept for train: a random step stands before the encoder") == 1


def test_a_run_with_trained_layers_learns_and_goes_on(compose, kept):
    run = done(compose("name=trained", "encoder.text.trained=1", "encoder.image.trained=all"))
    assert features(kept) == []
    result = run.result()
    assert not any(one["frozen"] for one in result["pretrained"].values())
    assert result["frozen_parameters"] > 0
    state = torch.load(run.checkpoints / "last.ckpt", weights_only=True)["state_dict"]
    assert any("encoders.text.module." in name for name in state)


def test_a_run_that_goes_on_with_other_weights_is_refused(compose, tmp_path, kept):
    folder = tiny.bert(tmp_path / "mine", vocab_size=300)
    config = compose("name=goes_on", f"encoder.text.model={folder}")
    whole = done(config)
    before = whole.result()
    whole.result_file.unlink()
    status = whole.status()
    status.state = "interrupted"
    status.write(whole.path)
    assert done(config).result()["test"] == before["test"]
    whole.result_file.unlink()
    status.write(whole.path)
    tiny.bert(folder, vocab_size=300, seed=1)
    done(config, state="failed")
    assert "must hold the weights that the checkpoint was made with" in whole.status().error


def test_without_a_network_a_run_says_how_to_bring_the_model(tmp_path):
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hf"), "COLUMNS": "300"}
    command = [sys.executable, "-m", "fuselab.cli", "train", *TINY, "logger=none", "encoder/text=hf"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("fuselab: ")]
    assert said.startswith(
        "fuselab: encoder.*.model (google-bert/bert-base-uncased) must be a folder, or lie in the cache "
        f"({tmp_path / 'hf' / 'hub'})"
    )
    assert "hf download google-bert/bert-base-uncased --local-dir bert-base-uncased" in said
