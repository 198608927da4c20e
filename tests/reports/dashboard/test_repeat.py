from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from fuselab.reports.dashboard.repeat import tell_repeat
from fuselab.runs.folder import RunFolder, find_runs

from ...conftest import TINY

RUN = Path("/somebody/outputs/my sweep/early-sum-s0-1f")


def test_the_command_names_the_run_from_the_folder_of_its_launch():
    told = tell_repeat(RUN, {"output_dir": "outputs", "name": "my sweep"})
    assert told["where"] == "outputs"
    assert shlex.split(told["command"])[2:5] == ["--config-dir", "outputs/my sweep/early-sum-s0-1f", "--config-name"]


@pytest.mark.parametrize("kept", ["/somebody/outputs", "../outputs"])
def test_a_path_of_one_machine_is_left_out(kept):
    told = tell_repeat(RUN, {"output_dir": kept, "name": "my sweep"})
    assert told["where"] == "my sweep"
    assert "somebody" not in told["command"]
    assert ".." not in told["command"]


@pytest.mark.parametrize("config", [{}, {"output_dir": "outputs"}, {"output_dir": None, "name": "x"}])
def test_a_config_that_does_not_say_where_it_was_kept_has_no_command(config):
    assert tell_repeat(RUN, config) is None


@pytest.mark.slow
def test_the_command_repeats_the_run_to_the_bit(shell, tmp_path):
    shell("train", "fusion=early/gated", "seed=3", "width=16", *TINY, "logger=none", cwd=tmp_path)
    (first,) = find_runs(tmp_path / "outputs" / "trio_digits")
    told = tell_repeat(
        Path("outputs") / "trio_digits" / first.path.name, {"output_dir": "outputs", "name": "trio_digits"}
    )
    program, *arguments = shlex.split(told["command"])
    assert program == "fuselab"
    shell(*arguments, cwd=tmp_path)
    second = RunFolder(tmp_path / "repeated" / "trio_digits" / first.path.name)
    assert second.metrics.read_bytes() == first.metrics.read_bytes()
    assert second.predictions.read_bytes() == first.predictions.read_bytes()
    assert second.result()["identity"] == first.result()["identity"]
