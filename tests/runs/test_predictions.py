from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.predictions import read_predictions, write_predictions

COLUMNS = {
    "index": np.array([2, 0, 1]),
    "target": np.array([7, 5, 6]),
    "output": np.array([[0.2, np.nan], [0.0, -np.inf], [0.1, 1.0]]),
    "slice": np.array([1, 0, 1]),
}


def test_rows_stand_in_the_order_of_the_dataset(tmp_path):
    path = tmp_path / "new" / "p.parquet"
    write_predictions(path, COLUMNS, slices=("easy", "hard"))
    found = pd.read_parquet(path)
    assert list(found) == ["index", "slice", "target", "output"]
    assert found["index"].tolist() == [0, 1, 2]
    assert found["target"].tolist() == [5, 6, 7]
    assert found["slice"].tolist() == ["easy", "hard", "hard"]
    expected = np.array([[0.0, -np.inf], [0.1, 1.0], [0.2, np.nan]], np.float32)
    np.testing.assert_array_equal(np.stack(found["output"]), expected)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (np.array([[1, 0], [0, 1], [1, 1]]), "list<element: int64>"),
        (np.array([0.1, 2.5, -3.0], np.float32), "double"),
        (np.array([[0.1, 1], [2.5, 2], [-3.0, 3]], np.float32), "list<element: double>"),
    ],
    ids=["labels", "values", "several values"],
)
def test_targets_of_every_task_are_kept_to_the_bit(target, kind, tmp_path):
    write_predictions(tmp_path / "p.parquet", COLUMNS | {"target": target}, slices=("easy", "hard"))
    found = pd.read_parquet(tmp_path / "p.parquet")["target"]
    assert np.array(found.tolist()).tolist() == target[[1, 2, 0]].tolist()
    assert str(pq.read_schema(tmp_path / "p.parquet").field("target").type) == kind


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_kind_of_each_column_is_fixed(dtype, tmp_path):
    columns = COLUMNS | {"output": COLUMNS["output"].astype(dtype), "slice": None}
    write_predictions(tmp_path / "p.parquet", columns, slices=())
    schema = pq.read_schema(tmp_path / "p.parquet")
    assert [(one.name, str(one.type)) for one in schema] == [
        ("index", "int64"),
        ("slice", "string"),
        ("target", "int64"),
        ("output", "list<element: float>"),
    ]
    assert pq.read_table(tmp_path / "p.parquet")["slice"].to_pylist() == [None] * 3


def test_targets_may_have_several_values(tmp_path):
    columns = COLUMNS | {"target": np.array([[2.0, 2.5], [0.0, 0.5], [1.0, 1.5]])}
    write_predictions(tmp_path / "p.parquet", columns, slices=("easy", "hard"))
    found = pd.read_parquet(tmp_path / "p.parquet")["target"]
    assert np.stack(found).tolist() == [[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]]


@pytest.mark.parametrize(
    "change", [{"index": np.array([0, 1, 1])}, {"index": None}, {"target": None}, {"output": None}]
)
def test_samples_that_stand_twice_or_lack_something_are_refused(change, tmp_path):
    with pytest.raises(
        RunFolderError, match=r"predictions \(.*p\.parquet\) must hold every sample once; start the run"
    ):
        write_predictions(tmp_path / "p.parquet", COLUMNS | change, slices=("easy", "hard"))
    assert not list(tmp_path.iterdir())


WEIGHTS = {"weight.image": np.array([0.25, 1.0, 0.0]), "weight.größe, x": np.array([0.75, 0.0, 1.0])}


def test_weights_stand_beside_the_rest_and_change_nothing_of_it(tmp_path):
    for name, columns in (("without", COLUMNS), ("with", COLUMNS | WEIGHTS)):
        write_predictions(tmp_path / name, columns, slices=("easy", "hard"))
    found, plain = pq.read_table(tmp_path / "with"), pq.read_table(tmp_path / "without")
    pd.testing.assert_frame_equal(found.select(plain.column_names).to_pandas(), plain.to_pandas(), check_exact=True)
    assert [(one.name, str(one.type)) for one in found.schema][4:] == [
        ("weight.image", "float"),
        ("weight.größe, x", "float"),
    ]
    assert found["weight.image"].to_pylist() == [1.0, 0.0, 0.25]


def test_weights_are_read(tmp_path):
    path = tmp_path / "p.parquet"
    write_predictions(path, COLUMNS | WEIGHTS, slices=("easy", "hard"))
    assert {name: one.tolist() for name, one in read_predictions(path).weights.items()} == {
        "image": [1.0, 0.0, 0.25],
        "größe, x": [0.0, 1.0, 0.75],
    }


@pytest.mark.parametrize(
    "target",
    [np.array([7, 5, 6]), np.array([0.5, 2.5, -3.0]), np.array([[1, 0], [0, 1], [1, 1]])],
    ids=["classes", "values", "labels"],
)
def test_what_is_written_is_read(target, tmp_path):
    write_predictions(tmp_path / "p.parquet", COLUMNS | {"target": target}, slices=("easy", "hard"))
    found = read_predictions(tmp_path / "p.parquet")
    assert found.index.tolist() == [0, 1, 2]
    assert found.slice.tolist() == ["easy", "hard", "hard"]
    assert found.target.tolist() == target[[1, 2, 0]].tolist()
    np.testing.assert_array_equal(found.output, np.array([[0.0, -np.inf], [0.1, 1.0], [0.2, np.nan]], np.float32))


def test_predictions_without_slices_and_without_a_file(tmp_path):
    write_predictions(tmp_path / "p.parquet", COLUMNS | {"slice": None}, slices=())
    found = read_predictions(tmp_path / "p.parquet")
    assert (found.slice.tolist(), found.weights) == ([None] * 3, {})
    assert read_predictions(tmp_path / "none.parquet") is None


@pytest.mark.parametrize("content", [b"no parquet", "other"])
def test_a_file_that_holds_no_predictions_is_refused_in_words(content, tmp_path):
    path = tmp_path / "p.parquet"
    if content == "other":
        pd.DataFrame({"a": [1]}).to_parquet(path)
    else:
        path.write_bytes(content)
    with pytest.raises(RunFolderError, match="must be a Parquet file with index, slice, target and output"):
        read_predictions(path)
