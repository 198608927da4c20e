"""Every command of the README runs, in its order, in a folder that holds nothing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from .conftest import TINY

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
FUSELAB = [shlex.split(line)[3:] for line in COMMANDS if line.startswith("uv run fuselab")]
# The demo makes what the reports read; the rest of the training commands take a minute more.
QUICK = [arguments for arguments in FUSELAB if arguments[0] != "train"]


def small(arguments: list[str]) -> list[str]:
    """Add what makes a training short, and change nothing else of the command."""
    return [*arguments, *TINY] if arguments[0] in ("train", "demo", "doctor") else arguments


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("user")


def test_every_kind_of_command_is_known():
    known = ("pip install uv", "uv run pytest", "uv run fuselab ")
    assert FUSELAB
    assert [line for line in COMMANDS if not line.startswith(known)] == []


def test_readme_has_at_most_200_lines():
    assert len(README.splitlines()) <= 200


@pytest.mark.parametrize("arguments", QUICK, ids=" ".join)
def test_quick_commands(arguments, shell, folder):
    done = shell(*small(arguments), cwd=folder)
    if arguments == ["demo"]:
        assert len(list((folder / "outputs" / "demo").glob("*/result.json"))) == 33
        assert "attention/transformer" in done.stdout
        for name in ("table.md", "table.tex", "table.csv", "runs.csv"):
            assert (folder / "outputs" / "demo" / "report" / "tables" / name).stat().st_size > 0


def test_demo_again_trains_nothing(shell, folder):
    before = {path: path.stat().st_mtime_ns for path in (folder / "outputs" / "demo").glob("*/status.json")}
    shell(*small(["demo"]), cwd=folder)
    assert {path: path.stat().st_mtime_ns for path in (folder / "outputs" / "demo").glob("*/status.json")} == before


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [one for one in FUSELAB if one[0] == "train"], ids=" ".join)
def test_training_commands(arguments, shell, folder):
    done = shell(*small(arguments), cwd=folder)
    assert "failed" not in done.stdout + done.stderr
