from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fuselab.data.doctor.examine import examine, look_over
from fuselab.data.doctor.show import page, verdict
from fuselab.data.paired import PairedData, Split
from fuselab.errors import DataError

SIZES = {"train": 120, "val": 60, "test": 60}
Splits = dict[str, Split]


def sound() -> Splits:
    """Nothing is wrong here: noise and texts that say nothing of their class."""
    draw = np.random.default_rng(0)
    return {
        name: Split(
            values={
                "image": draw.integers(0, 256, (size, 1, 16, 16), dtype=np.uint8),
                "text": np.array([f"sample {name} {row}" for row in range(size)], "U40"),
                "motion": draw.normal(size=(size, 5, 2)).astype(np.float32),
            },
            present={one: np.ones(size, bool) for one in ("image", "text", "motion")},
            target=np.arange(size) % 3,
            slice=None,
            masks={"motion": np.arange(5) < draw.integers(1, 5, (size, 1))},
        )
        for name, size in SIZES.items()
    }


def data(splits: Splits, **changes: Any) -> PairedData:
    parts = {"name": "made", "splits": splits, "slices": (), "fingerprint": "f", "split_hash": "h"}
    return PairedData(**(parts | changes))


def said(splits: Splits, **changes: Any) -> list[tuple[str, str]]:
    return [(one.level, one.said) for one in examine(data(splits, **changes)).findings]


def test_sound_data_have_nothing_to_mend():
    examined = examine(data(sound()))
    assert examined.findings == []
    assert verdict(examined) == "nothing to mend: training can go on"
    assert [sheet.title for sheet in examined.sheets] == [
        "samples by class", "missing", "lengths", "content that is nearly the same in train", "one modality alone",
    ]  # fmt: skip


def test_a_sample_in_two_splits_is_leakage_and_is_named():
    splits = sound()
    for values in ("image", "text", "motion"):
        splits["test"].values[values][7] = splits["train"].values[values][11]
    splits["test"].masks["motion"][7] = splits["train"].masks["motion"][11]
    ((level, message),) = said(splits)
    assert level == "error"
    assert message.startswith("1 samples of test stand in train too (test 7 = train 11); leave them out")


def test_what_stands_in_padding_hides_no_duplicate():
    splits = sound()
    for values in ("image", "text", "motion"):
        splits["val"].values[values][0] = splits["train"].values[values][0]
    splits["val"].masks["motion"][0] = splits["train"].masks["motion"][0]
    splits["val"].values["motion"][0][~splits["val"].masks["motion"][0]] = 99
    assert [level for level, _ in said(splits)] == ["error"]


def test_groups_in_two_splits_are_counted_and_named():
    splits = {
        name: replace(one, group=np.array([f"{name}{row // 10}" for row in range(len(one))], "U8"))
        for name, one in sound().items()
    }
    assert said(splits) == []
    splits["test"].group[:15] = ["train3"] * 10 + ["train5"] * 5
    assert said(splits) == [
        (
            "warning",
            "2 of the 7 groups of test stand in train too (train3, train5): what is measured there says little about "
            "new ones; split by group",
        )
    ]


def test_training_is_refused_what_the_cheap_checks_call_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSELAB_CACHE", str(tmp_path))
    splits = sound()
    splits["val"].target[:] = np.arange(60) % 2
    assert look_over(data(splits, fingerprint="one")) == ["class 2 has no sample in val"]
    splits["train"].present["text"][:] = False
    with pytest.raises(
        DataError, match=r"the data \(made\) must be mended before any training: modality 'text' is missing"
    ):
        look_over(data(splits, fingerprint="two"))
    # Found once for each state of the data, and read from then on.
    assert look_over(data(splits, fingerprint="one")) == ["class 2 has no sample in val"]


def test_nearly_the_same_content_is_counted():
    splits = sound()
    for row in range(30):
        splits["val"].values["text"][row] = f"SAMPLE, train {row}!"
    noise = np.random.default_rng(1).integers(0, 2, (15, 1, 16, 16), dtype=np.uint8)
    splits["test"].values["image"][:15] = splits["train"].values["image"][:15] // 2 * 2 + noise
    (sheet,) = (one for one in examine(data(splits)).sheets if one.title.startswith("content"))
    shown = {row[0]: row[1:] for row in sheet.rows}
    assert shown["text"] == ("50.0%", "0.0%")
    assert float(shown["image"][1].rstrip("%")) >= 15


def test_equal_samples_of_different_classes():
    splits = sound()
    train = splits["train"]
    for values in train.values.values():
        values[1] = values[0]
    train.masks["motion"][1] = train.masks["motion"][0]
    assert said(splits) == [
        ("warning", "2 samples of train equal others with another target; look for noise in the labels")
    ]


def test_rare_classes_are_one_warning():
    splits = sound()
    splits["test"].target[:] = np.where(np.arange(60) < 9, np.arange(60) % 3, 1)
    assert said(splits) == [("warning", "classes 0, 2 have fewer than 10 samples in test")]


@pytest.mark.parametrize(("split", "level"), [("train", "error"), ("test", "warning")])
def test_a_class_or_a_modality_that_a_split_lacks(split, level):
    splits = sound()
    splits[split].target[splits[split].target == 2] = 1
    splits[split].present["text"][:] = False
    found = said(splits)
    assert (level, f"class 2 has no sample in {split}") in found
    assert (level, f"modality 'text' is missing in all of {split}") in found


def test_missing_that_tells_the_class():
    splits = sound()
    splits["train"].present["image"][splits["train"].target == 1] = False
    (message,) = (message for _, message in said(splits) if "tells the class" in message)
    assert (
        message
        == "whether 'image' is there tells the class: it is missing in 100% of class 1 and 0% of class 0 of train"
    )
    splits = sound()
    splits["train"].present["image"][np.random.default_rng(3).random(120) < 0.3] = False
    assert said(splits) == []


def test_a_modality_that_holds_the_answer():
    splits = sound()
    for split in splits.values():
        split.values["text"][:] = [
            f"{text} of class{target}" for text, target in zip(split.values["text"], split.target, strict=True)
        ]
    (message,) = (message for _, message in said(splits))
    assert message == "a linear model of 'text' alone is right on 100.0% of val; does it hold the answer?"


def test_unequal_classes_and_cut_sequences():
    splits = sound()
    splits["train"].target[:] = np.where(np.arange(120) < 6, np.arange(120) % 3, 0)
    splits["train"].masks["motion"][:60] = True
    messages = " ".join(message for _, message in said(splits))
    assert "classes of train are unequal: 116 samples of the most frequent, 2 of the rarest" in messages
    assert "50% of 'motion' in train are as long as there is room" in messages


def test_values_instead_of_classes():
    splits = {
        name: replace(one, target=np.random.default_rng(0).normal(size=(len(one), 2))) for name, one in sound().items()
    }
    assert said(splits) == []


def test_notes_of_the_source_come_first_and_a_page_escapes_them():
    found = said(sound(), notes=("row 3, image: <b>broken</b>",))
    assert found == [("warning", "row 3, image: <b>broken</b>")]
    html = page(examine(data(sound(), notes=("row 3, image: <b>broken</b>",))), title="a & b")
    assert "&lt;b&gt;broken" in html
    assert "<b>broken" not in html
    assert "a &amp; b" in html
