from __future__ import annotations

from typing import Any

import pytest

from fuselab.errors import ConfigError
from fuselab.runs.fair import Asked, read_asked
from fuselab.runs.lines import parse
from fuselab.runs.overrides import check_overrides
from fuselab.runs.space import Choices, Range

SWEEPER: dict[str, Any] = {
    "params": {},
    "compare": ["fusion"],
    "space": {},
    "trials": 10,
    "batch": 2,
    "sampler": "tpe",
    "sampler_seed": 0,
    "trial_seed": 1000,
    "seeds": None,
}
FAIR = ("hydra/sweeper=fair", "fusion=early/concat,late/mean", "seed=0,1")


def line(text: str) -> Any:
    return parse([text])[0]


def read(*command: str, seed: int = 0, **changes: Any) -> Asked:
    return read_asked({**SWEEPER, **changes}, command, parse=line, seed=seed)


def test_a_command_line_says_what_is_compared_what_is_searched_and_what_is_refitted():
    asked = read(
        "fusion=early/concat,late/mean", "seed=0,1,2", "width=32,64", "optimizer.lr=interval(0.1,1)", "threads=1"
    )
    assert asked.values(line) == {"early/concat": ("fusion=early/concat",), "late/mean": ("fusion=late/mean",)}
    assert asked.seeds == (0, 1, 2)
    assert asked.space == {
        "width": Choices(key="width", texts=("32", "64"), values=(32, 64)),
        "optimizer.lr": Range(key="optimizer.lr", low=0.1, high=1.0),
    }
    assert asked.without() == ("threads=1",)
    assert asked.without("threads") == ()


def test_a_sweep_file_says_the_same():
    said = read(
        "threads=1",
        params={"fusion": "early/concat,late/mean"},
        space={"width": [32, 64], "optimizer.lr": {"low": 0.1, "high": 1.0}},
        seeds=[0, 1, 2],
    )
    assert said == read(
        "fusion=early/concat,late/mean", "seed=0,1,2", "width=32,64", "optimizer.lr=interval(0.1,1)", "threads=1"
    )


def test_the_command_line_wins_over_the_sweep_file():
    file = {
        "params": {"fusion": "early/concat,late/mean", "threads": 2},
        "space": {"width": [32, 64], "optimizer.lr": {"low": 0.1, "high": 1.0}},
        "seeds": [5],
    }
    asked = read("fusion=late/vote", "width=16", "optimizer.lr=1,2", "seed=7", "threads=1", **file)
    assert list(asked.values(line)) == ["late/vote"]
    assert list(asked.space) == ["optimizer.lr"]
    assert asked.space["optimizer.lr"].as_json() == {"choices": [1, 2]}
    assert (asked.seeds, asked.without()) == ((7,), ("width=16", "threads=1"))


def test_without_seeds_the_configs_own_is_refitted():
    assert read("fusion=late/mean", "width=1,2", seed=3).seeds == (3,)


def test_more_than_one_key_may_be_compared():
    asked = read("fusion=a,b", "head=mlp,linear", "width=1,2", compare=["fusion", "head"])
    assert asked.values(line)["fusion=b, head=linear"] == ("fusion=b", "head=linear")
    assert len(asked.values(line)) == 4


@pytest.mark.parametrize(
    ("command", "changes", "said"),
    [
        ("width=1,2", {}, r"compare \(fusion\) must name a key that is given its values; choose one of: width"),
        ("fuson=a,b width=1,2", {}, "did you mean 'fuson'"),
        ("fusion=a,b", {}, "must hold a key to search; add one such as optimizer.lr="),
        ("fusion=a,b width=1,2", {"compare": "fusion"}, r"compare \(fusion\) must be a list of keys"),
        ("fusion=a,b width=1,2", {"trials": 0}, r"trials \(0\) must be a whole number of at least 1"),
        ("fusion=a,b width=1,2", {"batch": 1.5}, r"batch \(1.5\) must be a whole number"),
        ("fusion=a,b width=1,2", {"sampler": "rnd"}, r"sampler \(rnd\) must be a sampler"),
        ("fusion=a,b width=1,2", {"seeds": "0,1"}, r"seeds \(0,1\) must be a list of seeds"),
        ("fusion=a,b width=1,2 seed=0.5,1", {}, "seed=0.5,1 must list the seeds of the refits"),
        ("fusion=a,b width=1,2 seed=interval(0,9)", {}, "must list the seeds of the refits"),
        ("fusion=a,b width=1,2 seed=0,1000", {}, r"trial_seed \(1000\) must not be a seed of the refits \(0, 1000\)"),
        ("fusion=a,b width=1,2", {"params": {"head": "x"}, "space": {"head": "x,y"}}, "head must be said once"),
        ("fusion=a,b", {"space": {"seed": "0,1"}}, r"the space \(seed\) must not hold the seed"),
        ("head=a,b", {"compare": ["head"], "params": {}, "space": {"head": "x,y"}}, "must hold a key to search"),
        ("fusion=a,b", {"compare": ["fusion", "head"], "params": {}, "space": {"head": "x,y"}}, "must name a key"),
        ("fusion=a,b trainer.max_epochs=1,2", {}, r"\(trainer.max_epochs\) must not change the data, the budget"),
        ("fusion=a,b trainer=cpu,gpu", {}, r"\(trainer\) must not change"),
        ("fusion=a,b data.batch_size=1,2", {}, r"\(data.batch_size\) must not change"),
        ("fusion=a,b monitor.patience=1,2", {}, r"\(monitor.patience\) must not change"),
        ("fusion=a,b callbacks.best.mode=max,min", {}, r"\(callbacks.best.mode\) must not change"),
        ("fusion=a,b threads=1,2", {}, r"\(threads\) must hold what can make a model better"),
        ("fusion=a,b test=true,false", {}, r"\(test\) must hold what can make"),
    ],
)
def test_what_is_not_fair_or_makes_no_sense(command, changes, said):
    with pytest.raises(ConfigError, match=said):
        read(*command.split(), **changes)


def test_clipping_is_neither_budget_nor_judge():
    assert list(read("fusion=a,b", "trainer.gradient_clip_val=0.5,1").space) == ["trainer.gradient_clip_val"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("optimizer.lrr=1,2", "did you mean 'optimizer.lr'"),
        ("+hydra.sweeper.space={optimzer.lr:[1,2]}", r"optimzer.lr \(1,2\) must be a key.*'optimizer.lr'"),
        ("encoder/text=gru,transfomer", "did you mean 'transformer'"),
        ("optimizer.lr=interval(0,1) fusion.heads=1,2", "with fusion=|fusion.heads"),
        ("width=interval(16,64)", r"must be whole numbers, .*; write width=int\(interval\(16,64\)\)"),
        ("width=wide,wider", "must be a whole number"),
        ("trainer.max_epochs=1,2", "must not change the data, the budget"),
        ("width=1,2 hydra.sweeper.trils=3", "did you mean 'hydra.sweeper.trials'"),
    ],
)
def test_a_search_is_checked_before_it_is_launched(more, said):
    with pytest.raises(ConfigError, match=said) as caught:
        check_overrides([*FAIR, *more.split()], multirun=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        "optimizer.lr=tag(log,interval(1e-4,1e-1)) width=32,64",
        "width=int(interval(16,64)) encoder/text=gru,transformer",
        "+hydra.sweeper.space={optimizer.lr:{low:0.001,high:0.1,log:true}}",
        "fusion=glob(late/*) encoder/text=glob(*)",
        "head=mlp,linear hydra.sweeper.compare=[fusion,head] width=1,2",
    ],
)
def test_what_can_be_launched(more):
    assert check_overrides([*FAIR, *more.split()], multirun=True).multirun


def test_the_shipped_search_can_be_launched():
    assert check_overrides(["+sweep=fair_demo"]).multirun


def test_a_grid_takes_no_interval():
    with pytest.raises(ConfigError, match=r"optimizer.lr \(interval\(0,1\)\) must list its values in a grid"):
        check_overrides(["optimizer.lr=interval(0,1)"], multirun=True)
