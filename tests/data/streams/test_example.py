"""The documented example: what README.md shows is what the script makes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml

from ...conftest import Shell

ROOT = Path(__file__).parents[3]
ROOM = ROOT / "src" / "fuselab" / "data" / "streams"


def script(folder: Path) -> str:
    """Run the example; return what it printed."""
    command = [sys.executable, ROOT / "scripts" / "stream_example.py", "--folder", folder / "talks"]
    done = subprocess.run(
        [*command, "--picture", folder / "talks.svg"],
        env={**os.environ, "FUSELAB_CACHE": str(folder / "cache")},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def drawn(picture: Path) -> tuple[list[str], list[np.ndarray]]:
    """Return the words of a picture, and the numbers of each of its paths."""
    text = picture.read_text(encoding="utf-8")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    paths = re.findall(r'<path d="([^"]*)"', text)
    return words, [np.array(re.findall(r"-?\d+(?:\.\d+)?", path), dtype=float) for path in paths]


def test_the_example_is_what_the_page_says(tmp_path, shell: Shell):
    printed = script(tmp_path)
    page = (ROOM / "README.md").read_text(encoding="utf-8")
    assert f"```\n{printed}```\n" in page
    words, paths = drawn(tmp_path / "talks.svg")
    known_words, known_paths = drawn(ROOM / "example.svg")
    assert words == known_words
    assert {"hand (cm)", "missing", "bird", "0.4 s earlier"} <= set(words)
    assert len(paths) == len(known_paths)
    for one, known in zip(paths, known_paths, strict=True):
        np.testing.assert_allclose(one, known, atol=0.5)  # points of the page
    config = yaml.safe_load((tmp_path / "talks" / "conf" / "data" / "talks.yaml").read_text())
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    shown = yaml.safe_load(shown)
    assert set(map(str, shown["defaults"])) - {"…"} <= set(map(str, config["defaults"]))
    source = config["data"]["source"]
    assert shown["data"]["source"]["intervals"] == source["intervals"]
    assert shown["data"]["source"]["modalities"].items() <= source["modalities"].items()


def test_the_doctor_looks_at_the_example(tmp_path, shell: Shell):
    printed = script(tmp_path)
    done = shell("doctor", "--config-dir", "talks/conf", "data=talks", "data.folder=talks", cwd=tmp_path, code=None)
    shown = " ".join(done.stdout.split())
    for line in printed.partition("\n\n")[0].splitlines():
        assert line in shown
