from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from fuselab.data.paired import SPLITS
from fuselab.data.trio_digits.questions import KINDS
from fuselab.data.trio_digits.recipe import MODALITIES, Recipe
from fuselab.data.trio_digits.source import TrioDigits
from fuselab.errors import ConfigError, DataError

Make = Callable[..., dict[str, Any]]
LOAD = """
import json, sys
from fuselab.data.trio_digits.source import TrioDigits

print(TrioDigits(**json.loads(sys.argv[1])).load().fingerprint)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that keeps what is built in it from test to test."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def source(built: Path, settings: Make, monkeypatch: pytest.MonkeyPatch) -> TrioDigits:
    monkeypatch.setenv("FUSELAB_CACHE", str(built))
    return TrioDigits(**settings())


def start(settings: dict[str, Any], cache: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", LOAD, json.dumps(settings)]
    environment = os.environ | {"FUSELAB_CACHE": str(cache)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_it_takes_the_fields_of_the_recipe_by_name():
    taken = inspect.signature(TrioDigits).parameters.values()
    assert [one.name for one in taken] == [field.name for field in fields(Recipe)]
    assert {one.kind for one in taken} == {inspect.Parameter.KEYWORD_ONLY}
    assert {one.default for one in taken} == {inspect.Parameter.empty}


def test_it_keeps_the_recipe_and_the_name(settings: Make):
    source = TrioDigits(**settings(seed=3))
    assert source.recipe == Recipe(**settings(seed=3))
    assert source.name == "trio_digits-v1"


def test_a_mistake_ends_before_anything_is_read(settings: Make):
    with pytest.raises(ConfigError, match=r"data.source.seconds \(0\) must be"):
        TrioDigits(**settings(seconds=0))


def test_the_key_is_a_function_of_the_recipe(settings: Make):
    key = TrioDigits(**settings()).key
    assert key.startswith("trio_digits-v1-")
    assert len(key) == len("trio_digits-v1-") + 12
    assert TrioDigits(**settings(seed=0.0, sizes={"test": 30, "val": 30.0, "train": 60})).key == key
    assert TrioDigits(**OmegaConf.create(settings())).key == key  # type: ignore[arg-type]
    others = [
        {"seed": 1},
        {"image_noise": 0.2},
        {"pitch": [21, 80]},
        {"missing": {"image": 0, "audio": 0, "text": 0.1}},
    ]
    assert len({key, *(TrioDigits(**settings(**change)).key for change in others)}) == 5


def test_it_gives_paired_data(source: TrioDigits):
    data = source.load()
    assert data.name == "trio_digits-v1"
    assert data.slices == KINDS
    assert {split: len(data.splits[split]) for split in data.splits} == {"train": 60, "val": 30, "test": 30}
    arrays = source.arrays()
    for split in SPLITS:
        paired = data.splits[split]
        assert tuple(paired.values) == tuple(paired.present) == MODALITIES
        assert paired.slice is not None
        for name in MODALITIES:
            np.testing.assert_array_equal(paired.values[name], arrays[f"{split}.{name}"])
            np.testing.assert_array_equal(paired.present[name], arrays[f"{split}.present_{name}"])
        np.testing.assert_array_equal(paired.target, arrays[f"{split}.target"])
        np.testing.assert_array_equal(paired.slice, arrays[f"{split}.slice"])
    assert len(data.fingerprint) == len(data.split_hash) == 64
    assert data.fingerprint != data.split_hash


def test_progress_is_shown_on_stderr_while_building_only(
    cache: Path, settings: Make, capfd: pytest.CaptureFixture[str]
):
    source = TrioDigits(**settings(sizes={"train": 10, "val": 5, "test": 5}))
    source.load()
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "Building trio_digits-v1" in shown.err
    assert "20/20" in shown.err
    assert isinstance(source.load().splits["train"].values["audio"], np.memmap)
    assert capfd.readouterr().err == ""


def test_processes_that_start_at_once_build_once_and_the_same_as_another_day(
    source: TrioDigits, cache: Path, tmp_path: Path, settings: Make
):
    children = [start(settings(), tmp_path / "elsewhere") for _ in range(3)]
    told = [child.communicate() for child in children]
    assert sum("Building" in errors for _, errors in told) == 1
    assert {out.strip() for out, _ in told} == {source.load().fingerprint}
    assert [path.name for path in (tmp_path / "elsewhere").iterdir() if path.is_dir()] == [source.key]


def test_a_cache_that_cannot_be_written_is_an_error_in_words(
    tmp_path: Path, settings: Make, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="must be writable and have room; set FUSELAB_CACHE"):
        TrioDigits(**settings()).load()
