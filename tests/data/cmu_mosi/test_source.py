from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuselab.data.cmu_mosi.source import CmuMosi
from fuselab.data.splits.column import Column
from fuselab.errors import ConfigError, DataError

SIZES = {"text": 4, "audio": 3, "video": 2}
FILE = "cmu_mosi_utterance_features.npz"
REAL = Path(os.environ.get("FUSELAB_DATA", Path(__file__).parents[4] / "shared" / "data"))


def arrays(**change: np.ndarray) -> dict[str, np.ndarray]:
    """Make a file of the publisher's kind: 5 videos of train, 2 of test, 4 utterances each."""
    draw, found = np.random.default_rng(0), {}
    for split, videos in (("train", "abcde"), ("test", "xy")):
        ids = np.array([f"{video}_-_{number}" for video in videos for number in (10, 2, 3, 1)])
        found |= {f"{name}_{split}": draw.normal(3, 2, (len(ids), size)) for name, size in SIZES.items()}
        found |= {f"y_{split}": draw.integers(0, 2, len(ids)), f"utt_id_{split}": ids}
    return found | change


def source(folder: Path, **change: Any) -> CmuMosi:
    settings: dict[str, Any] = {
        "folder": str(folder),
        "file": FILE,
        "level": "utterance",
        "reach": None,
        "sizes": SIZES,
        "split": Column(train="train", val=[], test="test", draw_val={"share": 0.4, "by": "group", "seed": 0}),
        "standardise": True,
    }
    return CmuMosi(**(settings | change))


def test_validation_is_whole_videos_of_train_and_test_stays_as_published(tmp_path):
    raw = arrays()
    np.savez(tmp_path / FILE, **raw)
    data = source(tmp_path, standardise=False).load()
    assert {name: len(one) for name, one in data.splits.items()} == {"train": 12, "val": 8, "test": 8}
    np.testing.assert_array_equal(data.splits["test"].values["text"], raw["text_test"].astype(np.float32))
    np.testing.assert_array_equal(data.splits["test"].target, raw["y_test"])
    rows = raw["text_train"].astype(np.float32)
    videos = {}
    for split in ("train", "val"):
        numbers = [int(np.flatnonzero((rows == row).all(1))[0]) for row in data.splits[split].values["text"]]
        np.testing.assert_array_equal(data.splits[split].target, raw["y_train"][numbers])
        videos[split] = {raw["utt_id_train"][number][0] for number in numbers}
    assert len(videos["train"]) == 3
    assert videos["train"] | videos["val"] == set("abcde")
    assert not videos["train"] & videos["val"]


def test_it_standardises_by_train_alone(tmp_path):
    np.savez(tmp_path / FILE, **arrays())
    plain, scaled = source(tmp_path, standardise=False).load(), source(tmp_path).load()
    train = plain.splits["train"].values["audio"]
    expected = (plain.splits["test"].values["audio"] - train.mean(0)) / train.std(0)
    np.testing.assert_allclose(scaled.splits["test"].values["audio"], expected, atol=1e-5)


def test_a_dialogue_has_the_same_samples_in_their_videos(tmp_path):
    np.savez(tmp_path / FILE, **arrays())
    alone, around = source(tmp_path).load(), source(tmp_path, level="dialogue").load()
    assert (alone.name, around.name) == ("cmu_mosi", "cmu_mosi-dialogue")
    assert alone.split_hash == around.split_hash
    assert alone.fingerprint != around.fingerprint
    for split, one in around.splits.items():
        for name, size in SIZES.items():
            values, mask = one.values[name], one.masks[name]
            assert values.shape == (len(one), 4, size + 1)
            assert mask.all()
            np.testing.assert_array_equal(values[values[..., -1] == 0][:, :size], alone.splits[split].values[name])
            assert values[0, :, -1].tolist() == [-9, -8, -7, 0]  # ids sort as text, the utterances do not
        np.testing.assert_array_equal(one.target, alone.splits[split].target)


def test_reach_shortens_the_dialogue(tmp_path):
    np.savez(tmp_path / FILE, **arrays())
    data = source(tmp_path, level="dialogue", reach=1).load()
    assert data.splits["test"].values["text"].shape == (8, 3, 5)


def test_it_reads_once(tmp_path):
    np.savez(tmp_path / FILE, **arrays())
    one = source(tmp_path)
    assert one.load() is one.load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "video"}, r"data\.source\.level \(video\) must be one of utterance, dialogue"),
        ({"reach": 0}, r"data\.source\.reach \(0\) must be at least 1, or null"),
        ({"sizes": {"text": 4}}, r"data\.source\.sizes \(text\) must be of text, audio, video"),
    ],
)
def test_a_mistake_ends_before_anything_is_read(change, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        source(tmp_path, **change)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match=rf"the file \(.*{FILE}\) must exist; set data\.folder, or FUSELAB_DATA"):
        source(tmp_path).load()


def change_of(name: str) -> dict[str, np.ndarray]:
    raw = arrays()
    if name == "width":
        return {f"audio_{split}": raw[f"audio_{split}"][:, :2] for split in ("train", "test")}
    if name == "nan":
        raw["video_test"][3, 1] = np.nan
        return {"video_test": raw["video_test"]}
    if name == "id":
        return {"utt_id_test": np.array(["x1", *raw["utt_id_test"][1:]])}
    return {"utt_id_train": np.array([raw["utt_id_train"][1], *raw["utt_id_train"][1:]])}


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("width", r"modality 'audio' \(28, 2\) of .* must have 3 features for each of 28 utterances"),
        ("nan", r"modality 'video' of .* must hold no NaN"),
        ("id", r"the utterance id \(x1\) must be VIDEO_NUMBER"),
        ("twice", r"the utterance \(a_-_2\) must be there once"),
    ],
)
def test_a_file_of_something_else_is_refused(what, message, tmp_path):
    np.savez(tmp_path / FILE, **arrays(**change_of(what)))
    with pytest.raises(DataError, match=message):
        source(tmp_path, level="dialogue").load()


@pytest.mark.realdata
@pytest.mark.skipif(not (REAL / FILE).exists(), reason="needs the folder FUSELAB_DATA")
def test_the_real_file_has_the_published_numbers():
    sizes = {"text": 100, "audio": 73, "video": 100}
    split = Column(train="train", val=[], test="test", draw_val={"share": 0.2, "by": "group", "seed": 0})
    data = source(REAL, sizes=sizes, split=split).load()
    assert {name: len(one) for name, one in data.splits.items()} == {"train": 1158, "val": 289, "test": 752}
    assert round(float(data.splits["test"].target.mean()), 3) == 0.621
    dialogue = source(REAL, sizes=sizes, split=split, level="dialogue").load()
    assert dialogue.split_hash == data.split_hash
    assert all(
        (one.values["text"][..., -1][one.masks["text"]] == 0).sum() == len(one) for one in dialogue.splits.values()
    )
