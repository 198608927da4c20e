"""launcher=slurm and slurm_local: what submitit is given, and a sweep through its local executor.

Slurm itself is tried by scripts/slurm_smoke.sh.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict
from submitit.slurm.slurm import _make_sbatch_string

from fuselab.runs.compose import composer, resolved

from ..conftest import TINY, Shell

Compose = Callable[..., DictConfig]


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        yield lambda *overrides: hydra.compose(list(overrides))


def parameters(config: DictConfig) -> dict[str, Any]:
    """Return what the launcher gives to submitit."""
    with open_dict(config):
        config.hydra.job.num = 0
    return dict(instantiate(config.hydra.launcher).params)


def sbatch(config: DictConfig) -> str:
    """Return the script that Slurm is given."""
    given = parameters(config)
    names = {"timeout_min": "time", "name": "job_name", "mem_gb": "mem", "tasks_per_node": "ntasks_per_node"}
    ours = {"submitit_folder", "max_num_timeout"}
    values = {names.get(key, key): value for key, value in given.items() if key not in ours and value is not None}
    return str(_make_sbatch_string(command="COMMAND", folder="logs/%j", map_count=12, **values))


def test_a_slurm_job_asks_for_what_its_run_uses(compose: Compose):
    config = compose("launcher=slurm", "name=mine")
    config.hydra.launcher.update(partition="gpu", cpus_per_task=6, gpus_per_node=1, array_parallelism=3)
    script = sbatch(config)
    asked = ("partition=gpu", "cpus-per-task=6", "gpus-per-node=1", "array=0-11%3", "time=240", "job-name=fuselab-mine")
    for line in asked:
        assert f"#SBATCH --{line}\n" in script
    # What srun isn't told it does without since Slurm 22.05: the run would have one core.
    assert script.index("export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK") < script.index("srun ")
    assert resolved(config)["threads"] == 6


def test_a_slurm_job_is_warned_before_its_time_is_up_and_put_back(compose: Compose):
    config = compose("launcher=slurm")
    assert "#SBATCH --signal=USR2@120\n" in sbatch(config)
    assert parameters(config)["max_num_timeout"] == 100


@pytest.mark.parametrize("launcher", ["slurm", "slurm_local"])
def test_logs_lie_in_the_sweeps_folder(launcher: str, compose: Compose):
    config = compose(f"launcher={launcher}", "name=mine", "output_dir=there")
    assert parameters(config)["submitit_folder"] == "there/mine/.submitit/%j"


def test_a_launcher_changes_nothing_of_what_a_run_is(compose: Compose):
    configs = [resolved(compose(f"launcher={launcher}")) for launcher in ("basic", "slurm", "slurm_local")]
    for config in configs:
        del config["threads"]
    assert configs[0] == configs[1] == configs[2]


@pytest.mark.cluster
def test_a_sweep_through_submitits_local_executor(shell: Shell, tmp_path: Path):
    command = ("train", "-m", "launcher=slurm_local", "fusion=early/concat,late/mean", *TINY, "width=8", "logger=none")
    shell(*command, cwd=tmp_path)
    sweep = tmp_path / "outputs" / "trio_digits"
    results = [json.loads(path.read_text()) for path in sorted(sweep.glob("*/result.json"))]
    assert [result["method"] for result in results] == ["early/concat", "late/mean"]
    jobs = [path for path in (sweep / ".submitit").iterdir() if path.name.isdigit()]
    assert len(jobs) == 2
    configs = [OmegaConf.load(path) for path in sweep.glob("*/config.yaml")]
    assert [config.threads for config in configs] == [1, 1]

    shell(*command, cwd=tmp_path)
    assert len([path for path in (sweep / ".submitit").iterdir() if path.name.isdigit()]) == 2  # done is done
