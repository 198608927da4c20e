"""A user's own package adds a method from outside the repository; a wheel brings conf along."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .conftest import TINY

ROOT = Path(__file__).parents[1]
# The example of CONTRIBUTING.md itself, so that it can't fall behind the contracts.
EXAMPLE = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)[0]
MINE = f"from torch import nn\nfrom fuselab.fusion.base import PooledFusion\nfrom fuselab.types import Fused\n{EXAMPLE}"
CONF = "# Mine.\n_target_: mine.Mine\nmodalities: ${data.modalities}\ndim: ${width}\n"


def test_a_package_of_ones_own(shell, tmp_path):
    (tmp_path / "mine" / "conf" / "fusion").mkdir(parents=True)
    (tmp_path / "mine" / "__init__.py").write_text(MINE)
    (tmp_path / "mine" / "conf" / "fusion" / "mine.yaml").write_text(CONF)
    command = ["train", "--config-dir", "mine/conf", "fusion=mine", *TINY, "logger=none"]
    refused = shell(*command, cwd=tmp_path, code=2)
    assert "trusted=[mine]" in refused.stderr
    shell(*command, "trusted=[mine]", cwd=tmp_path)
    (result,) = tmp_path.glob("outputs/trio_digits/mine-s0-*/result.json")
    assert json.loads(result.read_text())["method"] == "mine"
    assert "Mine." in shell("list", "fusion", "--config-dir", "mine/conf", cwd=tmp_path).stdout


@pytest.mark.slow
@pytest.mark.smoke
def test_a_wheel_brings_conf_along(tmp_path):
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    packed = {path.relative_to(tmp_path / "site/fuselab/conf") for path in (tmp_path / "site").rglob("conf/**/*.yaml")}
    assert packed == {path.relative_to(ROOT / "conf") for path in (ROOT / "conf").rglob("*.yaml")}
    code = (
        "from fuselab.runs.conf import conf_folder; from fuselab.runs.overrides import check_overrides\n"
        "print(conf_folder()); print(check_overrides([]).config['width'])"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(tmp_path / "site/fuselab/conf"), "64"]
