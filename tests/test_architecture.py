"""Every module imports without side effects, and what has to be quick imports nothing slow."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import fuselab

MODULES = sorted(one.name for one in pkgutil.walk_packages(fuselab.__path__, "fuselab."))
LIGHT = [
    name
    for name in MODULES
    if name.startswith(("fuselab.runs.", "fuselab.reports."))
    or name in ("fuselab.cli", "fuselab.launch", "fuselab.train")
]


def imported(modules: list[str], then: str, cwd: Path) -> str:
    code = f"import importlib, sys, threading\nfor name in {modules!r}: importlib.import_module(name)\n{then}"
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_imports_write_nothing_say_nothing_and_start_no_thread(tmp_path):
    assert len(MODULES) > 50
    assert imported(MODULES, "print(threading.active_count())", tmp_path) == "1"
    assert list(tmp_path.iterdir()) == []


def test_what_reads_files_and_checks_commands_imports_no_torch(tmp_path):
    heavy = "print([name for name in ('torch', 'pytorch_lightning', 'wandb', 'transformers') if name in sys.modules])"
    assert len(LIGHT) > 20
    assert imported(LIGHT, heavy, tmp_path) == "[]"
