"""launcher=slurm and slurm_local: what submitit is given, what is said of jobs that die, sweeps of local jobs.

Slurm itself is tried by scripts/slurm_smoke.sh.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict
from submitit.slurm.slurm import _make_sbatch_string

from fuselab.errors import ConfigError
from fuselab.runs.compose import composer, resolved
from hydra_plugins.fuselab_launchers import submitit_launcher
from hydra_plugins.fuselab_launchers.submitit_launcher import SlurmQueue, SubmititLauncher

from ..conftest import TINY, Shell

Compose = Callable[..., DictConfig]


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        yield lambda *overrides: hydra.compose(list(overrides))


def launcher(config: DictConfig) -> SubmititLauncher:
    with open_dict(config):
        config.hydra.job.num = 0
    made: SubmititLauncher = instantiate(config.hydra.launcher)
    return made


@pytest.fixture
def slurm_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make commands of Slurm's names, so that submitit believes in a cluster; `squeue` prints the file `queue`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sbatch", "srun", "scancel", "squeue"):
        (folder / name).write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/{name}.log\n')
        (folder / name).chmod(0o755)
    (folder / "squeue").write_text(f"#!/bin/sh\ncat {tmp_path}/queue\n")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def sbatch(slurm_commands: Path) -> Callable[[DictConfig], str]:
    """Return the script that Slurm is given for twelve runs."""

    def script(config: DictConfig) -> str:
        given = launcher(config).executor()._executor.parameters
        return str(_make_sbatch_string(command="COMMAND", folder="logs/%j", map_count=12, **given))

    return script


def test_a_slurm_job_asks_for_what_its_run_uses(compose: Compose, sbatch):
    config = compose("launcher=slurm", "name=mine")
    config.hydra.launcher.update(partition="gpu", cpus_per_task=6, gpus_per_node=1, array_parallelism=3)
    script = sbatch(config)
    asked = ("partition=gpu", "cpus-per-task=6", "gpus-per-node=1", "array=0-11%3", "time=240", "job-name=fuselab-mine")
    for line in asked:
        assert f"#SBATCH --{line}\n" in script
    # What srun isn't told it does without since Slurm 22.05: the run would have one core.
    assert script.index("export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK") < script.index("srun ")
    assert resolved(config)["threads"] == 6


def test_a_slurm_job_is_warned_before_its_time_is_up_and_put_back(compose: Compose, sbatch):
    config = compose("launcher=slurm")
    assert "#SBATCH --signal=USR2@120\n" in sbatch(config)
    assert launcher(config).executor()._executor.max_num_timeout == 100


def test_a_machine_without_slurm_is_told_so(compose: Compose, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match=r"launcher \(slurm\) must find .*sbatch, srun, squeue, scancel isn't there"):
        launcher(compose("launcher=slurm")).executor()


def test_an_option_that_submitit_has_not_is_named(slurm_commands: Path):
    with pytest.raises(ConfigError, match=r"hydra\.launcher must hold what submitit takes; it says: .*slurm_colour"):
        SubmititLauncher(cluster="slurm", submitit_folder="x", at_once=None, max_num_timeout=1, colour="red").executor()


@pytest.mark.parametrize("name", ["slurm", "slurm_local"])
def test_runs_on_a_gpu_want_jobs_with_one(name: str, compose: Compose):
    one = launcher(compose(f"launcher={name}"))
    one.wants_gpu = lambda _: True  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match=r"hydra\.launcher\.gpus_per_node \(null\) must be a number"):
        one.launch([["seed=0"]], 0)


@pytest.mark.parametrize("name", ["slurm", "slurm_local"])
def test_logs_lie_in_the_sweeps_folder(name: str, compose: Compose):
    config = compose(f"launcher={name}", "name=mine", "output_dir=there")
    assert launcher(config).submitit_folder == "there/mine/.submitit/%j"


def test_a_launcher_changes_nothing_of_what_a_run_is(compose: Compose):
    configs = [resolved(compose(f"launcher={name}")) for name in ("basic", "slurm", "slurm_local")]
    for config in configs:
        del config["threads"]
    assert configs[0] == configs[1] == configs[2]


class TestSlurmQueue:
    """States as squeue prints them; a job is gone only when it stays so."""

    @pytest.fixture
    def gone(self, slurm_commands: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str | None]:
        now = [0.0]
        monkeypatch.setattr(submitit_launcher, "time", SimpleNamespace(monotonic=lambda: now[0]))
        queue = SlurmQueue()

        def look(*lines: str, after: float) -> str | None:
            (slurm_commands / "queue").write_text("".join(f"{line}\n" for line in lines))
            now[0] += after
            return queue.gone(SimpleNamespace(job_id="7_1"))

        look.queue = queue  # type: ignore[attr-defined]
        return look

    @pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUE_HOLD"])
    def test_a_job_in_the_queue(self, gone, state):
        assert [gone(f"7_1|{state}", "7_0|FAILED", after=10) for _ in range(9)] == [None] * 9

    @pytest.mark.parametrize("line", ["7_1|NODE_FAIL", "7_0|RUNNING", ""])
    def test_a_job_that_is_over_may_take_its_time_to_show_a_result(self, gone, line):
        assert [gone(line, after=6) for _ in range(4)] == [None] * 4
        assert "Slurm's job 7_1 is" in gone(line, after=6)

    def test_a_job_that_is_put_back(self, gone):
        said = [gone(f"7_1|{state}", after=15) for state in ("PREEMPTED", "PENDING", "PREEMPTED", "RUNNING")]
        assert said == [None] * 4

    def test_a_controller_that_does_not_answer_has_lost_nothing(self, gone, slurm_commands):
        (slurm_commands / "bin" / "squeue").write_text("#!/bin/sh\nexit 1\n")
        assert [gone("", after=60) for _ in range(3)] == [None] * 3

    def test_what_has_not_begun_is_taken_out_of_the_queue_once(self, gone, slurm_commands):
        jobs = [SimpleNamespace(job_id="7_0"), SimpleNamespace(job_id="7_1")]
        gone.queue.take_out_waiting(jobs)
        gone.queue.take_out_waiting(jobs)
        assert (slurm_commands / "scancel.log").read_text() == "--quiet --state=PENDING 7_0 7_1\n"
        assert gone("7_1|CANCELLED", after=0) == "Slurm's job 7_1 is CANCELLED"


# Jobs that only say that they ran: what the launcher promises, without a training.
APP = """
import os, signal, time
from itertools import pairwise
from pathlib import Path
import hydra

@hydra.main(version_base="1.3", config_path=None)
def job(cfg):
    began = time.time()
    time.sleep(1)
    if cfg.get("die") == cfg.i:
        os.kill(os.getpid(), signal.SIGKILL)
    Path(f"{cfg.i}.txt").write_text(f"{began} {time.time()}")

job()
"""
LOCAL = ("hydra/launcher=fuselab_submitit", "hydra.launcher.cluster=local", "hydra.launcher.submitit_folder=jobs/%j")


def app(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "app.py").write_text(APP)
    command = [sys.executable, "app.py", "-m", *LOCAL, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.cluster
def test_a_job_that_dies_takes_no_other_with_it(tmp_path: Path):
    done = app(tmp_path, "+i=0,1,2", "+die=1", "hydra.launcher.at_once=3")
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["0.txt", "2.txt"], done.stderr
    assert done.returncode != 0
    assert "the worker of the run (+i=1 +die=1) must live until it ends" in done.stderr


@pytest.mark.cluster
def test_no_more_jobs_run_at_once_than_wanted(tmp_path: Path):
    done = app(tmp_path, "+i=0,1,2", "hydra.launcher.at_once=1")
    assert done.returncode == 0, done.stderr
    times = sorted(tuple(map(float, path.read_text().split())) for path in tmp_path.glob("*.txt"))
    assert len(times) == 3
    assert all(first[1] <= second[0] for first, second in pairwise(times))


@pytest.mark.cluster
def test_a_sweep_of_local_jobs(shell: Shell, tmp_path: Path):
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


@pytest.mark.cluster
def test_an_interrupted_sweep_of_local_jobs_leaves_nothing_at_work(tmp_path: Path):
    command = [sys.executable, "-m", "fuselab.cli", "train", "-m", "launcher=slurm_local", "seed=0,1,2", *TINY]
    command += ["width=8", "logger=none", "trainer.max_epochs=400", "monitor.patience=1000"]
    sweep = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    folder = tmp_path / "outputs" / "trio_digits"

    def statuses() -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in folder.glob("*/status.json")]

    until = time.monotonic() + 90
    while not any(status["epoch"] > 1 for status in statuses()):
        assert time.monotonic() < until
        assert sweep.poll() is None
        time.sleep(0.2)
    sweep.send_signal(signal.SIGINT)
    said, _ = sweep.communicate(timeout=60)
    assert sweep.returncode == 128 + signal.SIGINT, said
    assert "stopped; 3 of 3 runs are left" in said
    assert {status["state"] for status in statuses()} == {"interrupted"}
