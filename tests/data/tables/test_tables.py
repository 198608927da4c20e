"""The manifest of the manifest's tests, cut into tables of one modality each."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fuselab.data.doctor.examine import examine
from fuselab.data.manifest.array import ArrayColumn
from fuselab.data.manifest.image import ImageColumn
from fuselab.data.manifest.source import Manifest
from fuselab.data.manifest.tabular import TabularColumns
from fuselab.data.manifest.target import ClassTarget, MultilabelTarget
from fuselab.data.manifest.text import TextColumn
from fuselab.data.splits.grouped import Grouped
from fuselab.data.splits.random import Random
from fuselab.data.tables.tables import Tables
from fuselab.errors import ConfigError, DataError

from ...conftest import Shell
from ..manifest.conftest import ROWS, _cache, picture, rows, source, write  # noqa: F401 fixtures

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
Cut = Callable[..., dict[str, dict[str, str]]]


def key(row: int) -> str:
    return f"p{row:02}"


@pytest.fixture
def cut(rows, tmp_path: Path) -> Cut:  # noqa: F811
    """Write images, texts and labels in orders of their own, without some of their rows; return the tables."""
    (tmp_path / "seen").mkdir()
    shutil.move(tmp_path / "people" / "pictures", tmp_path / "seen" / "pictures")

    def cut(lacking: dict[str, Sequence[int]] | None = None, kind: str = ".csv") -> dict[str, dict[str, str]]:
        orders = {"images": range(ROWS), "texts": reversed(range(ROWS)), "labels": np.roll(np.arange(ROWS), 7).tolist()}
        folders = {"images": "seen", "texts": "people", "labels": "."}
        kinds = {"images": ".csv", "texts": kind, "labels": ".csv"}
        bound = {}
        for name, order in orders.items():
            table = [
                {"id": key(row), "speaker": f"s{row // 6}", **rows[row]}
                for row in order
                if row not in (lacking or {}).get(name, ())
            ]
            file = tmp_path / folders[name] / f"{name}{kinds[name]}"
            if kinds[name] == ".csv":
                with file.open("w", newline="") as opened:
                    writer = csv.DictWriter(opened, list(table[0]))
                    writer.writeheader()
                    writer.writerows(table)
            elif kinds[name] == ".parquet":
                pd.DataFrame(table).to_parquet(file)
            else:
                file.write_text("".join(json.dumps(row) + "\n" for row in table))
            bound[name] = {"file": str(file), "key": "id"}
        return bound

    return cut


def opener(tables: dict[str, Any], **changes: Any) -> Tables:
    return Tables(
        **({"name": "people", "tables": tables, "how": "left", "left": None, "duplicates": "raise"} | changes)
    )


def joined(tables: dict[str, Any], *, manifest: dict[str, Any] | None = None, **changes: Any) -> Manifest:
    parts: dict[str, Any] = {
        "file": opener(tables, **changes),
        "modalities": {
            "image": ImageColumn(column="images.picture", channels=3, size=16),
            "text": TextColumn(column="texts.remark"),
            "tabular": TabularColumns(numeric=["labels.age"], categorical=["texts.sex"], size=4),
            "motion": ArrayColumn(column="texts.motion", size=3, steps=4),
        },
        "target": ClassTarget(column="labels.label", classes=["no", "yes"]),
        "split": Random(shares=SHARES, seed=0, stratify=True),
        "columns": {"group": None, "time": None, "split": None},
        "on_error": "raise",
    }
    return Manifest(**(parts | (manifest or {})))


def samples(data) -> dict[int, dict[str, Any]]:
    """Return each sample by its number, which its age tells."""
    train = data.splits["train"]
    found = {}
    for split in data.splits.values():
        for place in range(len(split)):
            there = {name: bool(one[place]) for name, one in split.present.items()}
            number = int(split.values["text"][place].rpartition(" ")[2]) if there["text"] else -1
            found[number] = {
                "there": there,
                "pixel": int(split.values["image"][place].mean()),
                "target": int(split.target[place]),
                "motion": float(split.values["motion"][place].max()),
            }
    assert train.values["tabular"].shape[1] == 4
    return found


@pytest.mark.parametrize("kind", [".csv", ".parquet", ".jsonl"])
def test_every_sample_has_its_own_rows_of_all_tables(cut, kind, capsys):
    data = joined(cut(kind=kind)).load()
    found = samples(data)
    assert sorted(found) == list(range(ROWS))
    for row, one in found.items():
        assert (one["target"], one["motion"]) == (row % 2, row)
        assert abs(one["pixel"] - row * 4) <= 2
        assert all(one["there"].values())
    assert data.notes == ()
    assert data.account == (
        "left join to labels: 60 samples, 60 in all of images (60 keys), texts (60 keys), labels (60 keys)",
    )
    assert capsys.readouterr().err.count(f"people: {data.account[0]}") == 1


def test_it_is_the_manifest_that_somebody_joined_by_hand(cut, rows, write, tmp_path):  # noqa: F811
    order = np.roll(np.arange(ROWS), 7)
    tables = cut()
    shutil.copytree(tmp_path / "seen" / "pictures", tmp_path / "people" / "pictures")
    by_hand = source(
        write([rows[row] for row in order]),
        modalities={
            "image": ImageColumn(column="picture", channels=3, size=16),
            "text": TextColumn(column="remark"),
            "tabular": TabularColumns(numeric=["age"], categorical=["sex"], size=4),
            "motion": ArrayColumn(column="motion", size=3, steps=4),
        },
    ).load()
    data = joined(tables).load()
    assert (data.fingerprint, data.split_hash) == (by_hand.fingerprint, by_hand.split_hash)


def test_what_a_table_lacks_is_a_missing_modality_and_is_told(cut, capsys):
    data = joined(cut({"images": [3, 4], "texts": [5]})).load()
    assert sum(len(one) for one in data.splits.values()) == ROWS
    missing = {
        name: sum(int((~one.present[name]).sum()) for one in data.splits.values())
        for name in ("image", "text", "motion", "tabular")
    }
    assert missing == {"image": 2, "text": 1, "motion": 1, "tabular": 0}
    assert data.notes == (
        "2 of the samples lack a row in images: p03, p04",
        "1 of the samples lacks a row in texts: p05",
    )
    said = capsys.readouterr().err
    assert "  2 of the samples lack a row in images: p03, p04\n" in said
    found = examine(data).findings
    assert [one.level for one in found if one.said in (*data.account, *data.notes)] == ["note", "warning", "warning"]


def test_inner_takes_what_every_table_has(cut):
    data = joined(cut({"images": [3, 4], "texts": [5], "labels": [6]}), how="inner").load()
    assert sorted(samples(data)) == sorted(set(range(ROWS)) - {3, 4, 5, 6})
    assert "2 keys of labels are left out: p03, p04 and" not in data.notes
    assert "3 keys of labels are left out: p03, p04, p05" in data.notes


@pytest.mark.parametrize(
    "target",
    [
        ClassTarget(column="labels.label", classes=["no", "yes"]),
        MultilabelTarget(column="labels.label", labels=["no", "yes"], separator="|"),
    ],
)
def test_a_sample_without_a_target_is_named_and_never_one_without_labels(cut, target):
    tables = cut({"labels": [6, 7]})
    split = Random(shares=SHARES, seed=0, stratify=False)
    with pytest.raises(
        DataError,
        match=r"the manifest \(images\.csv, texts\.csv, labels\.csv\) must hold .* 2 can't, the first in row "
        r"6 \(p06\), target: has no row in labels, the table of the target",
    ):
        joined(tables, how="outer", manifest={"target": target, "split": split}).load()
    data = joined(tables, how="outer", manifest={"target": target, "split": split, "on_error": "missing"}).load()
    assert sum(len(one) for one in data.splits.values()) == ROWS - 2
    assert "row 7 (p07), target: has no row in labels, the table of the target" in data.notes


def test_a_broken_cell_is_named_with_its_key(cut, tmp_path):
    (tmp_path / "seen" / "pictures" / "9.jpg").write_bytes(picture(9)[:200])
    with pytest.raises(DataError, match=r"row 16 \(p09\), image: isn't a whole image \(pictures/9\.jpg"):
        joined(cut()).load()


def test_groups_come_from_any_table(cut):
    columns = {"group": "texts.speaker", "time": None, "split": None}
    data = joined(cut(), manifest={"split": Grouped(shares=SHARES, seed=0), "columns": columns}).load()
    speakers = [{int(text.rpartition(" ")[2]) // 6 for text in one.values["text"]} for one in data.splits.values()]
    assert sum(map(len, speakers)) == 10


def test_the_data_change_with_any_table_and_with_its_files(cut, tmp_path):
    tables = cut()
    first = joined(tables).load()
    assert joined(tables).load().fingerprint == first.fingerprint
    texts = tmp_path / "people" / "texts.csv"
    texts.write_text(texts.read_text().replace("remark number 11", "another remark"))
    second = joined(tables).load()
    assert second.fingerprint != first.fingerprint
    assert second.split_hash == first.split_hash
    (tmp_path / "seen" / "pictures" / "0.jpg").write_bytes(picture(50))
    assert joined(tables).load().fingerprint != second.fingerprint


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, r"data\.source\.file\.tables \(none\) must name two tables at least; one alone is data=manifest"),
        ({"a": {"file": "a.csv", "key": "id"}}, r"data\.source\.file\.tables \(a\) must name two tables at least"),
        (
            {"a": {"file": "a.csv"}, "b": {}},
            r"tables\.a .* must say its file and the column of its ids; write a: {file",
        ),
        ({"a.b": {"file": "a.csv", "key": "id"}, "c": {}}, r"tables\.a\.b must have a name without a point"),
        ({"a": {"file": "a.csv", "key": "id", "kye": 1}, "b": {}}, r"tables\.a\.kye must be file or key; .*'key'"),
    ],
)
def test_tables_that_cant_be(tables, message):
    with pytest.raises(ConfigError, match=message):
        opener(tables)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("remark", r"the column 'remark' must be named with its table, as TABLE\.COLUMN; write images\.remark"),
        ("text.remark", r"the column 'text\.remark' must be named with its table, .*did you mean 'texts'"),
    ],
)
def test_a_column_of_no_table(cut, column, message):
    with pytest.raises(ConfigError, match=message):
        joined(cut(), manifest={"modalities": {"text": TextColumn(column=column)}}).load()


def test_what_a_table_has_not(cut):
    tables = cut()
    with pytest.raises(DataError, match=r"the column 'remrak' must be in the manifest .*texts\.csv.*'remark'"):
        joined(tables, manifest={"modalities": {"text": TextColumn(column="texts.remrak")}}).load()
    with pytest.raises(DataError, match=r"data\.source\.file\.tables\.texts\.file \(nowhere\.csv\) must be there"):
        joined(tables | {"texts": {"file": "nowhere.csv", "key": "id"}}).load()


DATA = """
# @package _global_
defaults:
  - tables
  - /column@data.source.modalities.photo: image
  - /encoder/image@encoder.photo: cnn
  - /column@data.source.modalities.note: text
  - /encoder/text@encoder.note: transformer
  - _self_
data:
  name: people
  outputs: 2
  image: {channels: 3, size: 16}
  text: {vocab_size: 64, max_length: 8}
  batch_size: 8
  tokenizers: {note: "${data.tokenizer}"}
  source:
    file:
      tables:
        images: {file: seen/images.csv, key: id}
        texts: {file: people/texts.parquet, key: id}
        labels: {file: labels.csv, key: id}
    modalities:
      photo: {column: images.picture}
      note: {column: texts.remark}
    target: {column: labels.label, classes: ["no", "yes"]}
"""


def test_tables_of_ones_own_train_and_the_doctor_shows_what_matched(cut, shell: Shell, tmp_path: Path):
    cut({"images": [3, 4], "labels": [8]}, kind=".parquet")
    (tmp_path / "conf" / "data").mkdir(parents=True)
    (tmp_path / "conf" / "data" / "people.yaml").write_text(DATA)
    done = shell("doctor", "--config-dir", "conf", "data=people", cwd=tmp_path)
    shown = " ".join(done.stdout.split())
    assert "note left join to labels: 59 samples, 57 in all of images (58 keys), texts (60 keys), labels" in shown
    assert "warning 2 of the samples lack a row in images: p03, p04" in shown
    assert "people: left join to labels: 59 samples" in " ".join(done.stderr.split())
    command = ("train", "--config-dir", "conf", "data=people", "trainer.max_epochs=1", "logger=none", "progress=false")
    shell(*command, "data.source.file.how=inner", cwd=tmp_path)
    (run,) = (tmp_path / "outputs" / "people").glob("early-concat-*")
    assert json.loads((run / "result.json").read_text())["data"] == "people"
    assert "inner join: 57 samples" in (run / "run.log").read_text()
