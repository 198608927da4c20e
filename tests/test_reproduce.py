"""The scripts that make the shipped tables, on small data."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conf.small import overrides
from .conftest import TINY

SCRIPTS = Path(__file__).parents[1] / "scripts"
FEW = ("fusion=early/concat,late/mean", "seed=0,1", "logger=none", "width=8", "trainer.max_epochs=1")


def reproduce(name: str, *overrides: str, cache: Path, out: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FUSELAB_CACHE": str(cache), "OUTPUT_DIR": str(out), "UV_NO_SYNC": "1"}
    return subprocess.run(
        [SCRIPTS / f"reproduce_{name}.sh", *overrides], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_ablation_and_again_what_is_left_of_it(cache, tmp_path):
    done = reproduce("trio_digits", *TINY, *FEW, cache=cache, out=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "fusion_ablation" / "report" / "tables" / "table.md").read_text().count("early/concat") >= 1
    again = reproduce("trio_digits", *TINY, *FEW, cache=cache, out=tmp_path)
    assert "4 runs: 4 finished" in again.stdout, again.stdout


@pytest.mark.slow
def test_the_four_tables_on_mosi(cache, tmp_path):
    data = [one for one in overrides("data/cmu_mosi", tmp_path) if one != "data=cmu_mosi"]
    done = reproduce("mosi", *data, *FEW, cache=cache, out=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    tables = sorted(path.parents[2].name for path in tmp_path.glob("*/report/tables/table.md"))
    assert tables == [
        "mosi_dialogue_table", "mosi_dialogue_text_video_table", "mosi_table", "mosi_text_video_table",
    ]  # fmt: skip
