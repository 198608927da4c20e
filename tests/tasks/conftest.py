from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from fuselab.data.datamodule import InMemoryDataModule
from fuselab.data.paired import PairedData, Split
from fuselab.runs.compose import composer, resolved
from fuselab.tasks.base import Task

SAMPLES = 10
Compose = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors are tiny here: threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def compose() -> Compose:
    def one(*overrides: str) -> dict[str, Any]:
        with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
            return resolved(hydra.compose(["width=8", *overrides]))

    return one


class Memory:
    """Images with the targets of each split."""

    def __init__(self, targets: dict[str, Tensor]) -> None:
        self.targets = targets

    def load(self) -> PairedData:
        draw = torch.Generator().manual_seed(1)
        splits = {}
        for name, target in self.targets.items():
            count = len(target)
            splits[name] = Split(
                values={"image": torch.rand(count, 1, 8, 8, generator=draw).numpy()},
                present={"image": torch.ones(count, dtype=torch.bool).numpy()},
                target=target.numpy(),
                slice=(torch.arange(count) % 2).numpy(),
            )
        return PairedData(name="memory", splits=splits, slices=("a", "b"), fingerprint="f", split_hash="h")


@pytest.fixture
def fit(tmp_path: Path) -> Callable[..., tuple[pl.Trainer, InMemoryDataModule]]:
    """Train a task on images whose targets are given for each split, all of a split in a batch, one epoch."""

    def one(task: Task, *, tested: bool = False, **targets: Tensor) -> tuple[pl.Trainer, InMemoryDataModule]:
        module = InMemoryDataModule(
            source=Memory(targets),
            tokenizers={},
            modalities=("image",),
            batch_size=len(targets["train"]),
            eval_batch_size=4,
            seed=0,
            sampling="shuffled",
            transforms={},
            learned=None,
            prepare=task.model.prepare,
        )
        quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
        trainer = pl.Trainer(**quiet, enable_checkpointing=False, default_root_dir=str(tmp_path), max_epochs=1)
        trainer.fit(task, datamodule=module)
        if tested:
            trainer.test(task, datamodule=module, verbose=False)
        return trainer, module

    return one


@pytest.fixture
def outputs() -> Callable[[Task, InMemoryDataModule, str], Tensor]:
    """Return what a task says of a split."""

    def one(task: Task, module: InMemoryDataModule, split: str) -> Tensor:
        with torch.no_grad():
            return task.eval().model(module._tables[split].inputs).output

    return one
