"""A sweep as files, without training anything."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from fuselab.reports.across import compare_across
from fuselab.reports.layout import Layout
from fuselab.reports.load import Loaded, load
from fuselab.reports.report import Report, report
from fuselab.reports.statistics.settings import Settings
from fuselab.reports.table import Cell
from fuselab.reports.write import default_folder, write_report
from fuselab.runs.files import write_json
from fuselab.runs.lock import Owner
from fuselab.runs.predictions import write_predictions
from fuselab.runs.status import Status

SLICES = ("redundant", "unique_audio", "unique_image")


def make_settings(**changes: Any) -> Settings:
    """Return the settings that the command line ships, with changes."""
    shipped: dict[str, Any] = {
        "alpha": 0.05,
        "correction": "holm",
        "test": "crossed",
        "baseline": None,
        "power": 0.8,
        "interest": 0.01,
        "resamples": 2000,
        "seed": 0,
    }
    return Settings(**(shipped | changes))


def make_layout(**changes: Any) -> Layout:
    """Return the layout that the command line ships, with changes in it and in its statistics."""
    known = ("columns", "families", "names", "cell", "digits", "percent")
    shipped: dict[str, Any] = {
        "columns": ("metrics", "slices", "parameters", "flops", "fit_seconds", "peak_memory_bytes"),
        "families": ("unimodal", "late", "early", "attention"),
        "names": {},
        "cell": "deviation",
        "digits": 3,
        "percent": False,
    }
    own = {key: value for key, value in changes.items() if key in known}
    others = {key: value for key, value in changes.items() if key not in known}
    return Layout(**(shipped | own), statistics=make_settings(**others))


def load_one(sweep: Path, *, split: str = "test") -> Loaded:
    """Return the runs of a sweep that share data, split and budget."""
    (loaded,) = load(sweep, split=split)
    return loaded


def make_cells(*texts: str) -> tuple[Cell, ...]:
    """Return cells of a table; what stands behind ± is the deviation."""
    return tuple(Cell(mean, deviation) for mean, _, deviation in (text.partition(" ± ") for text in texts))


def make_report(sweep: Path, *, split: str = "test", **changes: Any) -> Report:
    """Return the report of a sweep whose runs share data, split and budget."""
    return report(load_one(sweep, split=split), split=split, layout=make_layout(**changes))


NO_LATEX = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")


def compile_latex(text: str, folder: Path) -> str:
    """Compile a document and return what LaTeX said of it."""
    (folder / "text.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "text.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-2000:]
    assert (folder / "text.pdf").is_file()
    return said


def make_result(method: str, seed: int, accuracy: float, **changes: Any) -> dict[str, Any]:
    def metrics(value: float) -> dict[str, Any]:
        return {
            "accuracy": value,
            "macro_f1": value - 0.01,
            "calibration_error": 0.05,
            "loss": 1 - value,
            "slices": {name: {"accuracy": value - 0.1 * place} for place, name in enumerate(SLICES)},
        }

    result = {
        "method": method,
        "family": method.split("/", maxsplit=1)[0],
        "seed": seed,
        "identity": hashlib.sha256(f"{method}{seed}{changes}".encode()).hexdigest()[:8],
        "data": "trio_digits-v1",
        "val": metrics(accuracy - 0.02),
        "test": metrics(accuracy),
        "parameters": 123_456,
        "flops": 1_000_000.0,
        "seconds": {"fit": 10.0 + seed, "test": 0.5, "total": 11.0 + seed},
        "peak_memory_bytes": 1 << 30,
        "epochs": 14,
        "steps": 448,
        "budget": {"max_epochs": 15, "batch_size": 128, "train_samples": 4096},
        "split_hash": "5c1a",
        "data_fingerprint": "f00d",
        "git_commit": "abc1234",
        "versions": {"torch": "2.11.0"},
        "wandb_id": None,
    }
    return result | changes


class SweepFolder:
    """Writes run folders into a sweep's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)

    def finished(
        self, method: str, seed: int, accuracy: float = 0.8, *, config: dict[str, Any] | None = None, **changes: Any
    ) -> Path:
        result = make_result(method, seed, accuracy, **changes)
        plain = {
            "method": method,
            "seed": seed,
            "output_dir": f"somewhere/{seed}",
            "fusion": {"_target_": method, "dim": 64},
            "optimizer": {"lr": 1e-3},
        }
        suffix = hashlib.sha256(json.dumps(config).encode()).hexdigest()[:4] if config else ""
        folder = self.folder(method, seed, result["identity"] + suffix)
        (folder / "config.yaml").write_text(yaml.safe_dump(plain | (config or {})))
        (folder / "result.json").write_text(json.dumps(result))
        self.set_state(folder, "finished", method, seed)
        return folder

    def answered(self, method: str, seed: int, right: Any, **changes: Any) -> Path:
        """Write a finished run with its predictions: of every sample whether it is right; slices take turns."""
        right = np.asarray(right, dtype=bool)
        group = np.arange(len(right)) % len(SLICES)
        result = make_result(method, seed, float(right.mean()))
        by_slice = {name: {"accuracy": float(right[group == place].mean())} for place, name in enumerate(SLICES)}
        folder = self.finished(
            method, seed, float(right.mean()), **({"test": result["test"] | {"slices": by_slice}} | changes)
        )
        target = np.arange(len(right)) % 2
        output = np.eye(2, dtype=np.float32)[np.where(right, target, 1 - target)]
        columns = {"index": np.arange(len(right)), "target": target, "output": output, "slice": group}
        write_predictions(folder / "predictions.parquet", columns, slices=SLICES)
        return folder

    def other(self, state: str, method: str, seed: int) -> Path:
        folder = self.folder(method, seed, state[:8])
        self.set_state(folder, state, method, seed)
        return folder

    def asked_for(self, *names: str) -> None:
        """Write what a launch writes, of runs that may not have begun."""
        there = [path.parent.name for path in self.path.glob("*/result.json")]
        (self.path / "sweep.json").write_text(
            json.dumps({"runs": [*there, *names], "started": 0.0, "command": "train"})
        )

    def folder(self, method: str, seed: int, identity: str) -> Path:
        folder = self.path / f"{method.replace('/', '-')}-s{seed}-{identity}"
        folder.mkdir()
        return folder

    def set_state(self, folder: Path, state: Any, method: str, seed: int) -> None:
        status = Status(
            state=state, method=method, seed=seed, max_epochs=15, monitor="val/accuracy", mode="max", epoch=14
        )
        status.write(folder)
        (folder / "lock.json").unlink(missing_ok=True)
        if state == "running":
            write_json(folder / "lock.json", asdict(Owner.this_process()))


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path / "outputs" / "trio")


@pytest.fixture
def full_sweep(sweep: SweepFolder) -> SweepFolder:
    """Three families, two methods in one of them, three seeds each."""
    for number, method in enumerate(("attention/cross", "early/sum", "early/concat", "unimodal/image")):
        for seed in range(3):
            sweep.finished(method, seed, 0.9 - 0.1 * number + 0.01 * seed)
    return sweep


@pytest.fixture
def answered_sweep(sweep: SweepFolder) -> SweepFolder:
    """Five seeds of three methods that answer 600 samples: two that are alike, and one that is worse."""
    generator = np.random.default_rng(0)
    hard = generator.random(600)
    for method, skill in (("early/sum", 0.80), ("early/concat", 0.80), ("unimodal/image", 0.45)):
        for seed in range(5):
            sweep.answered(method, seed, 0.7 * hard + 0.3 * generator.random(600) < skill)
    return sweep


def write(*sweeps: Path, out: Path | None = None, split: str = "test", **changes: Any) -> list[Path]:
    """Write the report of sweeps."""
    made = [report(one, split=split, layout=make_layout(**changes)) for one in load(*sweeps, split=split)]
    across = compare_across(made) if len(made) > 1 else None
    return write_report(made, across, out or default_folder(sweeps, split=split))
