"""The shipped config of data=features on the file that it is for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fuselab.instantiate import instantiate
from fuselab.runs.compose import composer, resolved

REAL = Path(os.environ.get("FUSELAB_DATA", Path(__file__).parents[4] / "shared" / "data"))
FILE = REAL / "uci_handwritten_six_views.npz"


@pytest.mark.realdata
@pytest.mark.skipif(not FILE.exists(), reason="needs the folder FUSELAB_DATA")
def test_six_views_of_two_thousand_digits():
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        config = resolved(hydra.compose(["data=uci_handwritten", f"data.folder={REAL}"]))
    data = instantiate(config["data"]["source"]).load()
    assert {name: len(one) for name, one in data.splits.items()} == {"train": 1440, "val": 160, "test": 400}
    with np.load(FILE, allow_pickle=False) as raw:
        assert sorted(data.splits["test"].target) == sorted(raw["y"][raw["t4c_test_idx"]])
    assert np.ptp(np.bincount(data.splits["val"].target)) <= 2
    assert {name: values.shape[1] for name, values in data.splits["train"].values.items()} == {
        name: one["size"] for name, one in config["data"]["source"]["modalities"].items()
    }
