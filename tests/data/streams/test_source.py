from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import soundfile

from fuselab.data.doctor.examine import examine
from fuselab.data.manifest.tabular import TabularColumns
from fuselab.data.manifest.target import RegressionTarget
from fuselab.data.manifest.text import TextColumn
from fuselab.data.paired import PairedData, Split
from fuselab.data.splits.column import Column
from fuselab.data.splits.random import Random
from fuselab.data.splits.time import Time
from fuselab.data.streams.numbers import NumberStream
from fuselab.errors import ConfigError, DataError

from .conftest import (
    LATE,
    RATE,
    RECORDINGS,
    SAMPLE_RATE,
    SECONDS,
    WORDS,
    begin_of,
    end_of,
    gaze,
    sound,
    source,
    write_gaze,
)

SHARES = {"train": 0.5, "val": 0.25, "test": 0.25}


def samples(data: PairedData) -> Iterator[tuple[int, int, Split, int]]:
    """Yield recording and word of each sample, which its text tells, with its split and place."""
    for split in data.splits.values():
        for place, text in enumerate(split.values["text"].tolist()):
            _, word, _, number = text.split()
            yield int(number), int(word), split, place


def test_every_interval_is_cut_out_of_every_stream_by_its_clock(rows, write):
    data = source(write(rows)).load()
    seen = []
    for number, word, split, place in samples(data):
        seen.append((number, word))
        begin, end = begin_of(word), end_of(word)
        assert split.target[place] == word % 2
        true = np.arange(-2, SECONDS + 2, 1 / RATE)
        inside = true[(true >= begin - 1e-6) & (true < end - 1e-6)]
        np.testing.assert_allclose(split.values["gaze"][place], [inside.mean(), number], atol=1e-3)
        length = round(end * SAMPLE_RATE) - round(begin * SAMPLE_RATE)
        kept = min(length, round(0.7 * SAMPLE_RATE))
        assert split.masks["sound"][place].tolist() == [True] * kept + [False] * (
            len(split.masks["sound"][place]) - kept
        )
        first = split.values["sound"][place, 0] / 32767
        assert abs(first - begin / 20) < 1e-3
        assert not split.values["sound"][place, kept:].any()
        assert all(one[place] for one in split.present.values())
    assert sorted(seen) == [(number, word) for number in range(RECORDINGS) for word in range(WORDS)]
    assert data.notes == ()
    assert data.account == (
        "80 samples of 8 recordings, 0.4 to 0.8 s long",
        "gaze: there in 80 of 80 samples; -0.5 to 0.25 s added to its clock",
        "sound: there in 80 of 80 samples",
    )


def test_recordings_stay_whole_unless_a_group_is_named(rows, write):
    data = source(write(rows)).load()
    of = [{number for number, _, one, _ in samples(data) if one is split} for split in data.splits.values()]
    assert sorted(map(len, of)) == [2, 2, 4]
    assert len(set.union(*of)) == RECORDINGS
    for row in rows:
        row["who"] = f"s{int(row['talk'][1:]) // 2}"
    data = source(write(rows), columns={"group": "who", "time": None, "split": None}).load()
    of = [{number // 2 for number, _, one, _ in samples(data) if one is split} for split in data.splits.values()]
    assert sum(map(len, of)) == RECORDINGS // 2
    stored = Column(train="train", val="dev", test="test", draw_val=None)
    data = source(write(rows), split=stored, columns={"group": None, "time": None, "split": "part"}).load()
    assert {number for number, _, one, _ in samples(data) if one is data.splits["test"]} == {6, 7}


@pytest.mark.parametrize(("add", "sign"), [({"offset": 0.1}, 0.1), ({}, 0.0), ({"offset": -0.1}, -0.1)])
def test_a_constant_offset_is_added_too(rows, write, add, sign):
    data = source(
        write(rows), modalities={"gaze": gaze(**add, resample=100.0), "text": TextColumn(column="text")}
    ).load()
    for number, word, split, place in samples(data):
        moments = begin_of(word) + np.arange(round((end_of(word) - begin_of(word)) * 100)) / 100
        np.testing.assert_allclose(split.values["gaze"][place], [moments.mean() - sign, number], atol=2e-3)


def test_steps_and_parts_come_with_masks(rows, write):
    modalities = {
        "steps": gaze(pool=None, steps=6, resample=10.0),
        "parts": gaze(parts=3),
        "text": TextColumn(column="text"),
    }
    data = source(write(rows), modalities=modalities).load()
    for _, word, split, place in samples(data):
        count = min(6, round((end_of(word) - begin_of(word)) * 10))
        assert split.masks["steps"][place].tolist() == [True] * count + [False] * (6 - count)
        known = begin_of(word) + np.arange(count) / 10
        np.testing.assert_allclose(split.values["steps"][place, :count, 0], known, atol=1e-3)
        assert split.masks["parts"][place].all()
        assert (np.diff(split.values["parts"][place][:, 0]) > 0).all()


def test_windows_take_targets_of_intervals(rows, write):
    for row in rows:
        row["to"] = f"{float(row['from']) + 1.2:g}"  # no silence between words
    data = source(write(rows), windows={"length": 0.6, "stride": 0.3, "cover": 0.5}).load()
    assert data.account[0] == "312 samples of 8 recordings, 0.6 to 0.6 s long: windows every 0.3 s"
    for _, word, split, place in samples(data):
        middle = split.values["gaze"][place, 0]
        assert split.target[place] == word % 2
        assert begin_of(word) - 0.05 <= middle <= begin_of(word) + 1.25
    with pytest.raises(
        DataError, match=r"the split \(of t\d: .* in \w+, .* in \w+\) must not have the same seconds in two"
    ):
        source(
            write(rows),
            windows={"length": 0.6, "stride": 0.3, "cover": 0.5},
            split=Random(shares=SHARES, seed=0, stratify=True),
        ).load()


def test_neighbours_in_two_splits_are_told(rows, write):
    data = source(write(rows), split=Random(shares=SHARES, seed=0, stratify=True)).load()
    (told,) = [one.said for one in examine(data).findings if "stand in train too" in one.said]
    assert told.startswith("8 of the 8 groups of val, 7 of the 7 groups of test stand in train too (t0, t1, t2, …)")
    by_time = source(write(rows), split=Time(shares=SHARES), columns={"group": None, "time": "from", "split": None})
    assert len(by_time.load().splits["test"]) > 0


def test_what_a_stream_lacks_is_missing_and_is_told(rows, write, tmp_path, capsys):
    (tmp_path / "talks" / "sound" / "t3.wav").unlink()
    true = np.arange(-2, SECONDS + 2, 1 / RATE)
    kept = true[(true < 4) | (true > 7.2)]
    lines = [f"{time + LATE[2]:.4f},{'' if 9 < time < 9.2 else time},2" for time in kept]
    write_gaze(tmp_path, 2, lines)
    data = source(write(rows)).load()
    absent = {
        name: {(number, word) for number, word, one, place in samples(data) if not one.present[name][place]}
        for name in ("gaze", "sound", "text")
    }
    in_gap = {(2, word) for word in range(WORDS) if begin_of(word) >= 4 and end_of(word) <= 7.2}
    assert absent == {"gaze": in_gap, "sound": {(3, word) for word in range(WORDS)}, "text": set()}
    assert len(in_gap) == 3
    assert data.notes == (
        "gaze has 1 gap; the longest, 3.25 s, in t2 after 3.7 s of its clock",
        "gaze: 4 samples NaN or empty in t2, taken as not there",
        "gaze has nothing in 3 samples: t2 at 4.1 s, t2 at 5.3 s, t2 at 6.5 s",
        "sound has no file for 1 recording (t3): missing in 10 samples",
    )
    said = capsys.readouterr().err
    assert "talks: 80 samples of 8 recordings" in said
    assert "  sound has no file for 1 recording (t3): missing in 10 samples\n" in said
    levels = {one.said: one.level for one in examine(data).findings}
    assert levels[data.account[0]] == "note"
    assert levels[data.notes[0]] == "warning"


def test_steps_in_a_gap_are_masked(rows, write, tmp_path):
    true = np.arange(-2, SECONDS + 2, 1 / RATE)
    kept = true[(true < 4.21) | (true > 4.49)]  # within word 3, which begins at 4.1 s
    write_gaze(tmp_path, 2, [f"{time + LATE[2]:.4f},{time},2" for time in kept])
    steps = gaze(pool=None, steps=20, resample=20.0, max_gap=0.1)
    data = source(write(rows), modalities={"gaze": steps, "text": TextColumn(column="text")}).load()
    ((split, place),) = [(split, place) for number, word, split, place in samples(data) if (number, word) == (2, 3)]
    mask, values = split.masks["gaze"][place], split.values["gaze"][place]
    assert np.flatnonzero(mask).tolist() == [0, 1, 2, 8, 9, 10, 11, 12, 13]
    assert not values[~mask].any()


def test_of_a_file_that_breaks_half_way_nothing_is_kept(rows, write, tmp_path):
    wave = np.full(round(SECONDS * SAMPLE_RATE), 0.5)
    wave[-SAMPLE_RATE * 4 :] = np.nan
    soundfile.write(tmp_path / "talks" / "sound" / "t1.wav", wave, SAMPLE_RATE, subtype="FLOAT")
    data = source(write(rows), on_error="missing").load()
    assert "sound of t1: holds sound that is no number; export it again" in data.notes
    for number, _, split, place in samples(data):
        if number == 1:
            assert not split.present["sound"][place]
            assert not split.values["sound"][place].any()
            assert not split.masks["sound"][place].any()


def break_all(rows, tmp_path) -> None:
    """Break a file of each kind, and rows."""
    (tmp_path / "talks" / "sound" / "t1.wav").write_bytes(b"RIFX")
    write_gaze(tmp_path, 4, ["0,1,4", "0.1,2,4", "0.05,3,4"])
    rows[5]["to"] = "never"
    rows[26]["stance"] = "perhaps"
    rows[37]["text"] = "caf\N{REPLACEMENT CHARACTER}"


def test_all_that_cant_be_used_is_named_at_once(rows, write, tmp_path):
    break_all(rows, tmp_path)
    with pytest.raises(DataError, match=r"talks must hold rows and files that can be used, and 5 can't;") as raised:
        source(write(rows)).load()
    for line in (
        "row 5 of words.csv: has no seconds in 'to' ('never')",
        "row 26 of words.csv: the target has a class outside the list ('perhaps')",
        "row 37 of words.csv: text isn't UTF-8",
        "gaze of t4: must have times that rise: row 2 (0.05 s) follows 0.1 s; sort its rows, or mend its clock",
        "sound of t1: isn't sound that can be decoded",
    ):
        assert f"\n  {line}" in str(raised.value)


@pytest.mark.parametrize(("on_error", "left"), [("missing", 78), ("skip", 78 - 20 - 1)])
def test_what_cant_be_used_may_be_missing_or_left_out(rows, write, tmp_path, on_error, left):
    break_all(rows, tmp_path)
    data = source(write(rows), on_error=on_error).load()
    assert sum(len(one) for one in data.splits.values()) == left
    missing = {
        name: sum(int((~one.present[name]).sum()) for one in data.splits.values()) for name in ("gaze", "sound", "text")
    }
    assert missing == (
        {"gaze": 10, "sound": 10, "text": 1} if on_error == "missing" else {"gaze": 0, "sound": 0, "text": 0}
    )
    assert len([note for note in data.notes if note.startswith(("row", "gaze of", "sound of"))]) == 5


def test_cut_once_and_again_when_a_file_changes(rows, write, tmp_path, monkeypatch):
    folder = write(rows)
    first = source(folder).load()
    with monkeypatch.context() as patched:
        patched.setattr(NumberStream, "open", None)
        again = source(folder).load()
    assert (again.fingerprint, again.split_hash, again.notes) == (first.fingerprint, first.split_hash, first.notes)
    soundfile.write(folder / "sound" / "t0.wav", np.zeros(26000), SAMPLE_RATE)
    changed = source(folder).load()
    assert changed.fingerprint != first.fingerprint
    assert changed.split_hash == first.split_hash
    for row in rows:
        row["late"] = f"{float(row['late']) + 0.3:g}"
    later = source(write(rows)).load()
    assert later.fingerprint != changed.fingerprint
    modalities = {"gaze": gaze(offset=0.3), "sound": sound(), "text": TextColumn(column="text")}
    assert source(folder, modalities=modalities).load().fingerprint != later.fingerprint


def test_numbers_are_standardised_by_train_and_nothing_else_is(rows, write):
    plain, scaled = source(write(rows)).load(), source(write(rows), standardise=True).load()
    train = plain.splits["train"].values["gaze"].astype(float)
    for split, one in plain.splits.items():
        known = (one.values["gaze"] - train.mean(0)) / train.std(0)
        np.testing.assert_allclose(scaled.splits[split].values["gaze"], known, atol=1e-4)
        np.testing.assert_array_equal(scaled.splits[split].values["sound"], one.values["sound"])


def test_columns_of_the_table_and_other_targets(rows, write):
    for place, row in enumerate(rows):
        row["score"] = str(place / 10)
    modalities = {
        "text": TextColumn(column="text"),
        "gaze": gaze(),
        "table": TabularColumns(numeric=["from"], categorical=["stance"], size=3),
    }
    data = source(write(rows), modalities=modalities, target=RegressionTarget(columns=["score"])).load()
    train = data.splits["train"]
    assert list(train.values) == ["text", "gaze", "table"]
    assert abs(float(train.values["table"][:, 0].mean())) < 1e-5
    for number, word, split, place in samples(data):
        assert split.target[place, 0] == pytest.approx((number * WORDS + word) / 10)


@pytest.mark.parametrize(
    ("late", "message"),
    [
        ("soon", r"the offset of 'gaze' \('soon' in row 3\) must be seconds; mend the column 'late'"),
        ("9", r"the offset of 'gaze' in recording t0 \(0\.25 and 9 s, the latter in row 3\) must be one for all"),
    ],
)
def test_offsets_that_cant_be(rows, write, late, message):
    rows[3]["late"] = late
    with pytest.raises(DataError, match=message):
        source(write(rows)).load()


def test_files_that_are_nowhere_or_elsewhere(rows, write, tmp_path):
    with pytest.raises(DataError, match=r"the stream 'sound' \(sounds/\{recording\}\.wav\) must have a file for a rec"):
        source(write(rows), modalities={"sound": sound(file="sounds/{recording}.wav")}).load()
    (tmp_path / "t0.wav").write_bytes(b"")
    with pytest.raises(DataError, match=r"sound of t0: names a file outside the data's folder"):
        source(write(rows), modalities={"sound": sound(file="../{recording}.wav")}).load()
    with pytest.raises(DataError, match=r"data\.source\.intervals\.file \(.*nowhere\.csv\) must be there"):
        source(write(rows), intervals={"file": "nowhere.csv", "recording": "talk", "begin": "from", "end": "to"}).load()
    with pytest.raises(DataError, match=r"the column 'talks' must be in the manifest .*'talk'"):
        source(write(rows), intervals={"file": "words.csv", "recording": "talks", "begin": "from", "end": "to"}).load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modalities": {"text": TextColumn(column="text")}}, r"modalities \(text\) must bind a stream at least"),
        ({"on_error": "ignore"}, r"data\.source\.on_error \(ignore\) must be one of raise, missing, skip"),
        ({"intervals": {"file": "a.csv", "recording": "r", "begin": "b"}}, r"intervals\.end \(None\) must be named"),
        (
            {"intervals": {"file": "a.csv", "recording": "r", "begin": "b", "end": "e", "stop": "s"}},
            r"data\.source\.intervals\.stop must be a known key",
        ),
        ({"windows": {"length": 0, "stride": 1, "cover": 0.5}}, r"windows\.length \(0\) must be above 0"),
    ],
)
def test_settings_that_cant_be(tmp_path, change, message):
    with pytest.raises(ConfigError, match=message):
        source(tmp_path, **change)
