from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.excerpt import Shown, choose_rows, excerpt_file, read_excerpt, write_excerpt

SHOWN = [Shown(3, "note", "text/plain", "größer".encode(), "cut"), Shown(3, "photo", None, None)]


def test_what_is_written_is_read(tmp_path):
    file = excerpt_file(tmp_path, "0123456789abcdef" * 4)
    assert file == tmp_path / "excerpt" / "0123456789abcdef.parquet"
    write_excerpt(file, SHOWN)
    assert read_excerpt(file) == SHOWN
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_no_file_is_no_excerpt_and_an_empty_one_too(tmp_path):
    assert read_excerpt(tmp_path / "none.parquet") == []
    write_excerpt(tmp_path / "empty.parquet", [])
    assert read_excerpt(tmp_path / "empty.parquet") == []


def test_a_file_of_before_there_were_notes_is_read(tmp_path):
    columns = {"index": [3], "modality": ["note"], "media_type": ["text/plain"], "content": [b"x"]}
    pq.write_table(pa.table(columns), tmp_path / "old.parquet")
    assert read_excerpt(tmp_path / "old.parquet") == [Shown(3, "note", "text/plain", b"x", None)]


def test_the_same_samples_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_excerpt(tmp_path / name, SHOWN)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_file_that_is_no_excerpt_is_refused_in_words(tmp_path):
    (tmp_path / "x.parquet").write_text("no")
    pq.write_table(pa.table({"index": [3]}), tmp_path / "y.parquet")
    with pytest.raises(RunFolderError, match=r"x\.parquet\) must hold test samples; delete it"):
        read_excerpt(tmp_path / "x.parquet")
    with pytest.raises(RunFolderError, match=r"y\.parquet\) must hold test samples; delete it"):
        read_excerpt(tmp_path / "y.parquet")


def test_rows_are_of_all_groups_alike():
    groups = np.repeat([0, 1, 2], [100, 10, 2])
    rows = choose_rows(groups, 12)
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert np.bincount(groups[rows]).tolist() == [5, 5, 2]  # the smallest group has no more
    assert (choose_rows(groups, 12) == rows).all()
    assert rows[:5].tolist() != [0, 1, 2, 3, 4]  # the order of the data may mean something


def test_no_more_rows_than_there_are():
    assert choose_rows(np.array([1, 1, 0]), 9).tolist() == [0, 1, 2]
    assert choose_rows(np.array([1, 1, 0]), 0).tolist() == []
    assert choose_rows(np.zeros(0), 5).tolist() == []
