"""What holds for every step in conf/transform, whatever it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from fuselab.data.transforms.base import (
    FRAMES,
    TOKENS,
    WAVES,
    FittedTransform,
    RandomTransform,
    TextTransform,
)
from fuselab.data.transforms.chain import Chain
from fuselab.instantiate import instantiate
from fuselab.types import ModalityInput

CONF = Path(__file__).parents[3] / "conf" / "transform"
OPTIONS = [path.relative_to(CONF).with_suffix("").as_posix() for path in sorted(CONF.glob("*/*.yaml"))]
# What a file leaves to the user, or refers to.
GIVEN: dict[str, dict[str, Any]] = {
    "image/resize": {"size": 6},
    "audio/length": {"sample_rate": 8000, "seconds": 0.2},
    "audio/resample": {"before": 8000, "after": 16000},
    "vector/pca": {"size": 3},
    "vector/lda": {"size": 2},
}
SAMPLES, MISSING = 12, 5
TARGET = torch.arange(SAMPLES) % 3


def make(option: str) -> Any:
    config = OmegaConf.load(CONF / f"{option}.yaml")
    for key, value in GIVEN.get(option, {}).items():
        config[key] = value
    return instantiate(OmegaConf.to_container(config, resolve=True))  # type: ignore[arg-type]


NUMERIC = [option for option in OPTIONS if not isinstance(make(option), TextTransform)]
RANDOM = [option for option in NUMERIC if isinstance(make(option), RandomTransform)]
MASKED = [option for option in NUMERIC if not option.startswith("image/")]


def samples(option: str, *, masked: bool, longer: int = 0, garbage: float = 0.0) -> ModalityInput:
    """Return samples of the kind that a step takes, one of which lacks the modality."""
    step = make(option)
    draw = torch.Generator().manual_seed(1)
    steps = 1200 if step.takes == WAVES else 9
    length = torch.arange(SAMPLES)[:, None] % 4 * (steps // 6) + steps // 2 - 1
    mask = None
    if option.startswith("image/"):
        values = torch.rand(SAMPLES, 1, 8, 8, generator=draw)
    elif step.takes == TOKENS:
        values = torch.randint(2, 20, (SAMPLES, steps), generator=draw)
    elif step.takes == WAVES:
        values = torch.randn(SAMPLES, steps, generator=draw) * torch.linspace(-0.5, 1, steps).clamp(
            min=0
        )  # silent at first
    elif step.takes == FRAMES or masked:
        values = torch.randn(SAMPLES, steps, 7, generator=draw)
    else:
        values = torch.randn(SAMPLES, 7, generator=draw)
    if masked:
        mask = torch.arange(steps + longer) < length
        values = torch.cat([values, values[:, :longer]], dim=1)
    present = torch.arange(SAMPLES) != MISSING
    given = ModalityInput(values, mask, present)
    spoilt = torch.full_like(values, garbage) if values.is_floating_point() else torch.full_like(values, 7)
    return given._replace(values=torch.where(_real(given), values, spoilt))


def _real(one: ModalityInput) -> torch.Tensor:
    real = one.present.view(-1, *[1] * (one.values.dim() - 1))
    return real if one.mask is None else real & one.mask.view(*one.mask.shape, *[1] * (one.values.dim() - 2))


def done(option: str, given: ModalityInput, names: list[str] | None = None) -> ModalityInput:
    """Return what becomes of samples in training, cleaned as an encoder gets it."""
    chain = Chain(modality="m", steps={"step": make(option)}, prepare=lambda one: one)
    chain.fit(given, TARGET[: len(given.values)])
    named = [f"0/0/{row}" for row in range(len(given.values))] if names is None else names
    return chain.anew(chain.once(given, training=True), named).cleaned()


def assert_same(one: ModalityInput, other: ModalityInput, *, atol: float = 0.0) -> None:
    assert (one.mask is None) == (other.mask is None)
    if one.mask is not None and other.mask is not None:
        steps = min(one.mask.shape[1], other.mask.shape[1])
        for longer in (one.mask, other.mask):
            assert not longer[:, steps:].any()
        assert torch.equal(one.mask[:, :steps], other.mask[:, :steps])
        one = one._replace(values=one.values[:, :steps])
        other = other._replace(values=other.values[:, :steps])
    torch.testing.assert_close(one.values, other.values, rtol=0, atol=atol)
    assert torch.equal(one.present, other.present)


def ways(option: str) -> list[bool]:
    """With a mask, without one, or both."""
    return [False] if option.startswith("image/") else [True, False]


def test_every_file_is_found():
    assert {"image/flip", "audio/spec_augment", "text/clean", "text/token_dropout", "vector/pca"} <= set(OPTIONS)
    assert len(RANDOM) >= 9


@pytest.mark.parametrize("option", NUMERIC)
def test_what_is_real_stays_finite_and_of_its_kind(option):
    for masked in ways(option):
        given = samples(option, masked=masked)
        found = done(option, given)
        assert found.values.dtype == given.values.dtype
        assert len(found.values) == SAMPLES
        assert torch.equal(found.present, given.present)
        assert bool(torch.isfinite(found.values).all())
        if found.mask is not None:
            assert found.mask.shape == found.values.shape[:2]
            assert not found.mask[MISSING].any()


@pytest.mark.parametrize("option", NUMERIC)
def test_it_changes_something(option):
    given = samples(option, masked=False)
    found = done(option, given)
    assert found.values.shape != given.values.shape or not torch.equal(found.values, given.cleaned().values)


@pytest.mark.parametrize("option", NUMERIC)
def test_what_is_missing_or_padding_changes_nothing(option):
    for masked in ways(option):
        clean = done(option, samples(option, masked=masked))
        for garbage in (float("nan"), float("inf"), 1e30):
            assert_same(done(option, samples(option, masked=masked, garbage=garbage)), clean)


@pytest.mark.parametrize("option", MASKED)
def test_padding_longer_changes_nothing(option):
    more = 300 if make(option).takes == WAVES else 5
    short, long = (done(option, samples(option, masked=True, longer=longer)) for longer in (0, more))
    assert_same(short, long, atol=1e-5)


@pytest.mark.parametrize("option", NUMERIC)
def test_a_sample_is_changed_as_if_it_were_alone(option):
    chain = Chain(modality="m", steps={"step": make(option)}, prepare=lambda one: one)
    given = samples(option, masked=False)
    chain.fit(given, TARGET)
    table = chain.once(given, training=True)
    names = [f"0/0/{row}" for row in range(SAMPLES)]
    together = chain.anew(table, names)
    for row in (0, SAMPLES - 1):
        one = ModalityInput(*(None if part is None else part[row : row + 1] for part in table))
        alone = chain.anew(one, names[row : row + 1])
        torch.testing.assert_close(alone.values[0], together.values[row], rtol=0, atol=1e-5)


@pytest.mark.parametrize("option", NUMERIC)
def test_the_order_of_samples_counts_for_nothing(option):
    given = samples(option, masked=False)
    chain = Chain(modality="m", steps={"step": make(option)}, prepare=lambda one: one)
    chain.fit(given, TARGET)
    turn = torch.arange(SAMPLES).flip(0)
    names = [f"0/0/{row}" for row in range(SAMPLES)]
    table = chain.once(given, training=True)
    turned = chain.once(ModalityInput(given.values[turn], None, given.present[turn]), training=True)
    found = chain.anew(turned, names[::-1]).cleaned().values
    torch.testing.assert_close(found, chain.anew(table, names).cleaned().values[turn], rtol=0, atol=1e-5)


@pytest.mark.parametrize("option", RANDOM)
def test_a_random_step_differs_by_sample_and_epoch_and_repeats_itself(option):
    given = samples(option, masked=False)
    alike = given._replace(values=given.values[:1].expand_as(given.values).clone(), present=given.present | True)
    epochs = [done(option, alike, [f"0/{epoch}/{row}" for row in range(SAMPLES)]).values for epoch in range(4)]
    seen = {str(one.tolist()) for epoch in epochs for one in epoch}
    assert len(seen) >= (2 if option == "image/flip" else 12)
    again = done(option, alike, [f"0/3/{row}" for row in range(SAMPLES)]).values
    assert torch.equal(again, epochs[3])
    other = done(option, alike, [f"1/3/{row}" for row in range(SAMPLES)]).values
    assert not torch.equal(other, epochs[3])


@pytest.mark.parametrize("option", RANDOM)
def test_a_random_step_leaves_validation_and_the_global_stream_alone(option):
    given = samples(option, masked=False)
    chain = Chain(modality="m", steps={"step": make(option)}, prepare=lambda one: one)
    assert chain.augmented
    torch.testing.assert_close(chain.once(given, training=False).values, given.values, rtol=0, atol=0)
    before = torch.get_rng_state()
    chain.anew(given, [str(row) for row in range(SAMPLES)])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("option", [one for one in NUMERIC if isinstance(make(one), FittedTransform)])
def test_a_fitted_step_is_what_it_learned(option):
    given = samples(option, masked=False)
    learned, told = make(option), make(option)
    learned.fit(given.cleaned(), TARGET)
    told.state = {name: one.clone() for name, one in learned.state.items()}
    other = given._replace(values=given.values * 2 + 1)
    assert torch.equal(told.apply(other).values, learned.apply(other).values)


@pytest.mark.parametrize("option", [option for option in OPTIONS if option not in NUMERIC])
def test_a_step_on_texts_gives_texts_and_can_be_done_again(option):
    step = make(option)
    texts = ["", "plain words", " <b>É &amp; e</b>\u0301  https://a.b/c  x@y.zz ", "1 < 2 > 0", "\x00\u200b", "<" * 99]
    for text in texts:
        once = step(text)
        assert isinstance(once, str)
        assert step(once) == once
    assert step("plain words") == "plain words"
