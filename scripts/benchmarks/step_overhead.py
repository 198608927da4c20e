"""Time Lightning, loader and logging against a bare PyTorch loop on the same model and data, in one process, in turn.

    uv run python scripts/benchmarks/step_overhead.py

Both train the default model on the default data with the same optimizer, schedule and clipping. The bare loop slices
tensors itself and logs nothing; the other one is what `fuselab train` does: trainer, loader, callbacks, W&B offline.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table

from fuselab.callbacks.finite import StopAtNonFinite
from fuselab.callbacks.progress import RecordProgress
from fuselab.data.datamodule import InMemoryDataModule
from fuselab.instantiate import instantiate
from fuselab.runs.conf import conf_folder
from fuselab.runs.folder import RunFolder
from fuselab.runs.status import Status
from fuselab.runs.tracking import finish_tracking
from fuselab.tasks.classification import ClassificationTask
from fuselab.types import ModalityInput


class Clock(pl.Callback):
    """Time from the first step to the last."""

    seconds = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start."""
        self.seconds = -time.perf_counter()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop."""
        self.seconds += time.perf_counter()


def make(config: dict[str, Any]) -> tuple[ClassificationTask, InMemoryDataModule]:
    """Make the default task and its data."""
    pl.seed_everything(0, workers=True, verbose=False)
    task = ClassificationTask(config=config)
    data = config["data"]
    datamodule = InMemoryDataModule(
        source=instantiate(data["source"]),
        tokenizers={name: instantiate(one) for name, one in data["tokenizers"].items()},
        modalities=task.model.modalities,
        batch_size=data["batch_size"],
        eval_batch_size=data["eval_batch_size"],
        seed=0,
        sampling="shuffled",
        transforms={},
        learned=None,
        prepare=task.model.prepare,
    )
    return task, datamodule


def lightning(config: dict[str, Any], epochs: int) -> float:
    """Return the seconds of the trainer's own loop."""
    task, datamodule = make(config)
    clock = Clock()
    with tempfile.TemporaryDirectory() as name:
        folder = RunFolder(Path(name))
        status = Status(state="running", method="", seed=0, max_epochs=epochs, monitor="val/accuracy", mode="max")
        trainer = pl.Trainer(
            **{key: value for key, value in config["trainer"].items() if key not in ("_target_", "max_epochs")},
            max_epochs=epochs,
            callbacks=[clock, StopAtNonFinite(), RecordProgress(folder=folder, status=status)],
            logger=instantiate(config["logger"], save_dir=name),
            default_root_dir=name,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            limit_val_batches=0,
            use_distributed_sampler=False,
        )
        try:
            trainer.fit(task, datamodule=datamodule)
        finally:
            finish_tracking()
    return clock.seconds


def bare(config: dict[str, Any], epochs: int) -> float:
    """Return the seconds of a loop that does nothing but train."""
    task, datamodule = make(config)
    datamodule.setup("fit")
    table = datamodule._tables["train"]
    model, loss_function = task.model, task.loss
    size = config["data"]["batch_size"]
    steps = len(table) // size
    parameters = list(model.parameters())
    optimizer = instantiate(config["optimizer"], params=parameters)
    schedule = instantiate(config["scheduler"], optimizer=optimizer, total_steps=epochs * steps)
    model.train()
    began = time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(len(table))
        for step in range(steps):
            rows = order[step * size : (step + 1) * size]
            inputs = {
                name: ModalityInput(one.values[rows], None if one.mask is None else one.mask[rows], one.present[rows])
                for name, one in table.inputs.items()
            }
            loss = loss_function(model(inputs).output, table.target[rows])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, config["trainer"]["gradient_clip_val"])
            optimizer.step()
            schedule.step()
    return time.perf_counter() - began


def main() -> None:
    """Time both in turn and print the ratio of their medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3, help="of each round")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)  # for both: Lightning's deterministic mode sets it too
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        composed = compose("train", ["method=early/concat"])
    config: dict[str, Any] = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
    lightning(config, 1), bare(config, 1)  # warm up
    times: dict[str, list[float]] = {"bare loop": [], "fuselab": []}
    for _ in range(options.rounds):
        times["bare loop"].append(bare(config, options.epochs))
        times["fuselab"].append(lightning(config, options.epochs))
    steps = options.epochs * (config["data"]["source"]["sizes"]["train"] // config["data"]["batch_size"])
    table = Table("loop", "ms a step (median)", "lowest", "highest")
    for name, seconds in times.items():
        table.add_row(name, *(f"{1000 * pick(seconds) / steps:.2f}" for pick in (statistics.median, min, max)))
    Console().print(table)
    ratio = statistics.median(times["fuselab"]) / statistics.median(times["bare loop"])
    Console().print(f"fuselab / bare loop: {ratio:.3f}")


if __name__ == "__main__":
    main()
