"""Time the figures of a sweep's report.

    python scripts/benchmarks/report_figures.py --runs 1000

The runs are drawn at random: their folders hold what a finished run leaves for a report, with 2,048 test samples of 10
classes, 3 modalities and 5 slices. Half of the methods know weights of modalities.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

from fuselab.reports.layout import read_layout
from fuselab.reports.load import load
from fuselab.reports.plots.figures import gather, write_figures
from fuselab.reports.report import report
from fuselab.runs.catalog import options
from fuselab.runs.conf import conf_folder
from fuselab.runs.predictions import write_predictions
from fuselab.runs.status import Status

SLICES = ("unique_image", "unique_audio", "redundant", "synergy_max", "synergy_add")
MODALITIES = ("image", "audio", "text")
EPOCHS, SAMPLES, CLASSES, BINS = 15, 2048, 10, 15


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="finished runs (default: 1000)")
    parser.add_argument("--keep", type=Path, help="a new folder for the runs and their figures, to look at")
    given = parser.parse_args()
    methods = [one.name for one in options("fusion", [conf_folder()])]
    with tempfile.TemporaryDirectory() as name:
        sweep = given.keep or Path(name) / "sweep"
        for number in range(given.runs):
            seed, place = divmod(number, len(methods))
            write_run(sweep, methods[place], place=place, seed=seed)
        (loaded,) = load(sweep, split="test")
        layout = read_layout([], config_dir=None)
        made = report(loaded, split="test", layout=layout)
        began, worked = time.perf_counter(), time.process_time()
        write_figures(gather(made), sweep / "report" / "figures")
        took, worked = time.perf_counter() - began, time.process_time() - worked
        print(f"{given.runs} runs of {len(methods)} methods: {took:.1f} s, of which {worked:.1f} s of work")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def write_run(sweep: Path, method: str, *, place: int, seed: int) -> None:
    """Write the folder of a finished run that is as good as its place is high."""
    draw = np.random.default_rng([place, seed])
    folder = sweep / f"{method.replace('/', '-')}-s{seed}"
    folder.mkdir(parents=True)
    target, group = draw.integers(CLASSES, size=SAMPLES), np.arange(SAMPLES) % len(SLICES)
    output = draw.normal(size=(SAMPLES, CLASSES)).astype(np.float32) * 1.5
    output[np.arange(SAMPLES), target] += 1 + place / 20 + draw.normal() / 5 - group / 4
    columns = {"index": np.arange(SAMPLES), "slice": group, "target": target, "output": output}
    if place % 2:
        weights = draw.dirichlet(np.ones(len(MODALITIES)) + place % 5, size=SAMPLES)
        columns |= {f"weight.{name}": weights[:, one] for one, name in enumerate(MODALITIES)}
    write_predictions(folder / "predictions.parquet", columns, slices=SLICES)
    right = output.argmax(1) == target
    found = {
        "accuracy": float(right.mean()),
        "calibration_error": 0.05,
        "slices": {name: {"accuracy": float(right[group == one].mean())} for one, name in enumerate(SLICES)},
    }
    curve = found["accuracy"] * (1 - np.exp(-np.arange(1, EPOCHS + 1) / 4)) + draw.normal(size=EPOCHS) / 100
    lines = ["epoch,val/accuracy", *(f"{epoch},{value:.6g}" for epoch, value in enumerate(curve))]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    shared = {"data": "drawn", "data_fingerprint": "f", "split_hash": "s", "budget": {"max_epochs": EPOCHS}}
    result = {
        **{"method": method, "family": method.split("/", maxsplit=1)[0], "seed": seed, "identity": folder.name},
        **shared,
        **{
            "val": found,
            "test": found,
            "parameters": 100_000 + 4000 * place * (place % 3),
            "flops": 1e6 * (1 + place % 7),
        },
        "seconds": {"fit": float(10 + place + draw.random()), "test": 0.1, "total": 11.0},
    }
    (folder / "result.json").write_text(json.dumps(result))
    config = {"method": method, "seed": seed, "task": {"calibration_bins": BINS}, "fusion": {"_target_": method}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    Status(
        state="finished", method=method, seed=seed, max_epochs=EPOCHS, monitor="val/accuracy", mode="max", epoch=EPOCHS
    ).write(folder)


if __name__ == "__main__":
    main()
