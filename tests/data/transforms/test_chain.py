from __future__ import annotations

import pytest
import torch
from torch import Tensor

from fuselab.data.transforms.base import NUMBERS, FittedTransform, FixedTransform, RandomTransform, TextTransform
from fuselab.data.transforms.chain import CHUNK, Chain
from fuselab.data.transforms.draws import Draws
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


class Fixed(FixedTransform):
    takes = NUMBERS

    def __init__(self, factor: float, seen: list[int] | None = None) -> None:
        self.factor = factor
        self.seen = [] if seen is None else seen

    def apply(self, modality: ModalityInput) -> ModalityInput:
        self.seen.append(len(modality.values))
        assert bool(torch.isfinite(modality.values).all())
        return ModalityInput(modality.values * self.factor + 1, modality.mask, ~modality.present)


class Shift(RandomTransform):
    takes = NUMBERS

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        assert bool(torch.isfinite(modality.values).all())
        return ModalityInput(modality.values + draws.uniform(1), modality.mask, ~modality.present)


class Behind(Shift):
    after_prepare = True


class Mean(FittedTransform):
    takes = NUMBERS

    def fit(self, train: ModalityInput, target: Tensor) -> None:
        self.state = {"mean": train.values.mean()}

    def apply(self, modality: ModalityInput) -> ModalityInput:
        return modality._replace(values=modality.values - self.state["mean"])


class Text(TextTransform):
    def __call__(self, text: str) -> str:
        return text.upper()


def doubled(modality: ModalityInput) -> ModalityInput:
    return modality._replace(values=modality.values * 2)


def chain(**steps) -> Chain:
    return Chain(modality="audio", steps=steps, prepare=doubled)


def samples(count: int, *, missing: float = 0.0) -> ModalityInput:
    values = torch.arange(count * 3).reshape(count, 3) / 7
    present = torch.ones(count, dtype=torch.bool)
    present[1] = False
    values[1] = missing
    return ModalityInput(values, None, present)


@pytest.mark.parametrize("count", [2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_chunks_make_the_whole(count):
    fixed = Fixed(3.0)
    found = chain(fixed=fixed).once(samples(count), training=True)
    assert torch.equal(found.values, (samples(count).cleaned().values * 3 + 1) * 2)
    assert sum(fixed.seen) == count
    assert max(fixed.seen) <= CHUNK


def test_a_split_without_samples_stays_one():
    empty = ModalityInput(torch.zeros(0, 3), None, torch.zeros(0, dtype=torch.bool))
    assert chain(fixed=Fixed(1.0)).once(empty, training=True).values.shape == (0, 3)


def test_masks_and_presence_stay_with_their_rows():
    whole = ModalityInput(torch.zeros(CHUNK + 5, 4), torch.rand(CHUNK + 5, 4) > 0.5, torch.rand(CHUNK + 5) > 0.5)
    found = chain(fixed=Fixed(1.0)).once(whole, training=False)
    assert found.mask is not None
    assert torch.equal(found.mask, whole.mask & whole.present[:, None])
    assert torch.equal(found.present, whole.present)


def test_without_steps_there_is_what_the_encoder_prepares():
    plain = chain()
    assert not plain.augmented
    assert torch.equal(plain.once(samples(5), training=True).values, doubled(samples(5)).values)


@pytest.mark.parametrize(
    ("dtype", "scale"), [(torch.int16, 32768), (torch.uint8, 255), (torch.int64, 1), (torch.float32, 1)]
)
def test_samples_of_pcm_and_bytes_are_scaled_and_nothing_else_is(dtype, scale):
    given = ModalityInput(torch.tensor([[3, 100]], dtype=dtype), None, torch.tensor([True]))
    assert torch.equal(chain().once(given, training=False).values, given.values / scale * 2)


def test_steps_are_done_in_their_order_around_the_encoder():
    one = chain(a=Fixed(2.0), b=Fixed(5.0)).once(samples(2), training=False).values[0]
    other = chain(b=Fixed(5.0), a=Fixed(2.0)).once(samples(2), training=False).values[0]
    value = samples(2).values[0]
    assert torch.equal(one, ((value * 2 + 1) * 5 + 1) * 2)
    assert torch.equal(other, ((value * 5 + 1) * 2 + 1) * 2)


def test_what_stands_before_the_first_random_step_is_done_once_and_all_else_anew():
    before, behind = Fixed(2.0), Fixed(3.0)
    both = chain(before=before, shift=Shift(), behind=behind)
    assert both.augmented
    table = both.once(samples(4), training=True)
    assert torch.equal(table.values, samples(4).cleaned().values * 2 + 1)
    assert (before.seen, behind.seen) == ([4], [])
    batch = both.anew(table, list("wxyz"))
    drawn = Draws([f"{one}/audio/shift" for one in "wxyz"], device=torch.device("cpu")).uniform(1)
    expected = ((table.cleaned().values + drawn) * table.present[:, None] * 3 + 1) * 2
    assert torch.equal(batch.values, expected)
    assert (before.seen, behind.seen) == ([4], [4])
    assert torch.equal(batch.present, samples(4).present)
    evaluated = both.once(samples(4), training=False).values
    assert torch.equal(evaluated[2], ((samples(4).values[2] * 2 + 1) * 3 + 1) * 2)


def test_a_random_step_behind_the_encoder_lets_it_prepare_once():
    behind = chain(shift=Behind())
    table = behind.once(samples(3), training=True)
    assert torch.equal(table.values, doubled(samples(3)).values)
    drawn = Draws([f"{one}/audio/shift" for one in "xyz"], device=torch.device("cpu")).uniform(1)
    assert torch.equal(behind.anew(table, list("xyz")).values, table.cleaned().values + drawn)


@pytest.mark.parametrize("steps", [{"fixed": Fixed(2.0)}, {"shift": Shift()}, {"mean": Mean()}])
def test_what_a_missing_sample_holds_changes_nothing(steps):
    found = []
    for missing in (0.0, float("nan"), 1e30):
        one = chain(**steps)
        given = samples(4, missing=missing)
        one.fit(given, torch.zeros(4))
        batch = one.anew(one.once(given, training=True), list("wxyz"))
        found.append(batch.cleaned().values)
        assert torch.equal(batch.present, given.present)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_each_step_learns_behind_those_before_it_and_only_once():
    first, second = Mean(), Mean()
    one = chain(first=first, louder=Fixed(10.0), shift=Shift(), second=second)
    one.fit(samples(4), torch.zeros(4))
    given = samples(4).cleaned()
    learned = (given.values - given.values.mean()) * given.present[:, None]
    assert torch.allclose(first.state["mean"], given.values.mean())
    assert torch.allclose(second.state["mean"], ((learned * 10 + 1) * given.present[:, None]).mean())
    states = first.state, second.state
    one.fit(samples(9), torch.zeros(9))
    assert (first.state, second.state) == states


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            {"a": Fixed(1.0), "b": Text()},
            r"transform\.audio\.b \(of texts\) must stand before a \(of what the data gives",
        ),
        (
            {"a": Behind(), "b": Fixed(1.0)},
            r"b \(of what the data gives\) must stand before a \(of what the encoder has",
        ),
        ({"a": Behind(), "b": Text()}, r"b \(of texts\) must stand before a"),
    ],
)
def test_an_order_that_can_not_be_is_refused(steps, message):
    with pytest.raises(ConfigError, match=message):
        chain(**steps)


def test_texts_go_through_their_steps():
    assert chain(a=Text(), b=Fixed(1.0)).change_text("one") == "ONE"
    assert not chain(b=Fixed(1.0)).changes_texts
