"""Open a manifest of a million rows of text and numbers, go through it epoch by epoch, and print time and memory.

    python scripts/benchmarks/manifest_scale.py --rows 1000000
    python scripts/benchmarks/manifest_scale.py --rows 1000000 --tables 2

The first opening decodes every row into the cache; the second finds it there, as every run of a sweep does. Memory is
the peak of the process that opened it, as the system counts it. With two tables the texts stand in one and the numbers
in another, in another order, and one row in a hundred of each is in no other.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

WORDS = np.array([f"word{number}" for number in range(5000)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the manifest (default: 1,000,000)")
    parser.add_argument("--epochs", type=int, default=3, help="over the train split (default: 3)")
    parser.add_argument("--tables", type=int, choices=(1, 2), default=1, help="that are joined by key (default: 1)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FUSELAB_CACHE"] = f"{folder}/cache"
        write(Path(folder), options.rows, tables=options.tables)
        size = sum(file.stat().st_size for file in Path(folder).glob("*.csv"))
        print(f"{options.rows:,} rows, {size / 2**20:.0f} MiB of CSV")
        for time_of in ("first", "second"):
            # In a process of its own: the peak is that of this opening alone.
            process = multiprocessing.get_context("spawn").Process(
                target=go_through, args=(folder, time_of, options.epochs, options.tables)
            )
            process.start()
            process.join()
            if process.exitcode:
                sys.exit(process.exitcode)


def write(folder: Path, rows: int, *, tables: int) -> None:
    """Write a manifest, or two tables that make it: twelve words, four numbers, a category and a class a row."""
    draw = np.random.default_rng(0)
    names = ["manifest"] if tables == 1 else ["texts", "labels"]
    # A hundredth of the ids of each table stands in no other.
    ids = {name: draw.permutation(rows) + place * (rows // 100) for place, name in enumerate(names)}
    heads = {"manifest": "id,remark,a,b,c,d,kind,label", "texts": "id,remark", "labels": "id,a,b,c,d,kind,label"}
    with ExitStack() as stack:
        files = {name: stack.enter_context((folder / f"{name}.csv").open("w")) for name in names}
        for name, file in files.items():
            file.write(heads[name] + "\n")
        for begin in range(0, rows, 10_000):
            count = min(10_000, rows - begin)
            words = WORDS[draw.integers(0, len(WORDS), (count, 12))]
            numbers = draw.normal(size=(count, 4)).round(4)
            kinds, labels = draw.integers(0, 8, count), draw.integers(0, 2, count)
            for row in range(count):
                known = {"remark": " ".join(words[row]), "kind": f"k{kinds[row]}", "label": str(labels[row])}
                known |= dict(zip("abcd", map(str, numbers[row]), strict=True))
                for name, file in files.items():
                    cells = {**known, "id": f"id{ids[name][begin + row]}"}
                    file.write(",".join(cells[column] for column in heads[name].split(",")) + "\n")


def go_through(folder: str, time_of: str, epochs: int, tables: int) -> None:
    """Open a manifest and go through its train split."""
    began = time.perf_counter()
    import torch

    from fuselab.data.datamodule import InMemoryDataModule
    from fuselab.data.manifest.source import Manifest
    from fuselab.data.manifest.tabular import TabularColumns
    from fuselab.data.manifest.target import ClassTarget
    from fuselab.data.manifest.text import TextColumn
    from fuselab.data.splits.random import Random
    from fuselab.data.tables.tables import Tables
    from fuselab.data.tokenizer import WordPiece

    bound = {name: {"file": f"{folder}/{name}.csv", "key": "id"} for name in ("texts", "labels")}
    joined = Tables(name="joined", tables=bound, how="left", left=None, duplicates="raise") if tables > 1 else None
    texts, numbers = ("texts.", "labels.") if joined else ("", "")
    source = Manifest(
        file=joined or f"{folder}/manifest.csv",
        modalities={
            "text": TextColumn(column=f"{texts}remark"),
            "tabular": TabularColumns(
                numeric=[f"{numbers}{name}" for name in "abcd"], categorical=[f"{numbers}kind"], size=12
            ),
        },
        target=ClassTarget(column=f"{numbers}label", classes=[0, 1]),
        split=Random(shares={"train": 0.8, "val": 0.1, "test": 0.1}, seed=0, stratify=True),
        columns={},
        on_error="raise",
    )
    data = InMemoryDataModule(
        source=source,
        tokenizers={"text": WordPiece(vocab_size=8192, max_length=32)},
        modalities=("text", "tabular"),
        batch_size=512,
        eval_batch_size=512,
        seed=0,
        sampling="shuffled",
        transforms={},
        learned=None,
        prepare=dict,
    )
    data.setup("fit")
    print(f"{time_of} opening  {time.perf_counter() - began:6.1f} s  {peak():5.2f} GiB")
    trainer: Any = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device("cpu")), world_size=1)
    trainer.global_rank, trainer.current_epoch = 0, 0
    data.trainer = trainer
    for epoch in range(epochs):
        trainer.current_epoch, began, seen = epoch, time.perf_counter(), 0
        for batch in data.train_dataloader():
            seen += len(batch.target)
        print(f"  epoch {epoch}: {seen:,} samples  {time.perf_counter() - began:6.1f} s  {peak():5.2f} GiB")


def peak() -> float:
    """Return the process's peak resident memory in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
