from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from fuselab.data import feature_cache
from fuselab.data.feature_cache import FILE, FeatureCache
from fuselab.data.transforms.audio.spec_augment import SpecAugment
from fuselab.data.transforms.chain import CHUNK, Chain
from fuselab.data.transforms.image.flip import Flip
from fuselab.errors import DataError
from fuselab.types import ModalityInput, Origin

MINE = Origin("mine", "ab" * 32, "pooling: mean", frozen=True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path))
    return tmp_path


class Reader:
    """A frozen encoder that counts what it reads."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def __call__(self, given: ModalityInput) -> ModalityInput:
        self.read.append(len(given.values))
        mask = None if given.mask is None else given.mask[:, ::2]
        return ModalityInput(given.values[:, ::2].float() * 2, mask, given.present)


def cache(origin: Origin = MINE, **changes: Any) -> FeatureCache:
    return FeatureCache(**({"modality": "text", "origin": origin, "release": lambda: None, "store": True} | changes))


def samples(count: int = 5, seed: int = 0, *, masked: bool = True) -> ModalityInput:
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(count, 6, generator=draw)
    mask = torch.rand(count, 6, generator=draw) > 0.5 if masked else None
    return ModalityInput(values, mask, torch.rand(count, generator=draw) > 0.2)


def once(*parts: ModalityInput) -> Callable[[], Iterable[ModalityInput]]:
    return lambda: iter(parts)


def kept(folder: Path) -> set[str]:
    return {one.name for one in folder.glob("features-*") if one.is_dir()}


@pytest.mark.parametrize("masked", [True, False])
def test_what_is_read_is_what_was_made_to_the_bit(folder, masked):
    parts = samples(5, masked=masked), samples(3, 1, masked=masked)
    reader = Reader()
    made = cache()(once(*parts), reader)
    again = cache()(once(*parts), reader)
    without = cache(store=False)(once(*parts), Reader())
    assert reader.read == [5, 3]
    assert len(kept(folder)) == 1
    for other in (again, without):
        for one, two in zip(made, other, strict=True):
            assert (one is None) == (two is None)
            assert one is None or (torch.equal(one, two) and one.dtype == two.dtype)
    assert torch.equal(made.values, torch.cat([one.values for one in parts])[:, ::2] * 2)


def test_without_a_store_nothing_is_written(folder):
    cache(store=False)(once(samples()), Reader())
    assert not list(folder.iterdir())


def test_the_key_changes_with_whatever_changes_the_features(folder):
    given = samples()
    hidden = given.values.clone()
    hidden[3, 2] += 1e-6
    variants = [
        (MINE, given),
        (MINE._replace(sha256="cd" * 32), given),
        (MINE._replace(settings="pooling: none"), given),
        (MINE, given._replace(values=hidden)),
        (MINE, given._replace(mask=~given.mask)),
        (MINE, given._replace(mask=None)),
        (MINE, given._replace(present=~given.present)),
        (MINE, ModalityInput(*(one[torch.tensor([1, 0, 2, 3, 4])] for one in given))),
        (MINE, ModalityInput(*(one[:4] for one in given))),
        (MINE, given._replace(values=given.values.double())),
    ]
    for number, (origin, one) in enumerate(variants, 1):
        cache(origin)(once(one), Reader())
        assert len(kept(folder)) == number
    gpu = cache()
    gpu.device = torch.device("meta")
    assert gpu._key([given]) != cache()._key([given])


def test_it_is_mapped_and_not_read(folder):
    found = cache()(once(samples(4000)), Reader())
    (file,) = folder.glob(f"features-*/{FILE}")
    assert str(file) in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert found.values.shape == (4000, 3)
    assert file.stat().st_mode & 0o044 == (file.parent / "about.json").stat().st_mode & 0o044
    about = json.loads((file.parent / "about.json").read_text(encoding="utf-8"))
    assert (about["name"], about["shape"]) == ("mine", [4000, 3])


@pytest.mark.parametrize("damage", ["cut", "empty", "gone"])
def test_a_damaged_file_is_named(folder, damage):
    cache()(once(samples()), Reader())
    (file,) = folder.glob(f"features-*/{FILE}")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: -40 if damage == "cut" else 0])
    with pytest.raises(DataError, match=rf"the cached file \({file}\) must be whole; delete {file.parent} and"):
        cache()(once(samples()), Reader())


def test_a_reader_that_fails_leaves_nothing(folder):
    def fails(given: ModalityInput) -> ModalityInput:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache()(once(samples()), fails)
    assert not kept(folder)
    assert not list(folder.glob(".features-*"))


def test_a_full_disk_is_said_in_words(monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(feature_cache.shutil, "copymode", full)
    with pytest.raises(DataError, match=r"must have room for 0 MiB .*set FUSELAB_CACHE .*feature_cache=false"):
        cache()(once(samples()), Reader())


def picture_chain(steps: dict[str, Any], reader: Reader) -> Chain:
    return Chain(modality="image", steps=steps, prepare=reader, keep=cache(modality="image"))


def pictures(count: int) -> ModalityInput:
    values = torch.randint(0, 256, (count, 1, 4, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return ModalityInput(values, None, torch.ones(count).bool())


def test_a_split_is_read_in_chunks_and_as_the_chain_gives_it(folder):
    reader = Reader()
    chain = picture_chain({}, reader)
    data = pictures(CHUNK + 7)
    found = chain.once(data, training=True)
    assert reader.read == [CHUNK, 7]
    assert torch.equal(found.values, (data.values / 255)[:, ::2] * 2)
    assert torch.equal(chain.once(data, training=True).values, found.values)
    assert reader.read == [CHUNK, 7]
    assert len(kept(folder)) == 1


def test_behind_a_random_step_nothing_is_kept_of_train(folder):
    reader = Reader()
    chain = picture_chain({"flip": Flip(probability=0.5, direction="horizontal")}, reader)
    data = pictures(9)
    assert chain.prepares_anew
    given = chain.once(data, training=True)
    assert reader.read == []
    chain.anew(given, [str(row) for row in range(9)])
    assert reader.read == [9]
    assert not kept(folder)
    chain.once(data, training=False)
    assert len(kept(folder)) == 1


def test_before_a_random_step_what_is_made_is_kept(folder):
    reader = Reader()
    masking = SpecAugment(time_masks=1, time_width=1, time_share=1.0, frequency_masks=1, frequency_width=1)
    chain = Chain(modality="audio", steps={"mask": masking}, prepare=reader, keep=cache(modality="audio"))
    assert chain.augmented
    assert not chain.prepares_anew
    data = ModalityInput(torch.randn(4, 6, 3), None, torch.ones(4).bool())
    found = chain.once(data, training=True)
    assert len(kept(folder)) == 1
    for epoch in "01":
        chain.anew(found, [f"{epoch}/{row}" for row in range(4)])
    assert reader.read == [4]


def test_a_sample_is_given_as_the_encoder_gets_it():
    chain = picture_chain({"flip": Flip(probability=1.0, direction="horizontal")}, Reader())
    data = pictures(3)
    assert torch.equal(chain.given(data).values, data.values / 255)
