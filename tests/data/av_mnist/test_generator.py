from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from fuselab.data.av_mnist.generator import generate
from fuselab.data.av_mnist.originals import Originals, read_originals
from fuselab.data.av_mnist.recipe import MODALITIES, Recipe
from fuselab.data.paired import SPLITS, sha256
from fuselab.errors import ConfigError, DataError

from .conftest import SPEAKERS, TRAIN

Arrays = dict[str, Any]
Generate = Callable[..., Arrays]


@pytest.fixture(scope="module")
def originals(shared) -> Originals:
    folder, checksums = shared
    return read_originals(folder, checksums=checksums, image_size=28, speakers=SPEAKERS, sample_rate=8000)


@pytest.fixture(scope="module")
def make(originals: Originals, settings) -> Generate:
    return lambda **changes: generate(Recipe(**settings(**changes)), originals, progress=lambda _: None)


@pytest.fixture(scope="module")
def made(make: Generate) -> Arrays:
    return make()


def of(arrays: Arrays, split: str) -> Arrays:
    return {name.partition(".")[2]: array for name, array in arrays.items() if name.startswith(f"{split}.")}


def same(one: Arrays, other: Arrays) -> dict[str, bool]:
    return {name: one[name].tobytes() == other[name].tobytes() for name in one}


def clips(arrays: Arrays, split: str) -> list[tuple[int, int, int]]:
    """Return each sample's clip as digit, speaker and index."""
    rows = of(arrays, split)
    return list(zip(*(rows[field].tolist() for field in ("target", "slice", "clip_index")), strict=True))


def test_shapes_and_types(made: Arrays):
    rows = of(made, "train")
    assert {name: (rows[name].shape, rows[name].dtype) for name in ("image", "audio", "target", "slice")} == {
        "image": ((200, 1, 28, 28), np.float32),
        "audio": ((200, 2000), np.int16),
        "target": ((200,), np.int64),
        "slice": ((200,), np.int64),
    }


@pytest.mark.parametrize("split", SPLITS)
def test_targets_are_the_labels_of_the_images(made: Arrays, originals: Originals, split: str):
    rows = of(made, split)
    labels = originals.labels["test" if split == "test" else "train"]
    np.testing.assert_array_equal(labels[rows["image_row"]], rows["target"])


@pytest.mark.parametrize("split", SPLITS)
def test_clips_say_the_digit_and_are_of_the_speaker(make: Generate, originals: Originals, split: str):
    """Without noise, the clip that is heard correlates with the recording that is named."""
    rows = of(make(snr_db=[60, 60], seconds=0.5), split)
    read = originals.recordings
    for sample in range(0, len(rows["target"]), 7):
        named = (
            (read.digit == rows["target"][sample])
            & (read.speaker == rows["slice"][sample])
            & (read.index == rows["clip_index"][sample])
        )
        word = read.waves[int(np.flatnonzero(named)[0])].astype(float)
        heard = rows["audio"][sample].astype(float)
        best = np.correlate(heard, word, "valid").max()
        assert best / np.sqrt((word**2).sum() * (heard**2).sum()) > 0.99


@pytest.mark.parametrize("speakers", [False, True])
def test_no_image_and_no_clip_is_in_two_splits(make: Generate, by_speaker, speakers: bool):
    arrays = make(speakers=by_speaker if speakers else None, seed=3)
    train, val = (set(arrays[f"{split}.image_row"].tolist()) for split in ("train", "val"))
    assert not train & val
    for split in SPLITS:
        assert len(set(arrays[f"{split}.image_row"])) == len(arrays[f"{split}.image_row"]), "each image is used once"
    for one, other in itertools.combinations(SPLITS, 2):
        assert not set(clips(arrays, one)) & set(clips(arrays, other))


def test_by_index_the_test_split_is_the_publishers(made: Arrays):
    indices = {split: set(made[f"{split}.clip_index"].tolist()) for split in SPLITS}
    assert indices["test"] <= set(range(5))
    assert len(indices["val"]) == 1, "a tenth of three, and at least one"
    assert indices["train"] | indices["val"] == {5, 6, 7}
    assert {split: len(set(made[f"{split}.slice"].tolist())) for split in SPLITS} == dict.fromkeys(SPLITS, 6)


def test_by_speaker_each_split_hears_its_own(make: Generate, by_speaker):
    arrays = make(speakers=by_speaker)
    heard = {split: {SPEAKERS[one] for one in arrays[f"{split}.slice"]} for split in SPLITS}
    assert heard == {split: set(names) for split, names in by_speaker.items()}
    assert set(arrays["test.clip_index"].tolist()) == set(range(8)), "who is heard in test says all he said"


def test_clips_are_used_as_often_as_one_another(make: Generate, by_speaker):
    arrays = make(speakers=by_speaker, sizes={"train": 250, "val": 25, "test": 90})
    for digit in range(10):
        used = [clip for clip in clips(arrays, "val") if clip[0] == digit]
        assert len(set(used)) == len(used), "8 clips of a digit are enough for its 2 or 3 samples"
    many = make(speakers={"train": ["george"], "val": ["lucas"], "test": ["theo"]}, sizes=made_of(250))
    for digit in range(10):
        counts = np.bincount([clip[2] for clip in clips(many, "train") if clip[0] == digit], minlength=8)
        assert counts.max() - counts.min() <= 1
        assert counts.min() >= 1


def made_of(train: int) -> dict[str, int]:
    return {"train": train, "val": 25, "test": 90}


def test_the_pca_sees_train_images_only(make: Generate, originals: Originals):
    """Scikit-learn's PCA of all train images that are not for validation makes the same images of every split."""
    arrays = make(sizes={"train": 360, "val": 40, "test": 100})
    rows = {split: arrays[f"{split}.image_row"] for split in SPLITS}
    assert len({*rows["train"], *rows["val"]}) == TRAIN
    grey = {part: images.reshape(len(images), -1) for part, images in originals.images.items()}
    reference = PCA(n_components=0.25, svd_solver="full").fit(grey["train"][np.sort(rows["train"])])
    assert int(arrays["components"]) == reference.n_components_
    assert float(arrays["kept"]) == pytest.approx(reference.explained_variance_ratio_.sum())
    for split in SPLITS:
        shown = grey["test" if split == "test" else "train"][rows[split]]
        expected = reference.inverse_transform(reference.transform(shown)) / 255
        np.testing.assert_allclose(arrays[f"{split}.image"].reshape(len(shown), -1), expected, atol=1 / 2048 + 1e-6)


def test_other_test_images_change_no_other_split(originals: Originals, settings, made: Arrays):
    images = {"train": originals.images["train"], "test": 255 - originals.images["test"]}
    other = generate(
        Recipe(**settings()),
        Originals(images=images, labels=originals.labels, recordings=originals.recordings),
        progress=lambda _: None,
    )
    kept = {split: same(of(made, split), of(other, split)) for split in SPLITS}
    assert all(kept["train"].values())
    assert all(kept["val"].values())
    assert not kept["test"]["image"]


def test_noise_has_the_ratio_asked_for(make: Generate):
    clean, noisy = (make(snr_db=[ratio, ratio])["train.audio"].astype(float) for ratio in (100, 3))
    for quiet, loud in zip(clean[:30], noisy[:30], strict=True):
        word = np.flatnonzero(quiet)
        signal = (quiet**2).sum() / (word[-1] - word[0] + 1)
        assert 10 * np.log10(signal / ((loud - quiet) ** 2).mean()) == pytest.approx(3, abs=0.6)


def test_ratios_are_drawn_from_the_range(made: Arrays):
    ratios = made["train.snr_db"]
    assert -5 <= ratios.min() < -4
    assert 4 < ratios.max() <= 5


def test_of_a_long_clip_the_loudest_stretch_is_kept(originals: Originals, settings):
    """Every clip becomes silence, two loud words of it in the middle, and silence again."""
    loud = np.zeros(6000, np.int16)
    loud[3100:4900] = np.random.default_rng(0).integers(-9000, 9000, 1800)
    read = originals.recordings
    long = Originals(
        images=originals.images,
        labels=originals.labels,
        recordings=type(read)(
            digit=read.digit, speaker=read.speaker, index=read.index, waves=(loud,) * len(read.waves), checksum=""
        ),
    )
    audio = generate(Recipe(**settings(snr_db=[100, 100])), long, progress=lambda _: None)["train.audio"]
    assert audio.shape[1] == 2000
    counts = (audio != 0).sum(1)
    assert counts.min() == counts.max() >= 1795


def test_modalities_are_missing_at_their_rates_and_change_nothing_else(make: Generate):
    sizes = {"train": 360, "val": 10, "test": 10}
    whole, holed = make(sizes=sizes), make(sizes=sizes, missing={"image": 0.2, "audio": 0.6})
    gone = {name: ~holed[f"train.present_{name}"] for name in MODALITIES}
    assert {name: lost.mean() for name, lost in gone.items()} == pytest.approx({"image": 0.2, "audio": 0.6}, abs=0.07)
    for name in MODALITIES:
        assert whole[f"train.present_{name}"].all()
        assert not holed[f"train.{name}"][gone[name]].any()
        np.testing.assert_array_equal(holed[f"train.{name}"][~gone[name]], whole[f"train.{name}"][~gone[name]])
    assert whole["train.target"].tolist() == holed["train.target"].tolist()


def test_same_recipe_same_bytes_and_another_seed_other_data(make: Generate, made: Arrays):
    assert all(same(made, make()).values())
    other = make(seed=1)
    assert made["fingerprint"] != other["fingerprint"]
    assert made["split_hash"] != other["split_hash"]


def test_more_samples_of_one_split_leave_the_others_as_they_are(make: Generate, made: Arrays):
    more = make(sizes={"train": 200, "val": 25, "test": 100})
    assert all(same(of(made, "train"), of(more, "train")).values())
    assert all(same(of(made, "val"), of(more, "val")).values())
    assert made["split_hash"] == more["split_hash"]
    assert made["fingerprint"] != more["fingerprint"]


def test_noise_leaves_all_but_itself_as_it_is(make: Generate, made: Arrays):
    louder = make(snr_db=[-10, 0])
    changed = {name for name, kept in same(of(made, "train"), of(louder, "train")).items() if not kept}
    assert changed == {"audio", "snr_db"}
    assert made["split_hash"] == louder["split_hash"]


@pytest.mark.parametrize("speakers", [False, True])
def test_every_draw_has_a_stream_of_its_own(
    make: Generate, by_speaker, speakers: bool, monkeypatch: pytest.MonkeyPatch
):
    drawn: list[tuple[str, ...]] = []
    stream = Recipe.stream
    monkeypatch.setattr(Recipe, "stream", lambda self, *names: drawn.append(names) or stream(self, *names))
    make(speakers=by_speaker if speakers else None)
    per_split = itertools.product(("rows", "clips", "noise", "missing"), SPLITS)
    assert sorted(drawn) == sorted([("images",), *([] if speakers else [("clips",)]), *per_split])


def test_another_way_to_split_is_another_split(make: Generate, made: Arrays, by_speaker):
    assert made["split_hash"] != make(speakers=by_speaker)["split_hash"]


def test_the_fingerprint_is_of_every_byte(made: Arrays):
    data = {name: array for name, array in made.items() if "." in name}
    assert set(made) - set(data) == {"fingerprint", "split_hash", "components", "kept"}
    assert str(made["fingerprint"]) == sha256(data)


def test_progress_counts_samples(originals: Originals, settings):
    told: list[int] = []
    generate(Recipe(**settings()), originals, progress=told.append)
    assert told == [200, 225, 315]


def test_more_samples_than_images_are_refused(make: Generate):
    with pytest.raises(
        ConfigError, match=r"data.source.sizes.train \(361\) must be at most the 360 images of the split; lower it"
    ):
        make(sizes={"train": 361, "val": 1, "test": 1})


def test_a_split_without_a_digit_is_refused(originals: Originals, settings, by_speaker):
    read = originals.recordings
    kept = np.flatnonzero((read.digit != 4) | (read.speaker != SPEAKERS.index("lucas")))
    fewer = type(read)(
        digit=read.digit[kept], speaker=read.speaker[kept], index=read.index[kept],
        waves=tuple(read.waves[row] for row in kept), checksum="",
    )  # fmt: skip
    without = Originals(images=originals.images, labels=originals.labels, recordings=fewer)
    with pytest.raises(DataError, match=r"the recordings of val must have the digit 4; give data.source.speakers.val"):
        generate(Recipe(**settings(speakers=by_speaker)), without, progress=lambda _: None)
