from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from fuselab.errors import RunFolderError
from fuselab.runs.predictions import write_predictions


def columns(index):
    size = len(index)
    return {
        "index": np.array(index),
        "target": np.arange(size),
        "output": np.arange(2.0 * size).reshape(size, 2),
        "slice": np.arange(size) % 2,
    }


def test_predictions_come_back_in_the_order_of_the_dataset(tmp_path):
    write_predictions(tmp_path / "p.parquet", columns([2, 0, 1]), slices=["even", "odd"])
    assert pq.read_table(tmp_path / "p.parquet").to_pydict() == {
        "index": [0, 1, 2],
        "slice": ["odd", "even", "even"],
        "target": [1, 2, 0],
        "output": [[2.0, 3.0], [4.0, 5.0], [0.0, 1.0]],
    }


def test_a_sample_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="every sample once"):
        write_predictions(tmp_path / "p.parquet", columns([0, 1, 1]), slices=["even", "odd"])


def test_data_without_slices_have_none(tmp_path):
    write_predictions(tmp_path / "p.parquet", {**columns([0, 1]), "slice": None}, slices=[])
    assert pq.read_table(tmp_path / "p.parquet")["slice"].to_pylist() == [None, None]
