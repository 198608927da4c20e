from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from fuselab.data.paired import SPLITS, sha256
from fuselab.data.trio_digits import generator
from fuselab.data.trio_digits.generator import generate
from fuselab.data.trio_digits.questions import KINDS, WORDINGS
from fuselab.data.trio_digits.recipe import MODALITIES, Recipe
from fuselab.errors import ConfigError

Make = Callable[..., dict[str, Any]]
Arrays = dict[str, Any]
FEW = dict.fromkeys(SPLITS, 1)


def of(arrays: Arrays, split: str) -> Arrays:
    return {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith(f"{split}.")}


def same(one: Arrays, other: Arrays) -> dict[str, bool]:
    return {name: one[name].tobytes() == other[name].tobytes() for name in one}


def test_shapes_and_types(made: Arrays):
    train = of(made, "train")
    assert {name: (train[name].shape, train[name].dtype) for name in ("image", "audio", "target", "slice")} == {
        "image": ((600, 1, 8, 8), np.float32),
        "audio": ((600, 6000), np.int16),
        "target": ((600,), np.int64),
        "slice": ((600,), np.int64),
    }
    assert train["text"].dtype.kind == "U"


@pytest.mark.parametrize("split", SPLITS)
def test_questions_are_of_their_kind(made: Arrays, split: str):
    rows = of(made, split)
    assert all(text in WORDINGS[KINDS[kind]] for text, kind in zip(rows["text"], rows["slice"], strict=True))


def test_every_wording_is_asked(many: Arrays):
    assert set(many["train.text"]) == set(itertools.chain(*WORDINGS.values()))


def test_images_show_the_digit_seen_with_the_noise_of_their_kind(made: Arrays):
    digits, rows = load_digits(), of(made, "train")
    assert digits.target[rows["image_row"]].tolist() == rows["seen"].tolist()
    noise = rows["image"][:, 0] - digits.images[rows["image_row"]] / 16
    redundant = rows["slice"] == KINDS.index("redundant")
    assert noise[redundant].std() == pytest.approx(0.5, rel=0.05)
    assert noise[~redundant].std() == pytest.approx(0.1, rel=0.05)


def test_images_and_voices_belong_to_one_split(unspoken: Make):
    arrays = unspoken(sizes={"train": 3000, "val": 3000, "test": 3000})
    images = {split: set(arrays[f"{split}.image_row"]) for split in SPLITS}
    voices = {split: {voice.partition("+")[2] for voice in arrays[f"{split}.voice"]} for split in SPLITS}
    families = {split: {voice.rstrip("0123456789") for voice in voices[split]} for split in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        assert images[one].isdisjoint(images[other])
        assert voices[one].isdisjoint(voices[other])
        assert families[one].isdisjoint(families[other])
    shares = [len(voices[split]) / sum(map(len, voices.values())) for split in SPLITS]
    assert shares == pytest.approx([0.6, 0.15, 0.25], abs=0.04)
    assert sum(map(len, voices.values())) > 90
    assert [len(images[split]) for split in SPLITS] == pytest.approx([1078, 270, 449], rel=0.1)


def test_each_split_can_show_every_digit(unspoken: Make):
    arrays = unspoken(shares={"train": 0.9, "val": 0.05, "test": 0.05}, sizes={"train": 300, "val": 300, "test": 300})
    assert [set(arrays[f"{split}.seen"]) for split in SPLITS] == [set(range(10))] * 3


def test_a_split_without_voices_is_refused(unspoken: Make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(generator, "voice_variants", lambda: ["m1", "m2", "m3"])
    with pytest.raises(
        ConfigError, match=r"data.source.shares.\w+ \(0.\d+\) must give .* a family of voices; raise it"
    ):
        unspoken()


def test_kinds_come_in_their_shares(many: Arrays, settings: Make):
    shares = np.bincount(many["train.slice"]) / len(many["train.slice"])
    assert shares == pytest.approx(list(settings()["mix"].values()), abs=0.015)


def test_noise_has_the_ratio_asked_for(settings: Make):
    """The same words twice, clean and at 10 dB: the difference is the noise."""
    clean, noisy = (
        generate(
            Recipe(**settings(sizes={**FEW, "train": 30}, snr_db=[ratio, ratio], redundant_snr_db=[ratio, ratio])),
            progress=lambda *_: None,
        )["train.audio"].astype(float)
        for ratio in (100, 10)
    )
    noise = noisy - clean
    for row in range(len(clean)):
        word = np.flatnonzero(clean[row])
        signal = (clean[row] ** 2).sum() / (word[-1] - word[0] + 1)
        assert 10 * np.log10(signal / (noise[row] ** 2).mean()) == pytest.approx(10, abs=0.5)
    edge = [np.flatnonzero(row)[0] for row in clean]
    assert len(set(edge)) > 20, "words begin at drawn places"


def test_ratios_are_drawn_from_the_range_of_the_kind(made: Arrays):
    rows = of(made, "train")
    redundant = rows["slice"] == KINDS.index("redundant")
    for ratios, low, high in ((rows["snr_db"][redundant], -5, 5), (rows["snr_db"][~redundant], 15, 30)):
        assert low <= ratios.min() < low + 2
        assert high - 2 < ratios.max() <= high


def test_nothing_is_missing_unless_asked_for(made: Arrays):
    assert all(made[f"{split}.present_{name}"].all() for split in SPLITS for name in MODALITIES)


def test_modalities_are_missing_at_their_rates_each_by_itself(unspoken: Make):
    rates = {"image": 0.1, "audio": 0.3, "text": 0.5}
    rows = of(unspoken(sizes={**FEW, "train": 10_000}, missing=rates), "train")
    lost = {name: ~rows[f"present_{name}"] for name in MODALITIES}
    assert {name: gone.mean() for name, gone in lost.items()} == pytest.approx(rates, abs=0.02)
    assert (lost["image"] & lost["audio"]).mean() == pytest.approx(0.03, abs=0.006)
    assert (lost["audio"] & lost["text"]).mean() == pytest.approx(0.15, abs=0.015)
    assert not rows["image"][lost["image"]].any()
    assert not rows["audio"][lost["audio"]].any()
    assert set(rows["text"][lost["text"]]) == {""}
    assert rows["image"][~lost["image"]].any(axis=(1, 2, 3)).all()
    assert rows["audio"][~lost["audio"]].any(axis=1).all()
    assert "" not in rows["text"][~lost["text"]]


def test_missing_changes_nothing_of_what_is_left(unspoken: Make):
    whole, holed = unspoken(), unspoken(missing={"image": 0.5, "audio": 0.5, "text": 0.5})
    for name in MODALITIES:
        here = holed[f"train.present_{name}"]
        np.testing.assert_array_equal(holed[f"train.{name}"][here], whole[f"train.{name}"][here])
    assert whole["train.target"].tolist() == holed["train.target"].tolist()


def test_more_samples_of_one_split_leave_the_others_as_they_are(settings: Make):
    told: list[tuple[int, int]] = []
    small, longer, shorter = (
        generate(
            Recipe(**settings(sizes=dict(zip(SPLITS, sizes, strict=True)))),
            progress=lambda done, total: told.append((done, total)),
        )
        for sizes in ((20, 10, 10), (20, 20, 20), (10, 20, 20))
    )
    for one, other, kept in ((small, longer, "train"), (longer, shorter, "val"), (longer, shorter, "test")):
        assert all(same(of(one, kept), of(other, kept)).values())
        assert one["split_hash"] == other["split_hash"]
        assert one["fingerprint"] != other["fingerprint"]
    # Progress counts the samples of all splits.
    assert {total for _, total in told} == {40, 60, 50}
    assert {max(done for done, of_all in told if of_all == total) for total in (40, 60, 50)} == {40, 60, 50}


def test_noise_leaves_all_but_itself_as_it_is(unspoken: Make):
    quiet, loud = of(unspoken(), "train"), of(unspoken(image_noise=1, snr_db=[0, 5]), "train")
    assert {name for name, kept in same(quiet, loud).items() if not kept} == {"image", "audio", "snr_db"}


def test_every_draw_has_a_stream_of_its_own(unspoken: Make, monkeypatch: pytest.MonkeyPatch):
    drawn: list[tuple[str, ...]] = []
    stream = Recipe.stream
    monkeypatch.setattr(Recipe, "stream", lambda self, *names: drawn.append(names) or stream(self, *names))
    unspoken()
    per_split = itertools.product(("plan", "noise", "missing"), SPLITS)
    assert sorted(drawn) == sorted([("images",), ("voices",), *per_split])


def test_another_seed_is_other_data(unspoken: Make):
    one, other = unspoken(seed=0), unspoken(seed=1)
    assert one["fingerprint"] != other["fingerprint"]
    assert one["split_hash"] != other["split_hash"]
    changed = {name for name, kept in same(of(one, "train"), of(other, "train")).items() if not kept}
    assert {"image", "audio", "text", "target", "slice", "seen", "heard", "image_row", "voice"} <= changed


def test_the_fingerprint_is_of_every_byte(unspoken: Make):
    arrays = unspoken()
    data = {name: array for name, array in arrays.items() if "." in name}
    assert set(arrays) - set(data) == {"fingerprint", "split_hash"}
    assert str(arrays["fingerprint"]) == sha256(data)
