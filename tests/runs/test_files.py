from __future__ import annotations

import math
from pathlib import Path

import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json, write_json, write_whole


def test_json_comes_back(tmp_path: Path):
    content = {"b": 1.5, "a": [None, "é"], "c": math.inf}
    write_json(tmp_path / "deep" / "x.json", content)
    assert read_json(tmp_path / "deep" / "x.json") == content


def test_json_keeps_the_order_of_keys(tmp_path):
    """Slices stand in a table in the order that the data give them."""
    write_json(tmp_path / "one.json", {"b": 2, "a": 1})
    assert list(read_json(tmp_path / "one.json")) == ["b", "a"]


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "x.json"
    write_json(path, {"old": 1})

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write_whole(path, fail)
    assert read_json(path) == {"old": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_nothing_is_seen_under_the_name_before_it_is_whole(tmp_path: Path):
    seen = []

    def fill(temporary: Path) -> None:
        temporary.write_text("whole")
        seen.append((tmp_path / "x").exists())

    write_whole(tmp_path / "x", fill)
    assert seen == [False]
    assert (tmp_path / "x").read_text() == "whole"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"must be writable; free the disk"):
        write_json(tmp_path / "file" / "x.json", {})


def test_a_missing_file_is_none(tmp_path: Path):
    assert read_json(tmp_path / "x.json") is None


@pytest.mark.parametrize(("text", "words"), [("{", "readable JSON"), ("[1]", "hold a JSON object")])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, text, words):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(RunFolderError, match=f"must .*{words}.* delete it"):
        read_json(tmp_path / "x.json")
