"""A sweep's configs are those that Hydra would compose, one by one; most of them are had without asking it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from fuselab.errors import ConfigError
from fuselab.runs.compose import Composer, composer, resolved
from fuselab.runs.due import config_digest
from fuselab.runs.files import write_json
from fuselab.runs.identity import identity
from fuselab.runs.plan import Planned, plan

Job = tuple[str, ...]
Planning = Callable[[Sequence[Job]], tuple[list[Planned], int]]

# Plain values that nothing refers to, such that another value does, below a group, of every kind, and groups.
AXES = {
    "seed": ["seed=0", "seed=1", "seed=7"],
    "lr": ["optimizer.lr=1e-3", "optimizer.lr=0.5", "optimizer.lr=1"],
    "width": ["width=8", "width=16"],
    "decay": ["optimizer.weight_decay=0", "optimizer.weight_decay=0.1"],
    "fusion": ["fusion=early/concat", "fusion=early/gated", "fusion=attention/cross"],
    "dim": ["fusion.dim=8", "fusion.dim=12"],
    "head": ["head=linear", "head=mlp"],
    "text": ["encoder/text=gru", "encoder/text=transformer"],
    "metric": ["monitor.metric=val/loss", "monitor.metric=val/accuracy"],
    "batch": ["data.batch_size=32", "data.batch_size=64"],
    "sizes": ["data.source.sizes.train=64", "data.source.sizes.train=128"],
    "precision": ["trainer.precision=32-true", "trainer.precision=bf16-mixed"],
    "modalities": ["fusion.modalities=[image]", "fusion.modalities=[image,text]"],
    "threads": ["threads=null", "threads=2"],
    "name": ["name=one", "name='two words'"],
    "mix": ["data.source.mix={redundant: 0.3}", "data.source.mix={redundant: 0.4}"],
    "added": ["+note=1", "+note=2"],
    "forced": ["++seed=4", "++seed=5"],
    "reference": ["optimizer.lr=${optimizer.weight_decay}", "optimizer.lr=0.25"],
    "dropped": ["~scheduler", "scheduler=constant"],
}


@pytest.fixture(scope="module")
def source() -> Iterator[Composer]:
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        yield hydra


@pytest.fixture(scope="module")
def known(source) -> dict[Job, dict[str, Any]]:
    return {}


@pytest.fixture
def composed(source, known, tmp_path) -> Callable[[Job], dict[str, Any]]:
    """Return what Hydra makes of a job."""

    def one(job: Job) -> dict[str, Any]:
        if job not in known:
            known[job] = resolved(source.compose(job))
        return known[job]

    return one


@pytest.fixture
def planning(source) -> Planning:
    groups = list(source.compose([]).hydra.runtime.choices)

    def one(jobs: Sequence[Job]) -> tuple[list[Planned], int]:
        times = []

        def compose(job: Sequence[str]) -> DictConfig:
            times.append(job)
            return source.compose(job)

        planned = plan(jobs, compose=compose, parse=OverridesParser.create().parse_override, groups=groups)
        return planned, len(times)

    return one


def product(*axes: str) -> list[Job]:
    return list(itertools.product(*(AXES[axis] for axis in axes)))


@pytest.mark.parametrize(
    ("axes", "composed_at_most"),
    [
        (["lr", "decay"], 1),
        (["seed", "fusion"], 3),
        (["fusion", "seed"], 3),
        (["width", "seed"], 2 * 3),
        (["text", "dim"], 2 * 2),
        (["forced", "lr"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_runs_that_differ_in_a_plain_value_alone_are_composed_once(axes, composed_at_most, planning, composed):
    jobs = product(*axes)
    planned, times = planning(jobs)
    assert [one.config for one in planned] == [composed(job) for job in jobs]
    assert times <= composed_at_most


@pytest.mark.parametrize("seed", range(5))
def test_derived_configs_are_those_that_hydra_composes(seed, planning, composed):
    """Any family of sweeps: derived is as good as composed, to the folder's name."""
    chance = random.Random(seed)
    axes = chance.sample(list(AXES), 3)
    jobs = chance.sample(all_jobs := product(*axes), min(5, len(all_jobs)))
    expected = [composed(job) for job in jobs]
    planned, _ = planning(jobs)
    distinct: dict[str, Any] = {}
    for config in expected:
        distinct.setdefault(f"{config['name']} {identity(config)}", config)
    assert [one.config for one in planned] == list(distinct.values()), axes


@pytest.mark.parametrize("second", ["optimizer.weight_decay", "seed", "width"])
def test_a_key_that_a_block_leaves_alone_has_its_default_there(second, planning, composed):
    jobs = [("optimizer.lr=0.5",), ("optimizer.lr=0.25",), (f"{second}=3",), (f"{second}=5",), ()]
    planned, _ = planning(jobs)
    assert [one.config for one in planned] == [composed(job) for job in jobs]


@pytest.mark.parametrize("value", ["${width}", "${optimizer.lr}", "${seed}"])
def test_what_another_value_refers_to_is_never_replaced_alone(value, planning, composed):
    jobs = [(f"optimizer.weight_decay={value}", f"{key}={number}") for key in ("width", "seed") for number in (3, 5)]
    planned, _ = planning(jobs)
    assert [one.config for one in planned] == [composed(job) for job in jobs]


def test_what_refers_to_the_job_itself_is_composed_each_time(planning, composed):
    jobs = [(f"seed={seed}", "+note=${hydra:job.config_name}") for seed in (1, 2)]
    planned, times = planning(jobs)
    assert times == 2
    assert [one.config["seed"] for one in planned] == [1, 2]


@pytest.mark.parametrize(
    "odd", ["~optimizer.lr", "optimizer.lr=${width}", "optimizer.lr='${width}'", "+optimizer.lr=3"]
)
def test_what_is_no_plain_value_is_left_to_hydra(odd, planning, composed):
    first = "~optimizer.lr" if odd.startswith("+") else "width=8"
    jobs = [(first, line) for line in ("++optimizer.lr=0.5", odd, "++optimizer.lr=0.25")]
    if not odd.startswith("+"):
        jobs += [("width=8", "optimizer.lr=0.5"), ("width=8", "optimizer.lr=0.25")]
    planned, _ = planning(jobs)
    expected = [composed(job) for job in jobs]
    assert [one.config for one in planned] == [one for place, one in enumerate(expected) if one not in expected[:place]]


def test_the_last_of_two_overrides_wins(planning, composed):
    jobs = [("seed=1", "seed=2"), ("seed=3", "seed=4")]
    planned, _ = planning(jobs)
    assert [one.config["seed"] for one in planned] == [2, 4]
    assert [one.config for one in planned] == [composed(job) for job in jobs]


def test_a_parent_and_its_child_are_never_torn_apart(planning, composed):
    jobs = [(f"optimizer.lr={lr}", "++optimizer={weight_decay: 0.5, lr: 0.25}") for lr in (1, 2)]
    planned, _ = planning(jobs)
    assert [one.config for one in planned] == [composed(jobs[0])]


def test_runs_of_one_config_are_one_run(planning):
    planned, _ = planning([("seed=1", "threads=1"), ("seed=1", "threads=2"), ("seed=2", "threads=1")])
    assert [one.overrides for one in planned] == [("seed=1", "threads=1"), ("seed=2", "threads=1")]


def test_each_run_is_where_its_files_say(planning, tmp_path):
    jobs = [(f"seed={seed}", f"output_dir={tmp_path}") for seed in range(4)]
    done, failed, edited, new = (one.folder for one in planning(jobs)[0])
    configs = [one.config for one in planning(jobs)[0]]
    for folder, config in zip((done, failed, edited), configs, strict=False):
        folder.path.mkdir(parents=True)
        folder.config.write_text(yaml.safe_dump(config))
    write_json(done.result_file, {"identity": identity(configs[0]), "config_digest": config_digest(done)})
    (failed.checkpoints).mkdir()
    (failed.checkpoints / "last.ckpt").touch()
    edited.config.write_text(yaml.safe_dump(configs[2] | {"seed": 99}))
    planned, _ = planning(jobs)
    assert [one.due for one in planned] == ["done", "resume", "broken", "new"]
    assert [one.is_to_do for one in planned] == [False, True, False, True]
    assert [one.problem is None for one in planned] == [True, True, False, True]
    assert "they differ in seed" in planned[2].problem
    assert planned[3].folder == new
    edited.config.unlink()
    assert planned[2].looked_up().due == "new"
    assert planned[2].looked_up().problem is None


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ([("seed=0",), ("seed=-1",)], r"seed \(-1\) must be a whole number of at least 0"),
        ([("fusion=early/concat",), ("fusion=late/mean", "width=${nothing}")], r"with fusion=late/mean width=.*refer"),
        ([("trainer.max_epochs=0", "seed=1")], r"with trainer\.max_epochs=0 seed=1: trainer\.max_epochs \(0\) must"),
    ],
)
def test_a_run_that_cannot_be_is_refused_with_its_overrides(jobs, message, planning):
    with pytest.raises(ConfigError, match=message):
        planning(jobs)
