from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from fuselab.data.trio_digits.recipe import Recipe
from fuselab.errors import ConfigError

Make = Callable[..., dict[str, Any]]


def test_spelling_does_not_make_another_recipe(settings: Make):
    plain = Recipe(**settings())
    spelled = settings(
        seed=0.0,
        sizes={"test": 30.0, "train": 60, "val": 30},
        snr_db=(15.0, 30),
        rate=[130.0, 220],
        sample_rate=8000.0,
        missing={"text": 0, "image": 0, "audio": 0},
    )
    other = Recipe(**spelled)
    assert other == plain
    assert repr(other.as_key()) == repr(plain.as_key())


def test_config_containers_become_plain(settings: Make):
    recipe = Recipe(**OmegaConf.create(settings()))  # type: ignore[arg-type]
    assert recipe == Recipe(**settings())
    kinds = {type(getattr(recipe, field.name)) for field in fields(recipe)}
    assert kinds == {int, float, dict, tuple}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, r"data.source.seed \(-1\) must be a whole number from 0"),
        ({"seed": "one"}, r"data.source.seed \(one\) must be a whole number"),
        ({"seed": True}, r"data.source.seed \(True\) must be a whole number"),
        ({"sizes": {"train": 0, "val": 1, "test": 1}}, r"data.source.sizes.train \(0\) must .* from 1 to 1,000,000"),
        ({"sizes": {"train": 1.5, "val": 1, "test": 1}}, r"data.source.sizes.train \(1.5\) must be a whole number"),
        ({"sizes": {"train": 1, "val": 1}}, "data.source.sizes must have test; give a value for each of train, val, t"),
        ({"sizes": 100}, r"data.source.sizes \(100\) must be a mapping; give a value for each of train, val, test"),
        ({"sizes": {"tran": 1, "val": 1, "test": 1}}, "data.source.sizes.tran must be a known name; did you mean 'tra"),
        ({"shares": {"train": 0.9, "val": 0.01, "test": 0.09}}, r"data.source.shares.val \(0.01\) must .* from 0.05"),
        ({"shares": {"train": 0.6, "val": 0.15, "test": 0.2}}, r"data.source.shares \(sums to 0.95\) must sum to 1"),
        ({"image_noise": -0.1}, r"data.source.image_noise \(-0.1\) must be a number from 0 to 10; change it"),
        ({"redundant_image_noise": None}, r"data.source.redundant_image_noise \(None\) must be a number"),
        ({"image_noise": float("nan")}, r"data.source.image_noise \(nan\) must be a number"),
        ({"snr_db": [30, 15]}, r"data.source.snr_db \(\[30.0, 15.0\]\) must rise .*; write \[15.0, 30.0\]"),
        ({"snr_db": [15]}, r"data.source.snr_db \(\[15\]\) must be two numbers; give \[lowest, highest\]"),
        ({"redundant_snr_db": 5}, r"data.source.redundant_snr_db \(5\) must be two numbers"),
        ({"redundant_snr_db": [-40, 5]}, r"data.source.redundant_snr_db \(-40\) must be a number from -15 to 100"),
        ({"snr_db": "15"}, r"data.source.snr_db \(15\) must be two numbers"),
        ({"rate": [10, 220]}, r"data.source.rate \(10\) must be a whole number from 80 to 450"),
        ({"pitch": [20, 100]}, r"data.source.pitch \(100\) must be a whole number from 0 to 99"),
        ({"sample_rate": 44_100}, r"data.source.sample_rate \(44100\) must be a whole number from 4,000 to 22,050"),
        ({"seconds": 0.1}, r"data.source.seconds \(0.1\) must be a number from 0.25 to 10"),
        ({"missing": {"image": 1.1, "audio": 0, "text": 0}}, r"data.source.missing.image \(1.1\) must .* from 0 to 1"),
        ({"missing": {"video": 1}}, "data.source.missing.video must be .*; choose one of: audio, image, text"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_are_refused(settings: Make, changes: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        Recipe(**settings(**changes))


def test_mix_must_sum_to_one(settings: Make):
    mix = {**settings()["mix"], "redundant": 0.5}
    with pytest.raises(ConfigError, match=r"data.source.mix \(sums to 1.35\) must sum to 1; change the shares"):
        Recipe(**settings(mix=mix))


def test_streams_are_told_apart_by_seed_and_name(settings: Make):
    draws = {
        tuple(Recipe(**settings(seed=seed)).stream(*names).integers(1000, size=4))
        for seed in (0, 1)
        for names in (("plan", "train"), ("plan", "test"), ("noise", "train"))
    }
    assert len(draws) == 6
    again = [Recipe(**settings()).stream("plan").random(3) for _ in range(2)]
    np.testing.assert_array_equal(*again)
