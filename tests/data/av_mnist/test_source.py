from __future__ import annotations

import inspect
import os
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from fuselab.data.av_mnist.originals import read_originals
from fuselab.data.av_mnist.recipe import MODALITIES, Recipe
from fuselab.data.av_mnist.source import AvMnist
from fuselab.data.paired import SPLITS
from fuselab.errors import ConfigError, DataError

from .conftest import IDX

Make = Callable[..., dict[str, Any]]
CONF = Path(__file__).parents[3] / "conf" / "data" / "av_mnist.yaml"
REAL = Path(os.environ.get("FUSELAB_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_it_takes_a_folder_and_the_fields_of_the_recipe_by_name():
    taken = inspect.signature(AvMnist).parameters.values()
    assert [one.name for one in taken] == ["folder", *(field.name for field in fields(Recipe))]
    assert {one.kind for one in taken} == {inspect.Parameter.KEYWORD_ONLY}
    assert {one.default for one in taken} == {inspect.Parameter.empty}


def test_it_gives_paired_data(shared, settings: Make):
    source = AvMnist(folder=str(shared[0]), **settings())
    data, arrays = source.load(), source.arrays()
    assert data.name == "av_mnist-v1"
    assert data.slices == tuple(settings()["slices"])
    assert {split: len(data.splits[split]) for split in data.splits} == settings()["sizes"]
    for split in SPLITS:
        paired = data.splits[split]
        assert tuple(paired.values) == tuple(paired.present) == MODALITIES
        for name in MODALITIES:
            np.testing.assert_array_equal(paired.values[name], arrays[f"{split}.{name}"])
            np.testing.assert_array_equal(paired.present[name], arrays[f"{split}.present_{name}"])
        np.testing.assert_array_equal(paired.target, arrays[f"{split}.target"])
        np.testing.assert_array_equal(paired.slice, arrays[f"{split}.slice"])
    assert data.fingerprint == str(arrays["fingerprint"]) != data.split_hash == str(arrays["split_hash"])


def test_the_key_has_the_files_but_not_their_folder(settings: Make, by_speaker):
    key = AvMnist(folder="a", **settings()).key
    assert key == AvMnist(folder="b", **settings()).key
    assert key.startswith("av_mnist-v1-")
    other = settings()["checksums"] | {"recordings": "0" * 64}
    changes = [{"seed": 1}, {"energy": 0.3}, {"checksums": other}, {"speakers": by_speaker}, {"snr_db": [-5, 6]}]
    assert len({key, *(AvMnist(folder="a", **settings(**change)).key for change in changes)}) == 6


def test_what_is_built_needs_the_files_no_more_and_shows_its_building_once(
    folder: Path, settings: Make, capfd: pytest.CaptureFixture[str]
):
    first = AvMnist(folder=str(folder), **settings()).load()
    shown = capfd.readouterr()
    assert (shown.out, "Building av_mnist-v1" in shown.err, "315/315" in shown.err) == ("", True, True)
    shutil.rmtree(folder)
    again = AvMnist(folder=str(folder), **settings()).load()
    assert again.fingerprint == first.fingerprint
    assert isinstance(again.splits["train"].values["audio"], np.memmap)
    assert capfd.readouterr().err == ""


def test_a_broken_file_ends_the_building_and_leaves_nothing(folder: Path, settings: Make, cache: Path):
    path = folder / IDX["train_images"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-500])
    with pytest.raises(DataError, match=r"train-images.* must be whole gzip"):
        AvMnist(folder=str(folder), **settings()).load()
    assert [one for one in cache.iterdir() if one.is_dir()] == []
    path.write_bytes(whole)
    assert AvMnist(folder=str(folder), **settings()).load().name == "av_mnist-v1"


def test_a_mistake_ends_before_anything_is_read(settings: Make):
    with pytest.raises(ConfigError, match=r"data.source.energy \(0\) must be"):
        AvMnist(folder="nowhere", **settings(energy=0))


def test_the_home_folder_is_understood(settings: Make):
    assert AvMnist(folder="~/data", **settings()).folder == Path.home() / "data"


@pytest.mark.realdata
@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="no folder FUSELAB_DATA or ../shared/data with mnist")
def test_the_publishers_files_are_those_of_the_config():
    config = OmegaConf.load(CONF)
    originals = read_originals(
        REAL,
        checksums=dict(config.source.checksums),
        image_size=config.image.size,
        speakers=tuple(config.slices),
        sample_rate=config.audio.sample_rate,
    )
    assert {part: len(labels) for part, labels in originals.labels.items()} == {"train": 60_000, "test": 10_000}
    assert originals.labels["train"][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], "the order that everybody knows"
    assert len(originals.recordings.waves) == 3000
    assert (originals.recordings.index < 5).sum() == 300


@pytest.mark.realdata
@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="no folder FUSELAB_DATA or ../shared/data with mnist")
@pytest.mark.parametrize(
    ("option", "fingerprint"),
    [
        ("av_mnist", "08e87a1e0fd6eb9211610fa4c99e4a001500c4e95b37c40b993752e0460404d9"),
        ("av_mnist_by_speaker", "287f31702a36cbb1c63e6cdea9425f38d61b7be8d8be55dc1f1609480ebb8528"),
    ],
)
def test_the_version_stands_for_these_bytes(option: str, fingerprint: str):
    """Who changes them changes the version too."""
    from fuselab.instantiate import instantiate
    from fuselab.runs.compose import composer, resolved

    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        source = resolved(hydra.compose([f"data={option}", f"data.folder={REAL}"]))["data"]["source"]
    data = instantiate(source).load()
    assert data.name == f"{option}-v1"
    assert data.fingerprint == fingerprint
