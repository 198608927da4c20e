from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fuselab.runs.compose import composer, resolved
from fuselab.runs.identity import NEUTRAL, identity, run_folder


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        return resolved(hydra.compose([]))


def leaves(config: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in config.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def changed(config: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    other = copy.deepcopy(config)
    inner = other
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "something else"
    return other


def test_every_value_counts_but_those_that_cannot_change_the_result(shipped):
    paths = list(leaves(shipped))
    assert len(paths) > 80
    assert {path[0] for path in paths} | {"hydra"} >= NEUTRAL
    for path in paths:
        assert (identity(changed(shipped, path)) == identity(shipped)) == (path[0] in NEUTRAL), path
    counted = [path for path in paths if path[0] not in NEUTRAL]
    assert len({identity(changed(shipped, path)) for path in counted}) == len(counted)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dry_run", True),
        ("excerpt", 0),
        ("feature_cache", False),
        ("logger", {"_target_": "other"}),
        ("name", "other"),
        ("output_dir", "/elsewhere"),
        ("progress", False),
        ("rerun", "all"),
        ("retries", 3),
        ("retry_delay", 0.5),
        ("threads", 7),
        ("trusted", ["mine"]),
    ],
)
def test_how_a_run_is_launched_watched_and_stored_counts_for_nothing(key, value, shipped):
    assert shipped[key] != value
    assert identity(shipped | {key: value}) == identity(shipped)


@pytest.mark.parametrize(("key", "value"), [("test", False), ("seed", 1), ("width", 65), ("scheduler", None)])
def test_what_can_change_the_result_counts(key, value, shipped):
    assert identity(shipped | {key: value}) != identity(shipped)


def test_what_hydra_adds_counts_for_nothing(shipped):
    assert identity(shipped | {"hydra": {"job": 1}}) == identity(shipped)


def test_a_new_key_counts(shipped):
    assert identity(shipped | {"note": "again"}) != identity(shipped)


def test_the_order_of_keys_counts_for_nothing(shipped):
    turned = {key: shipped[key] for key in reversed(shipped)}
    turned["data"] = {key: shipped["data"][key] for key in reversed(shipped["data"])}
    assert list(turned) != list(shipped)
    assert identity(turned) == identity(shipped)


def test_the_order_of_a_list_counts(shipped):
    fusion = shipped["fusion"] | {"modalities": shipped["fusion"]["modalities"][::-1]}
    assert identity(shipped | {"fusion": fusion}) != identity(shipped)


FLIP, NOISE = {"_target_": "fuselab.Flip", "probability": 0.5}, {"_target_": "fuselab.Noise"}


@pytest.mark.parametrize("empty", [{}, {"image": {}}, {"image": None}, {"image": {"flip": None}}])
def test_no_steps_count_for_nothing(empty, shipped):
    without = {key: value for key, value in shipped.items() if key != "transform"}
    assert identity(shipped | {"transform": empty}) == identity(shipped) == identity(without)


def test_steps_count_and_so_does_their_order(shipped):
    chosen = [
        {"image": {"flip": FLIP}},
        {"image": {"flip": FLIP | {"probability": 0.1}}},
        {"image": {"turn": FLIP}},
        {"audio": {"flip": FLIP}},
        {"image": {"flip": FLIP, "noise": NOISE}},
        {"image": {"noise": NOISE, "flip": FLIP}},
        {},
    ]
    assert len({identity(shipped | {"transform": one}) for one in chosen}) == len(chosen)
    both = {"image": {"flip": FLIP}, "audio": {"noise": NOISE}}
    turned = {"audio": {"noise": NOISE, "flip": None}, "image": {"flip": dict(reversed(FLIP.items()))}}
    assert identity(shipped | {"transform": both}) == identity(shipped | {"transform": turned})


def test_an_identity_is_the_same_on_every_machine():
    config = {"seed": 1, "width": 0.5, "data": {"b": [1, None], "a": True}, "name": "x"}
    assert identity(config) == "c68175fcc02501e5"


def test_a_run_has_a_folder_of_its_own(shipped):
    config = shipped | {"method": "late/mean", "seed": 3, "name": "sweep", "output_dir": "out"}
    assert run_folder(config).path == Path("out") / "sweep" / f"late-mean-s3-{identity(config)[:8]}"
    assert run_folder(config | {"threads": 7}) == run_folder(config)
    assert run_folder(config | {"width": 7}) != run_folder(config)
