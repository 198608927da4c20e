from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fuselab.callbacks.predictions import SavePredictions
from fuselab.errors import RunFolderError

SLICES = ("easy", "hard")


def step(index: list[int], *, sliced: bool = True) -> dict[str, Tensor | None]:
    """Return what a test step returns of these samples."""
    rows = torch.tensor(index)
    return {
        "index": rows,
        "slice": rows % 2 if sliced else None,
        "target": rows * 3,
        "output": torch.stack([rows, -rows], 1).float(),
    }


def run(callback: SavePredictions, steps: list[dict[str, Any]], **trainer: Any) -> None:
    known = SimpleNamespace(**({"world_size": 1, "is_global_zero": True} | trainer))
    for number, outputs in enumerate(steps):
        callback.on_test_batch_end(known, None, outputs, None, number)  # type: ignore[arg-type]
    callback.on_test_end(known, None)  # type: ignore[arg-type]


def assert_holds(path: Path, count: int, *, sliced: bool = True) -> None:
    found = pd.read_parquet(path)
    rows = np.arange(count)
    assert list(found) == ["index", "slice", "target", "output"]
    assert found["index"].tolist() == rows.tolist()
    assert found["slice"].fillna("none").tolist() == [SLICES[row % 2] if sliced else "none" for row in rows]
    assert found["target"].tolist() == (rows * 3).tolist()
    assert np.stack(found["output"]).tolist() == [[row, -row] for row in rows]


def test_batches_stand_in_the_order_of_the_dataset(tmp_path):
    callback = SavePredictions(path=tmp_path / "p.parquet", slices=SLICES)
    run(callback, [step([3, 0, 4]), step([2, 1])])
    assert_holds(tmp_path / "p.parquet", 5)


def test_samples_without_slices(tmp_path):
    run(SavePredictions(path=tmp_path / "p.parquet", slices=()), [step([0, 1], sliced=False)])
    assert_holds(tmp_path / "p.parquet", 2, sliced=False)


def test_a_second_test_begins_anew(tmp_path):
    callback = SavePredictions(path=tmp_path / "p.parquet", slices=SLICES)
    for _ in range(2):
        run(callback, [step([0, 1])])
    assert_holds(tmp_path / "p.parquet", 2)


def test_the_shares_of_all_processes_are_gathered(tmp_path, monkeypatch: pytest.MonkeyPatch):
    shares = [[step([0, 2]), step([4])], [step([1, 3])]]
    given = []

    def gather(into: list, mine: list) -> None:
        given.append([one["index"].tolist() for one in mine])
        into[:] = shares

    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    second = SavePredictions(path=tmp_path / "second.parquet", slices=SLICES)
    run(second, shares[1], world_size=2, is_global_zero=False)
    assert not list(tmp_path.iterdir())
    run(SavePredictions(path=tmp_path / "p.parquet", slices=SLICES), shares[0], world_size=2)
    assert given == [[[1, 3]], [[0, 2], [4]]]
    assert_holds(tmp_path / "p.parquet", 5)


def test_a_sample_that_two_processes_saw_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="every sample once"):
        run(SavePredictions(path=tmp_path / "p.parquet", slices=SLICES), [step([0, 1]), step([1])])
    assert not list(tmp_path.iterdir())


class Answers(pl.LightningModule):
    """Returns what the batch says."""

    def test_step(self, batch: list[int], batch_idx: int) -> dict[str, Tensor | None]:
        return step(batch)


def test_lightning_hands_it_the_outputs(tmp_path):
    callback = SavePredictions(path=tmp_path / "p.parquet", slices=SLICES)
    trainer = pl.Trainer(
        accelerator="cpu",
        callbacks=[callback],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    trainer.test(Answers(), DataLoader([[2, 0], [1]], batch_size=None), verbose=False)
    assert_holds(tmp_path / "p.parquet", 3)
