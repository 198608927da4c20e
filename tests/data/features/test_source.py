from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuselab.data.features.source import FeatureFiles
from fuselab.data.paired import PairedData
from fuselab.data.splits.column import Column
from fuselab.data.splits.grouped import Grouped
from fuselab.data.splits.random import Random
from fuselab.data.splits.time import Time
from fuselab.errors import ConfigError, DataError

SAMPLES = 40
SHARES = {"train": 0.5, "val": 0.25, "test": 0.25}
DRAW = np.random.default_rng(0)
TEXT = DRAW.normal(2, 3, (SAMPLES, 4, 3)).astype(np.float32)
LENGTHS = DRAW.integers(1, 5, SAMPLES)
AUDIO = DRAW.normal(-1, 2, (SAMPLES, 2)).astype(np.float32)
TARGET = np.arange(SAMPLES) % 3
IDS = np.array([f"s{row}" for row in range(SAMPLES)])
BROKEN = [3, 20]  # 5 %


def write(folder: Path, **change: np.ndarray) -> None:
    arrays = {"text": TEXT, "lengths": LENGTHS, "audio": AUDIO, "y": TARGET, "ids": IDS} | change
    np.savez(folder / "all.npz", **arrays)


def source(folder: Path, **change: Any) -> FeatureFiles:
    settings: dict[str, Any] = {
        "name": "mine",
        "folder": str(folder),
        "modalities": {
            "text": {"file": "all.npz", "array": "text", "lengths": "lengths", "size": 3},
            "audio": {"file": "all.npz", "array": "audio", "size": 2},
        },
        "target": {"file": "all.npz", "array": "y"},
        "classes": 3,
        "rows": {},
        "split": Random(shares=SHARES, seed=0, stratify=True),
        "on_error": "raise",
        "standardise": False,
    }
    return FeatureFiles(**(settings | change))


def sizes(data: PairedData) -> dict[str, int]:
    return {split: len(one) for split, one in data.splits.items()}


def everything(data: PairedData) -> dict[str, np.ndarray]:
    """Put all splits one behind the other."""
    parts = data.splits.values()
    found = {name: np.concatenate([one.values[name] for one in parts]) for name in ("text", "audio")}
    found |= {f"present.{name}": np.concatenate([one.present[name] for one in parts]) for name in ("text", "audio")}
    return found | {"target": np.concatenate([one.target for one in parts])}


def test_every_row_stands_in_a_split_with_its_own_values(tmp_path):
    write(tmp_path)
    data = source(tmp_path).load()
    assert (data.name, data.slices) == ("mine", ())
    assert sizes(data) == {"train": 20, "val": 10, "test": 10}
    seen = []
    for one in data.splits.values():
        for row in range(len(one)):
            (number,) = np.flatnonzero((one.values["audio"][row] == AUDIO).all(1))
            seen.append(int(number))
            length = LENGTHS[number]
            np.testing.assert_array_equal(one.values["text"][row, :length], TEXT[number, :length])
            assert not one.values["text"][row, length:].any()
            assert one.masks["text"][row].sum() == length
            assert one.target[row] == TARGET[number]
        assert set(one.masks) == {"text"}
        assert one.present["text"].all()
        assert one.present["audio"].all()
    assert sorted(seen) == list(range(SAMPLES))


def test_it_standardises_by_train(tmp_path):
    write(tmp_path)
    plain, scaled = source(tmp_path).load(), source(tmp_path, standardise=True).load()
    train, test = plain.splits["train"].values["audio"], plain.splits["test"].values["audio"]
    np.testing.assert_allclose(scaled.splits["test"].values["audio"], (test - train.mean(0)) / train.std(0), atol=1e-5)


def test_the_same_files_have_the_same_fingerprints_and_others_other_ones(tmp_path):
    write(tmp_path)
    data = source(tmp_path).load()
    again = source(tmp_path).load()
    assert (again.fingerprint, again.split_hash) == (data.fingerprint, data.split_hash)
    other_split = source(tmp_path, split=Random(shares=SHARES, seed=1, stratify=True)).load()
    assert other_split.split_hash != data.split_hash
    write(tmp_path, audio=AUDIO + 1)
    other_data = source(tmp_path).load()
    assert other_data.split_hash == data.split_hash
    assert other_data.fingerprint != data.fingerprint


def test_it_reads_once(tmp_path):
    write(tmp_path)
    one = source(tmp_path)
    assert one.load() is one.load()


def test_files_in_another_order_are_aligned_by_their_ids(tmp_path):
    write(tmp_path)
    order = DRAW.permutation(SAMPLES)
    np.savez(tmp_path / "audio.npz", audio=AUDIO[order], ids=IDS[order])
    both = {"text": {"file": "all.npz", "array": "text", "lengths": "lengths", "ids": "ids", "size": 3}}
    target = {"file": "all.npz", "array": "y", "ids": "ids"}
    one = source(
        tmp_path,
        modalities=both | {"audio": {"file": "audio.npz", "array": "audio", "ids": "ids", "size": 2}},
        target=target,
    ).load()
    other = source(tmp_path).load()
    assert one.fingerprint == other.fingerprint
    np.savez(tmp_path / "audio.npz", audio=AUDIO[order], ids=np.array(["x1", *IDS[order][1:]]))
    with pytest.raises(
        DataError, match=rf"ids of audio \(only in target: {IDS[order][0]}; only in audio: x1\) must be"
    ):
        source(
            tmp_path,
            modalities=both | {"audio": {"file": "audio.npz", "array": "audio", "ids": "ids", "size": 2}},
            target=target,
        ).load()


@pytest.mark.parametrize("how", ["left", "inner"])
def test_ids_that_not_all_have(tmp_path, how, caplog):
    write(tmp_path)
    order = DRAW.permutation(SAMPLES)[:-4]
    np.savez(tmp_path / "audio.npz", audio=AUDIO[order], ids=IDS[order])
    modalities = {
        "text": {"file": "all.npz", "array": "text", "lengths": "lengths", "ids": "ids", "size": 3},
        "audio": {"file": "audio.npz", "array": "audio", "ids": "ids", "size": 2},
    }
    target = {"file": "all.npz", "array": "y", "ids": "ids"}
    with caplog.at_level(logging.WARNING):
        data = source(tmp_path, modalities=modalities, target=target, how=how).load()
    found = everything(data)
    assert sum(sizes(data).values()) == (SAMPLES if how == "left" else SAMPLES - 4)
    assert (~found["present.audio"]).sum() == (4 if how == "left" else 0)
    assert not found["audio"][~found["present.audio"]].any()
    for one in data.splits.values():
        for row in np.flatnonzero(one.present["audio"]):
            (number,) = np.flatnonzero((one.values["audio"][row] == AUDIO).all(1))
            assert one.target[row] == TARGET[number]
            length = LENGTHS[number]
            np.testing.assert_array_equal(one.values["text"][row, :length], TEXT[number, :length])
    assert data.notes[0].startswith("4 of the samples lack a row in audio: ")
    assert data.notes[0] in caplog.text


def test_ids_are_needed_to_join_by(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.source\.how \(left\) must have ids to go by; name them"):
        source(tmp_path, how="left")
    with pytest.raises(ConfigError, match=r"data\.source\.how \(outer\) must be one of same, left, inner; choose one"):
        source(tmp_path, how="outer")


def test_ragged_rows_are_aligned_too(tmp_path):
    write(tmp_path)
    order = DRAW.permutation(SAMPLES)
    flat = np.concatenate([TEXT[row, : LENGTHS[row]] for row in order])
    np.savez(tmp_path / "text.npz", flat=flat, lengths=LENGTHS[order], ids=IDS[order])
    modalities = {
        "text": {"file": "text.npz", "array": "flat", "lengths": "lengths", "ids": "ids", "size": 3},
        "audio": {"file": "all.npz", "array": "audio", "ids": "ids", "size": 2},
    }
    one = source(tmp_path, modalities=modalities, target={"file": "all.npz", "array": "y", "ids": "ids"}).load()
    assert one.fingerprint == source(tmp_path).load().fingerprint


def test_empty_and_broken_rows_are_aligned_by_their_ids_too(tmp_path):
    order, lengths, text = DRAW.permutation(SAMPLES), LENGTHS.copy(), TEXT.copy()
    lengths[5], text[BROKEN, 0] = 0, np.nan
    write(tmp_path, text=text, lengths=lengths)
    plain = source(tmp_path, on_error="missing").load()
    np.savez(tmp_path / "text.npz", text=text[order], lengths=lengths[order], ids=IDS[order])
    modalities = {
        "text": {"file": "text.npz", "array": "text", "lengths": "lengths", "ids": "ids", "size": 3},
        "audio": {"file": "all.npz", "array": "audio", "ids": "ids", "size": 2},
    }
    target = {"file": "all.npz", "array": "y", "ids": "ids"}
    aligned = source(tmp_path, modalities=modalities, target=target, on_error="missing").load()
    assert sum((~one.present["text"]).sum() for one in plain.splits.values()) == 3
    assert aligned.fingerprint == plain.fingerprint


def test_groups_stay_with_their_rows_where_some_are_left_out(tmp_path):
    target, group = TARGET.copy(), np.arange(SAMPLES) // 4
    target[:4] = 99
    write(tmp_path, y=target, group=group)
    rows = {"group": {"file": "all.npz", "array": "group"}}
    data = source(tmp_path, rows=rows, split=Grouped(shares=SHARES, seed=0), on_error="skip").load()
    found = [
        {int(np.flatnonzero((row == AUDIO).all(1))[0]) // 4 for row in one.values["audio"]}
        for one in data.splits.values()
    ]
    assert set.union(*found) == set(range(1, 10))
    assert sum(map(len, found)) == 9


def test_a_stored_split_is_kept_and_val_is_drawn_from_its_train(tmp_path):
    rows = DRAW.permutation(SAMPLES)
    write(tmp_path, train=rows[:30], test=rows[30:])
    stored = {name: {"file": "all.npz", "array": name} for name in ("train", "test")}
    split = Column(train="train", val=[], test="test", draw_val={"share": 0.2, "by": "class", "seed": 0})
    data = source(tmp_path, rows={"stored": stored}, split=split).load()
    assert sizes(data) == {"train": 24, "val": 6, "test": 10}
    np.testing.assert_array_equal(data.splits["test"].values["audio"], AUDIO[np.sort(rows[30:])])
    val = {row.tobytes() for row in data.splits["val"].values["audio"]}
    assert val < {row.tobytes() for row in AUDIO[rows[:30]]}


def test_a_column_of_words_a_group_and_a_time_reach_the_splitter(tmp_path):
    words = np.array(["train", "train", "val", "test"] * 10)
    group, time = np.arange(SAMPLES) // 4, np.arange(SAMPLES)[::-1]
    write(tmp_path, words=words, group=group, time=time)
    column = Column(train="train", val="val", test="test", draw_val=None)
    data = source(tmp_path, rows={"column": {"file": "all.npz", "array": "words"}}, split=column).load()
    np.testing.assert_array_equal(data.splits["val"].values["audio"], AUDIO[words == "val"])
    grouped = Grouped(shares=SHARES, seed=0)
    data = source(tmp_path, rows={"group": {"file": "all.npz", "array": "group"}}, split=grouped).load()
    found = [
        {int(np.flatnonzero((row == AUDIO).all(1))[0]) // 4 for row in one.values["audio"]}
        for one in data.splits.values()
    ]
    assert sum(map(len, found)) == 10
    data = source(tmp_path, rows={"time": {"file": "all.npz", "array": "time"}}, split=Time(shares=SHARES)).load()
    np.testing.assert_array_equal(data.splits["test"].values["audio"], AUDIO[:10])


def spoilt(kind: str) -> dict[str, np.ndarray]:
    """Break 5 % of the rows."""
    text, audio, lengths, target = TEXT.copy(), AUDIO.copy(), LENGTHS.copy(), TARGET.copy()
    if kind == "NaN in a vector":
        audio[BROKEN, 1] = np.nan
    elif kind == "infinity in a step":
        text[BROKEN, 0, 0] = np.inf
    elif kind == "a length that can't be":
        lengths[BROKEN] = [99, -1]
    elif kind == "a class outside the list":
        target[BROKEN] = [3, -1]
    return {"text": text, "audio": audio, "lengths": lengths, "y": target}


KINDS: Mapping[str, str] = {
    "NaN in a vector": "audio",
    "infinity in a step": "text",
    "a length that can't be": "text",
    "a class outside the list": "target",
}


@pytest.mark.parametrize("kind", KINDS)
def test_broken_rows_are_raised_by_their_numbers(kind, tmp_path):
    write(tmp_path, **spoilt(kind))
    what = "target" if KINDS[kind] == "target" else f"modality '{KINDS[kind]}'"
    ways = "skip" if KINDS[kind] == "target" else "missing or skip"
    message = rf"{what} \(rows 3, 20: .*\) must hold what can be used; .* data\.source\.on_error={ways}"
    with pytest.raises(DataError, match=message):
        source(tmp_path).load()


@pytest.mark.parametrize("kind", KINDS)
def test_broken_rows_are_left_out(kind, tmp_path, caplog):
    write(tmp_path, **spoilt(kind))
    with caplog.at_level(logging.WARNING, logger="fuselab.data"):
        found = everything(source(tmp_path, on_error="skip", standardise=True).load())
    assert len(found["target"]) == SAMPLES - 2
    for name in ("text", "audio"):
        assert np.isfinite(found[name]).all()
        assert found[f"present.{name}"].all()
    assert "(rows 3, 20: " in caplog.text
    assert "2 of 40 rows are left out" in caplog.text


@pytest.mark.parametrize("kind", [kind for kind, what in KINDS.items() if what != "target"])
def test_broken_rows_are_missing_and_nothing_of_them_is_left(kind, tmp_path, caplog):
    write(tmp_path, **spoilt(kind))
    with caplog.at_level(logging.WARNING, logger="fuselab.data"):
        data = source(tmp_path, on_error="missing", standardise=True).load()
    found, name = everything(data), KINDS[kind]
    assert (~found[f"present.{name}"]).sum() == 2
    assert not found[name][~found[f"present.{name}"]].any()
    assert np.isfinite(found[name]).all()
    for one in data.splits.values():
        if name in one.masks:
            assert not one.masks[name][~one.present[name]].any()
    assert "2 of 40 rows count as missing" in caplog.text


def test_a_class_outside_the_list_cannot_be_missing(tmp_path):
    write(tmp_path, **spoilt("a class outside the list"))
    with pytest.raises(DataError, match=r"target \(rows 3, 20: no class of the list, or not finite\)"):
        source(tmp_path, on_error="missing").load()


@pytest.mark.parametrize("on_error", ["raise", "missing", "skip"])
def test_a_sequence_without_steps_is_missing_and_no_error(on_error, tmp_path):
    lengths = LENGTHS.copy()
    lengths[5] = 0
    write(tmp_path, lengths=lengths)
    found = everything(source(tmp_path, on_error=on_error).load())
    assert len(found["target"]) == SAMPLES
    assert (~found["present.text"]).sum() == 1


def test_what_is_left_out_moves_no_other_row_to_another_split(tmp_path):
    write(tmp_path)
    whole = source(tmp_path).load()
    write(tmp_path, **spoilt("NaN in a vector"))
    rest = source(tmp_path, on_error="skip").load()
    for split, one in rest.splits.items():
        before = {row.tobytes() for row in whole.splits[split].values["audio"]}
        assert {row.tobytes() for row in one.values["audio"]} <= before


def test_a_split_of_which_nothing_is_left_is_an_error(tmp_path):
    audio = AUDIO.copy()
    audio[30:] = np.nan
    words = np.array(["train"] * 20 + ["val"] * 10 + ["test"] * 10)
    write(tmp_path, audio=audio, words=words)
    column = Column(train="train", val="val", test="test", draw_val=None)
    rows = {"column": {"file": "all.npz", "array": "words"}}
    with pytest.raises(DataError, match=r"the split test \(0 samples\) must keep a sample; mend its rows"):
        source(tmp_path, rows=rows, split=column, on_error="skip").load()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"audio": AUDIO[:-1]}, r"modality 'audio' \(39 samples\) must have those of the target \(40\)"),
        ({"audio": AUDIO[:, :1]}, r"modality 'audio' \(1 features\) must be as wide as its config says \(2\)"),
    ],
)
def test_files_that_do_not_go_together_are_refused(arrays, message, tmp_path):
    write(tmp_path, **arrays)
    with pytest.raises(DataError, match=message):
        source(tmp_path).load()


def test_rows_of_another_number_are_refused(tmp_path):
    write(tmp_path, group=np.arange(3))
    rows = {"group": {"file": "all.npz", "array": "group"}}
    with pytest.raises(DataError, match=r"data\.source\.rows\.group \(3 values\) must have one for each of the 40"):
        source(tmp_path, rows=rows, split=Grouped(shares=SHARES, seed=0)).load()


def test_ids_of_another_number_are_refused(tmp_path):
    write(tmp_path, short=IDS[:3])
    audio = {"file": "all.npz", "array": "audio", "size": 2}
    for whose, ids in (("target", ("short", "ids")), ("audio", ("ids", "short"))):
        with pytest.raises(DataError, match=rf"ids of {whose} \(3\) must be one for each of its 40 samples"):
            source(
                tmp_path,
                modalities={"audio": audio | {"ids": ids[1]}},
                target={"file": "all.npz", "array": "y", "ids": ids[0]},
            ).load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"on_error": "ignore"}, r"data\.source\.on_error \(ignore\) must be one of raise, missing, skip"),
        ({"modalities": {}}, r"data\.source\.modalities \(\{\}\) must bind at least one modality"),
        ({"modalities": {"a": {"file": "a"}}}, r"data\.source\.modalities\.a\.size \(None\) must be the number of its"),
        ({"modalities": {"a": {"file": "a", "size": 0}}}, r"modalities\.a\.size \(0\) must be"),
        ({"modalities": {"a": {"size": 3}}}, r"data\.source\.modalities\.a \(.*\) must say where it stands"),
        ({"target": {"file": "a", "lengths": "n"}}, r"data\.source\.target\.lengths must be one of file, array, ids"),
        ({"target": {"file": "a", "ids": "i"}}, r"data\.source \(text without ids\) must name ids for the target and"),
        ({"rows": {"groups": {"file": "a"}}}, r"data\.source\.rows\.groups must be one of column, group, time, stored"),
        ({"rows": {"stored": ["a"]}}, r"data\.source\.rows\.stored \(\['a'\]\) must name an array for each split"),
        (
            {"rows": {"stored": {"train": {"file": "a"}}, "column": {"file": "a"}}},
            r"data\.source\.rows\.stored must not stand beside a column",
        ),
    ],
)
def test_a_mistake_ends_before_anything_is_read(change, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        source(tmp_path, **change)
