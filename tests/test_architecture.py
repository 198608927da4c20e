"""What no single module can promise: imports do nothing, light modules stay light, code has no shortcuts."""

from __future__ import annotations

import ast
import json
import os
import pkgutil
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import fuselab

SOURCE = Path(fuselab.__file__).parent
MODULES = sorted(one.name for one in pkgutil.walk_packages(fuselab.__path__, "fuselab."))
FILES = sorted(SOURCE.rglob("*.py"))
# What answers at once must not wait for torch: the command line, what it needs before a launch, and what reads files.
LIGHT = [
    name
    for name in MODULES
    if name in ("fuselab.cli", "fuselab.errors", "fuselab.launch", "fuselab.train")
    or name.startswith(("fuselab.runs", "fuselab.reports"))
]
HEAVY = (
    "torch",
    "pytorch_lightning",
    "lightning_fabric",
    "torchmetrics",
    "torchaudio",
    "transformers",
    "wandb",
    "matplotlib",
)

# Third-party packages are imported first: only what our own modules do is watched the second time.
IMPORT_TWICE = """
import importlib, json, os, sys, threading
names = json.loads(sys.argv[1])
environment = dict(os.environ)
for name in names:
    importlib.import_module(name)
import numpy, random, torch
# As at the start, so that what is set twice to the same shows too.
os.environ.clear()
os.environ.update(environment)
torch.set_default_dtype(torch.float32)
torch.use_deterministic_algorithms(False)
for name in [one for one in sys.modules if one.partition(".")[0] == "fuselab"]:
    del sys.modules[name]

def state():
    return (
        dict(os.environ), os.getcwd(), list(sys.path), threading.active_count(), torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(), torch.get_default_dtype(), torch.random.get_rng_state().tolist(),
        random.getstate(), str(numpy.random.get_state()),
    )

done = []
QUIET = ("open", "os.mkdir", "os.remove", "os.rename", "socket.connect", "subprocess.Popen", "shutil.rmtree")

def watch(event, args):
    writes = event != "open" or (isinstance(args[1], str) and set(args[1]) & set("wax+"))
    if event in QUIET and writes and active:
        done.append(f"{event} {args[0]}")

active = False
sys.addaudithook(watch)
before = state()
for name in names:
    active = True
    importlib.import_module(name)
    active = False
    if done:
        sys.exit(f"{name}: {done}")
    if state() != before:
        sys.exit(f"{name} changed the state of the process")
"""


def python(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(SOURCE.parent)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def comments(path: Path) -> list[tuple[int, str]]:
    with path.open("rb") as file:
        return [(one.start[0], one.string) for one in tokenize.tokenize(file.readline) if one.type == tokenize.COMMENT]


def test_modules_are_found():
    assert {"fuselab.execute", "fuselab.encoders.text.gru", "fuselab.runs.folder"} <= set(MODULES)
    assert {"fuselab.runs.tracking", "fuselab.reports.table", "fuselab.cli", "fuselab.launch"} <= set(LIGHT)
    assert len(FILES) > 60


def test_importing_a_module_does_nothing_else(tmp_path):
    done = python(IMPORT_TWICE, json.dumps(MODULES), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())


def test_what_answers_at_once_imports_nothing_heavy(tmp_path):
    code = (
        "import importlib, json, sys\n"
        "heavy = set(json.loads(sys.argv[2]))\n"
        "for name in json.loads(sys.argv[1]):\n"
        "    importlib.import_module(name)\n"
        "    if found := heavy & set(sys.modules):\n"
        "        sys.exit(f'{name} imports {sorted(found)}')\n"
    )
    done = python(code, json.dumps(LIGHT), json.dumps(HEAVY), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_code_takes_no_shortcuts(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # Python -O leaves assertions out: what must hold is raised in words.
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []
    found = comments(path)
    assert [one for one in found if re.search(r"type:\s*ignore(?!\[)", one[1])] == []
    assert [one for one in found if re.search(r"noqa(?!:)", one[1])] == []
    assert [one for one in found if re.search(r"\b(TODO|FIXME|XXX)\b", one[1])] == []
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_packages_hold_no_code():
    packages = [path for path in FILES if path.name == "__init__.py"]
    assert len(packages) > 10
    assert [path for path in packages if path.read_text(encoding="utf-8").strip()] == []
