from __future__ import annotations

import itertools
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from fuselab.errors import ConfigError
from fuselab.runs.grid import expand, parameters

parser = OverridesParser.create()


def jobs(*command: str, params: Any = None, blocks: Any = (), exclude: Any = ()) -> list[tuple[str, ...]]:
    return expand(params=params or {}, blocks=blocks, exclude=exclude, command=command, parse=parser.parse_override)


def test_without_any_parameter_there_is_one_run():
    assert jobs() == [()]
    assert jobs("seed=3") == [("seed=3",)]


def test_a_grid_is_a_product_in_which_the_last_key_changes_first():
    assert jobs(params={"seed": "0,1", "fusion": "a,b,c"}) == [
        (f"seed={seed}", f"fusion={fusion}") for seed in (0, 1) for fusion in "abc"
    ]


def test_the_command_line_comes_after_the_sweep_file():
    assert jobs("width=8", "head=linear,mlp", params={"seed": "0,1"}) == [
        (f"seed={seed}", "width=8", f"head={head}") for seed in (0, 1) for head in ("linear", "mlp")
    ]


@pytest.mark.parametrize(
    ("value", "values"),
    [
        ("0,1,2", ["0", "1", "2"]),
        ([0, 1, 2], ["0", "1", "2"]),
        (7, ["7"]),
        ("range(0,3)", ["0", "1", "2"]),
        ("choice(a,b)", ["a", "b"]),
        (["a b", "c"], [r"a\ b", "c"]),
        ("[image],[image,text]", ["[image]", "[image,text]"]),
        ([["image"], ["image", "text"]], ["[image]", "[image,text]"]),
        ("null,1", ["null", "1"]),
        ([None, True, 0.5], ["null", "True", "0.5"]),
    ],
)
def test_values_are_listed_in_every_way_that_hydra_and_yaml_have(value, values):
    assert jobs(params={"key": value}) == [(f"key={one}",) for one in values]


def test_blocks_are_done_one_after_the_other_and_share_the_common_parameters():
    blocks = [{"grid": {"fusion": "a,b"}}, {"grid": {"fusion": "c", "width": "8,16"}}]
    assert jobs(params={"seed": "0,1"}, blocks=blocks) == [
        ("seed=0", "fusion=a"), ("seed=0", "fusion=b"), ("seed=1", "fusion=a"), ("seed=1", "fusion=b"),
        ("seed=0", "fusion=c", "width=8"), ("seed=0", "fusion=c", "width=16"),
        ("seed=1", "fusion=c", "width=8"), ("seed=1", "fusion=c", "width=16"),
    ]  # fmt: skip


def test_a_block_may_say_a_common_parameter_itself():
    assert jobs(params={"seed": "0,1"}, blocks=[{"grid": {"seed": "7"}}, {}]) == [("seed=7",), ("seed=0",), ("seed=1",)]


def test_zipped_parameters_go_together():
    blocks = [{"grid": {"seed": "0,1"}, "zip": {"width": "8,16", "optimizer.lr": [0.1, 0.2]}}]
    assert jobs(blocks=blocks) == [
        (f"seed={seed}", f"width={width}", f"optimizer.lr={lr}")
        for seed in (0, 1)
        for width, lr in ((8, 0.1), (16, 0.2))
    ]


def test_zipped_parameters_of_different_lengths_are_refused():
    blocks = [{"zip": {"width": "8,16,32", "optimizer.lr": "0.1,0.2", "seed": 3}}]
    with pytest.raises(ConfigError, match=r"zipped parameters \(width has 3, optimizer\.lr has 2, seed has 1\) must"):
        jobs(blocks=blocks)


def test_the_command_line_wins_over_every_part_of_a_sweep_file():
    blocks = [{"grid": {"width": "8,16"}, "zip": {"head": "a,b", "optimizer.lr": "0.1,0.2"}}]
    assert jobs("width=3", "head=c", "seed=5,6", params={"seed": "0,1"}, blocks=blocks) == [
        (f"optimizer.lr={lr}", "width=3", "head=c", f"seed={seed}") for lr in (0.1, 0.2) for seed in (5, 6)
    ]


def test_a_run_that_two_blocks_ask_for_is_done_once():
    blocks = [{"grid": {"seed": "0,1"}}, {"grid": {"seed": "1,2"}}]
    assert jobs(blocks=blocks) == [("seed=0",), ("seed=1",), ("seed=2",)]


FULL = list(itertools.product((0, 1), "abc", (8, 16)))


@pytest.mark.parametrize(
    ("exclude", "left_out"),
    [
        ({"fusion": "b"}, [(s, "b", w) for s in (0, 1) for w in (8, 16)]),
        ({"fusion": "b", "width": 16}, [(0, "b", 16), (1, "b", 16)]),
        ({"fusion": "a,b", "width": 16}, [(s, f, 16) for s in (0, 1) for f in "ab"]),
        ({"fusion": ["a", "b"], "width": [16], "seed": 1}, [(1, "a", 16), (1, "b", 16)]),
        ({"fusion": "z"}, []),
    ],
)
@pytest.mark.parametrize("of_the_block", [True, False])
def test_excluded_settings_are_left_out(of_the_block, exclude, left_out):
    grid = {"seed": "0,1", "fusion": "a,b,c", "width": "8,16"}
    if of_the_block:
        found = jobs(blocks=[{"grid": grid, "exclude": [exclude]}])
    else:
        found = jobs(params=grid, exclude=[exclude])
    assert found == [(f"seed={s}", f"fusion={f}", f"width={w}") for s, f, w in FULL if (s, f, w) not in left_out]


def test_each_line_of_exclude_is_one_more_setting():
    exclude = [{"fusion": "a", "width": 8}, {"seed": 1}]
    found = jobs(params={"seed": "0,1", "fusion": "a,b", "width": "8,16"}, exclude=exclude)
    assert found == [
        ("seed=0", "fusion=a", "width=16"), ("seed=0", "fusion=b", "width=8"), ("seed=0", "fusion=b", "width=16"),
    ]  # fmt: skip


def test_a_block_excludes_for_itself_alone():
    blocks = [{"grid": {"fusion": "a,b"}, "exclude": [{"fusion": "a"}]}, {"grid": {"fusion": "a,c"}}]
    assert jobs(blocks=blocks) == [("fusion=b",), ("fusion=a",), ("fusion=c",)]


@pytest.mark.parametrize(
    ("swept", "excluded"),
    [
        ("1e-3,3e-4", "1e-3"),
        ("1e-3,3e-4", 0.001),
        ("0.0010,3e-4", "1e-3"),
        (["1e-3", 0.5], "0.001"),
        ("'a b',c", "a b"),
        ("[image, text],[text]", "[image,text]"),
        ("[image,text],[text]", [["image", "text"]]),
        ("True,false", True),
    ],
)
def test_a_value_is_excluded_however_it_is_written(swept, excluded):
    assert len(jobs(params={"key": swept}, exclude=[{"key": excluded}])) == 1
    assert len(jobs(params={"key": swept}, exclude=[{"key": "something else"}])) == 2


def test_what_the_command_line_sets_can_be_excluded():
    exclude = [{"width": 16, "fusion": "b"}]
    assert jobs("width=16", params={"fusion": "a,b"}, exclude=exclude) == [("fusion=a", "width=16")]
    assert len(jobs("width=17", params={"fusion": "a,b"}, exclude=exclude)) == 2


def test_an_exclusion_of_all_blocks_may_name_what_one_of_them_sweeps():
    blocks = [{"grid": {"fusion": "a,b"}}, {"grid": {"fusion": "a,c", "width": "8,16"}}]
    assert jobs(blocks=blocks, exclude=[{"fusion": "a", "width": 8}]) == [
        ("fusion=a",), ("fusion=b",), ("fusion=a", "width=16"), ("fusion=c", "width=8"), ("fusion=c", "width=16"),
    ]  # fmt: skip


def test_an_exclusion_of_what_is_not_swept_is_refused():
    with pytest.raises(
        ConfigError, match=r"exclude \(fuson\) must name a parameter of the sweep; did you mean 'fusion'"
    ):
        jobs(params={"fusion": "a,b", "seed": 1}, exclude=[{"fuson": "a"}])
    with pytest.raises(ConfigError, match=r"exclude \(width\) must name a parameter of the sweep"):
        jobs(blocks=[{"grid": {"seed": "1,2"}, "exclude": [{"width": 1}]}, {"grid": {"width": "1,2"}}])


def test_a_sweep_of_which_nothing_is_left_is_refused():
    with pytest.raises(ConfigError, match="must have at least one run; its exclude leaves none"):
        jobs(params={"seed": "0,1"}, exclude=[{"seed": [0, 1]}])


def test_a_block_with_an_unknown_part_is_refused():
    with pytest.raises(ConfigError, match=r"a block of hydra\.sweeper\.blocks \(gird\) must .*did you mean 'grid'"):
        jobs(blocks=[{"gird": {"seed": "1"}}])


def test_an_interval_has_no_values_to_list():
    with pytest.raises(ConfigError, match=r"lr=interval\(0,1\) must list its values in a grid; write lr=1,2,3"):
        jobs("lr=interval(0,1)")


def test_overrides_that_add_and_drop_are_kept_as_they_are():
    assert jobs("+note=1,2", "~scheduler", "++seed=3") == [
        (f"+note={note}", "~scheduler", "++seed=3") for note in (1, 2)
    ]


def test_the_parameters_of_each_block_are_those_of_every_block_and_its_own():
    sweeper = {"params": {"seed": "0,1"}, "blocks": [{"grid": {"a": 1}}, {"zip": {"b": 2}, "grid": {"seed": 3}}]}
    assert parameters(sweeper) == [{"seed": "0,1", "a": 1}, {"seed": 3, "b": 2}]
    assert parameters({}) == [{}]
