from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from fuselab.data.av_mnist.recipe import Recipe
from fuselab.errors import ConfigError

Make = Callable[..., dict[str, Any]]
APART = {"train": ["george", "jackson"], "val": ["lucas"], "test": ["theo"]}


def test_spelling_does_not_make_another_recipe(settings: Make):
    plain = Recipe(**settings(speakers=APART))
    spelled = settings(seed=0.0, snr_db=(-5.0, 5), energy=0.25, seconds=0.25, sample_rate=8000.0, speakers=APART)
    assert Recipe(**spelled) == plain
    assert repr(Recipe(**spelled).as_key()) == repr(plain.as_key())
    assert Recipe(**OmegaConf.create(settings(speakers=APART))) == plain  # type: ignore[arg-type]
    kinds = {type(getattr(plain, field.name)) for field in fields(plain)}
    assert kinds == {int, float, dict, tuple}


def test_the_name_has_the_version_and_says_how_clips_are_split(settings: Make):
    assert Recipe(**settings()).name == "av_mnist-v1"
    assert Recipe(**settings(speakers=APART)).name == "av_mnist_by_speaker-v1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, r"data.source.seed \(-1\) must be a whole number from 0"),
        ({"sizes": {"train": 0, "val": 1, "test": 1}}, r"data.source.sizes.train \(0\) must .* from 1 to 60,000"),
        ({"val_share": 0}, r"data.source.val_share \(0\) must be a number from 0.01 to 0.5"),
        ({"energy": 0}, r"data.source.energy \(0\) must be a number from 0.01 to 1"),
        ({"energy": 25}, r"data.source.energy \(25\) must be a number from 0.01 to 1"),
        ({"snr_db": [-20, 5]}, r"data.source.snr_db \(-20\) must be a number from -15 to 100"),
        ({"snr_db": [5, -5]}, r"data.source.snr_db \(\[5.0, -5.0\]\) must rise .*; write \[-5.0, 5.0\]"),
        ({"image_size": 2}, r"data.source.image_size \(2\) must be a whole number from 4"),
        ({"sample_rate": 100}, r"data.source.sample_rate \(100\) must be a whole number from 4,000"),
        ({"seconds": 0.1}, r"data.source.seconds \(0.1\) must be a number from 0.25"),
        ({"missing": {"image": 0, "audio": 2}}, r"data.source.missing.audio \(2\) must be a number from 0 to 1"),
        ({"missing": {"text": 0}}, "data.source.missing.text must be a known name; choose one of: audio, image"),
        ({"slices": "george"}, r"data.source.slices \(george\) must be a list of names, each once"),
        ({"slices": ["theo", "theo"]}, r"data.source.slices \(\['theo', 'theo'\]\) must be a list of names, each once"),
        ({"speakers": "george"}, r"data.source.speakers \(george\) must be a list of names for each of train, val, te"),
        ({"speakers": {"train": ["theo"]}}, "must be a list of names for each of .*; write null to split .* by index"),
        ({"speakers": APART | {"val": []}}, r"data.source.speakers.val \(\[\]\) must be a list of names"),
        ({"speakers": APART | {"val": ["thea"]}}, r"speakers.val \(thea\) must be one of data.slices; .* 'theo'"),
        ({"speakers": APART | {"test": ["jackson"]}}, r"speakers.test \(jackson\) must be of one split, and is of tr"),
        ({"checksums": {}}, "data.source.checksums must have train_images"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_are_refused(settings: Make, changes: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        Recipe(**settings(**changes))


def test_a_checksum_is_one(settings: Make):
    wrong = settings()["checksums"] | {"recordings": "ABC"}
    with pytest.raises(ConfigError, match=r"data.source.checksums.recordings \(ABC\) must be a SHA-256 in 64 hex"):
        Recipe(**settings(checksums=wrong))


def test_streams_are_told_apart_by_seed_and_name(settings: Make):
    draws = {
        tuple(Recipe(**settings(seed=seed)).stream(*names).integers(1000, size=4))
        for seed in (0, 1)
        for names in (("rows", "train"), ("rows", "test"), ("noise", "train"))
    }
    assert len(draws) == 6
    again = [Recipe(**settings()).stream("rows").random(3) for _ in range(2)]
    np.testing.assert_array_equal(*again)
