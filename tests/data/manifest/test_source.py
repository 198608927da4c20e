from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fuselab.data.manifest.column import CellColumn
from fuselab.data.manifest.image import ImageColumn
from fuselab.data.manifest.target import ClassTarget
from fuselab.data.manifest.text import TextColumn
from fuselab.data.splits.column import Column as SplitColumn
from fuselab.data.splits.grouped import Grouped
from fuselab.errors import ConfigError, DataError

from .conftest import FAULTS, RATE, ROWS, picture, source


def ages(data, split) -> list[int]:
    """Return the source row of each sample of a split, which its text tells."""
    return [int(text.rpartition(" ")[2]) for text in data.splits[split].values["text"]]


def test_every_row_is_in_one_split_with_its_own_values(rows, write):
    data = source(write(rows)).load()
    seen = [row for split in data.splits for row in ages(data, split)]
    assert sorted(seen) == list(range(ROWS))
    for name, split in data.splits.items():
        for place, row in enumerate(ages(data, name)):
            assert split.target[place] == row % 2
            assert abs(int(split.values["image"][place].mean()) - row * 4) <= 2
            length = int(split.masks["audio"][place].sum())
            assert length == min(RATE // 4 + row, round(0.3 * RATE))
            assert np.abs(split.values["audio"][place][:length] - 100 * row).max() <= 1
            assert not split.values["audio"][place][length:].any()
            steps = min(row % 5 + 1, 4)
            assert split.masks["motion"][place].tolist() == [True] * steps + [False] * (4 - steps)
            assert (split.values["motion"][place][:steps] == row).all()
        assert all(one.all() for one in split.present.values())


def test_tabular_is_fitted_on_the_train_rows_alone(rows, write):
    data = source(write(rows)).load()
    train = np.array(data.splits["train"].values["tabular"])
    known = np.array(ages(data, "train")) + 20.0
    for split in data.splits:
        age = np.array(ages(data, split)) + 20.0
        found = np.array(data.splits[split].values["tabular"])
        np.testing.assert_allclose(found[:, 0], (age - known.mean()) / known.std(), rtol=1e-5)
        assert (found[:, 1:].sum(1) == 1).all()
    assert abs(float(train[:, 0].mean())) < 1e-6


def test_an_empty_cell_is_a_missing_modality(rows, write):
    for place, column in enumerate(("picture", "clip", "remark", "motion")):
        rows[place][column] = ""
    rows[4] |= {"age": "", "sex": ""}
    rows[5] |= {"age": ""}
    data = source(write(rows)).load()
    missing = {name: sum(int((~one.present[name]).sum()) for one in data.splits.values()) for name in
               ("image", "audio", "text", "motion", "tabular")}  # fmt: skip
    assert missing == {"image": 1, "audio": 1, "text": 1, "motion": 1, "tabular": 1}


def test_all_that_cant_be_used_is_named_at_once(rows, write, broken):
    file = write(rows)
    with pytest.raises(
        DataError, match=f"{len(FAULTS)} can't, the first in row 0, image: isn't a whole image"
    ) as raised:
        source(file).load()
    assert f"and {len(FAULTS) - 10} more" in str(raised.value)
    found = [json.loads(path.read_text()) for path in Path(os.environ["FUSELAB_CACHE"]).glob("manifest-*/broken.json")]
    assert len(found) == 1
    said = {one["row"]: f"{one['where']}: {one['reason']}" for one in found[0]}
    assert {broken[fault] for fault in FAULTS} == set(said)
    for fault, (_, message) in FAULTS.items():
        assert said[broken[fault]].startswith(message), fault


def test_a_broken_cell_may_be_a_missing_modality(rows, write, broken, capsys):
    data = source(write(rows), on_error="missing").load()
    kept = {row for split in data.splits for row in ages_with_missing(data, split)}
    assert len(kept) == ROWS - 2  # one text can't be told from its row, one target is unknown
    absent = {name: sum(int((~one.present[name]).sum()) for one in data.splits.values()) for name in ("image", "audio")}
    assert absent == {"image": 3, "audio": 3}
    assert "people.csv: cells that can't be used: 12; rows left out: 1 of 60" in capsys.readouterr().err


def ages_with_missing(data, split) -> list[int]:
    return [int(text.rpartition(" ")[2]) for text in data.splits[split].values["text"] if text]


def test_a_broken_row_may_be_left_out(rows, write, broken):
    data = source(write(rows), on_error="skip").load()
    kept = {row for split in data.splits for row in ages(data, split)}
    assert kept == set(range(ROWS)) - set(broken.values())


def test_the_same_data_from_csv_parquet_and_json_lines(rows, write, tmp_path):
    file = write(rows)
    frame = pd.DataFrame(rows)
    frame.to_parquet(file.with_suffix(".parquet"))
    frame.to_json(file.with_suffix(".jsonl"), orient="records", lines=True)
    prints = {source(file.with_suffix(kind)).load().fingerprint for kind in (".csv", ".parquet", ".jsonl")}
    assert len(prints) == 1


def test_bytes_and_lists_in_cells(rows, tmp_path):
    folder = tmp_path / "people"
    frame = pd.DataFrame(rows)
    frame["picture"] = [(folder / one).read_bytes() for one in frame["picture"]]
    frame["clip"] = [(folder / one).read_bytes() for one in frame["clip"]]
    frame["motion"] = [np.load(folder / one).tolist() for one in frame["motion"]]
    frame.to_parquet(folder / "bytes.parquet")
    data = source(folder / "bytes.parquet").load()
    pd.DataFrame(rows).to_parquet(folder / "paths.parquet")
    assert data.fingerprint == source(folder / "paths.parquet").load().fingerprint


def test_a_changed_file_changes_the_data_and_nothing_else_does(rows, write, tmp_path):
    file = write(rows)
    first = source(file).load()
    again = source(file).load()
    assert (again.fingerprint, again.split_hash) == (first.fingerprint, first.split_hash)
    (tmp_path / "people" / "pictures" / "0.jpg").write_bytes(picture(50))
    changed = source(file).load()
    assert changed.fingerprint != first.fingerprint
    assert changed.split_hash == first.split_hash


def test_decoded_once(rows, write, monkeypatch):
    file = write(rows)
    source(file).load()
    monkeypatch.setattr(CellColumn, "decode", None)
    source(file).load()


def test_groups_and_stored_splits(rows, write):
    for place, row in enumerate(rows):
        row["speaker"] = f"s{place // 6}"
        row["part"] = "test" if place < 12 else "dev" if place < 24 else "train"
    file = write(rows)
    group = {"group": "speaker", "time": None, "split": None}
    data = source(file, split=Grouped(shares={"train": 0.6, "val": 0.2, "test": 0.2}, seed=0), columns=group).load()
    speakers = {split: {row // 6 for row in ages(data, split)} for split in data.splits}
    assert sum(map(len, speakers.values())) == 10
    stored = SplitColumn(train="train", val="dev", test="test", draw_val=None)
    data = source(file, split=stored, columns={"group": None, "time": None, "split": "part"}).load()
    assert ages(data, "test") == list(range(12))
    assert ages(data, "val") == list(range(12, 24))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"modalities": {"text": TextColumn(column="remrak")}},
            r"the column 'remrak' must be in the manifest .*'remark'",
        ),
        ({"target": ClassTarget(column="lable", classes=["no", "yes"])}, r"'lable' must be .*'label'"),
        ({"columns": {"group": "who", "time": None, "split": None}}, r"the column 'who' must be in the manifest"),
    ],
)
def test_a_column_that_is_not_there(rows, write, changes, message):
    with pytest.raises(DataError, match=message):
        source(write(rows), **changes).load()


def test_a_manifest_that_is_none(rows, write, tmp_path):
    with pytest.raises(DataError, match=r"data\.source\.file \(.*nowhere\.csv\) must be there"):
        source(tmp_path / "nowhere.csv").load()
    (tmp_path / "people.xlsx").touch()
    with pytest.raises(DataError, match=r"must be one of \.csv, \.tsv, \.parquet, \.jsonl; convert it"):
        source(tmp_path / "people.xlsx").load()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"must be a whole parquet file; mend it"):
        source(tmp_path / "broken.parquet").load()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modalities": {}}, "must bind a modality"),
        ({"on_error": "ignore"}, r"data\.source\.on_error \(ignore\) must be one of raise, missing, skip"),
    ],
)
def test_settings_that_cant_be(changes, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        source(tmp_path / "x.csv", **changes)


def test_pictures_that_cant_be():
    with pytest.raises(ConfigError, match=r"channels \(4\) of the images in 'p' must be 1 or 3"):
        ImageColumn(column="p", channels=4, size=8)
