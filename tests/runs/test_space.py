from __future__ import annotations

import pytest

from fuselab.errors import ConfigError
from fuselab.runs.fair import Settings
from fuselab.runs.lines import parse
from fuselab.runs.space import Choices, Range, as_line, dimension
from fuselab.runs.study import suggest


def read(said: object, key: str = "x") -> Choices | Range:
    return dimension(key, said, lambda line: parse([line])[0])


@pytest.mark.parametrize(
    ("said", "low", "high", "log", "step"),
    [
        ("interval(1,8)", 1.0, 8.0, False, None),
        ("int(interval(1,8))", 1, 8, False, None),
        ("tag(log,interval(1e-4,1e-2))", 1e-4, 1e-2, True, None),
        ("int(tag(log,interval(8,64)))", 8, 64, True, None),
        ("range(1,9,2)", 1, 7, False, 2),  # the end of Hydra's range is no value of it
        ("range(9,1,-2)", 3, 9, False, 2),
        ({"low": 1, "high": 8}, 1, 8, False, None),
        ({"low": 1, "high": 8.5}, 1.0, 8.5, False, None),
        ({"low": 0.0, "high": 0.5, "step": 0.1}, 0.0, 0.5, False, 0.1),
        ({"low": 1, "high": 64, "log": True}, 1, 64, True, None),
    ],
)
def test_ranges(said, low, high, log, step):
    found = read(said)
    assert found == Range(key="x", low=low, high=high, log=log, step=step)
    assert isinstance(found, Range)
    assert (type(found.low), type(found.high)) == (type(low), type(high))


@pytest.mark.parametrize("said", ["16,'a b',null,true", [16, "a b", None, True]])
def test_choices(said):
    found = read(said)
    assert isinstance(found, Choices)
    assert found.values == (16, "a b", None, True)
    # What is drawn is written as it was, and read as it is meant.
    lines = [found.line(text) for text in found.texts]
    assert [parse([line])[0].value() for line in lines] == [16, "a b", None, True]
    assert [found.value(text) for text in found.texts] == [16, "a b", None, True]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("3", "must leave a choice; write x=1,2"),
        ("choice(3)", "must leave a choice"),
        ("3,3", "must leave a choice"),
        ("range(1,2)", "must leave a choice"),
        ("interval(2,1)", r"\(2.0 to 1.0\) must go up"),
        ("tag(log,interval(0,1))", "must be above 0 for log"),
        ({"low": 1, "hihg": 2}, r"\(hihg\) must be low, high, log, step; did you mean 'high'"),
        ({"low": 1}, "must have numbers for low and high"),
        ({"low": True, "high": 2}, "must have numbers"),
        ({"low": "1e-4", "high": 1e-2}, "must have numbers"),
        ({"low": 1, "high": 4, "step": 2}, "must be whole steps of 2"),
        ({"low": 1, "high": 4, "step": 0}, "must be whole steps of 0"),
        ({"low": 1, "high": 3, "step": 1, "log": True}, "without log"),
    ],
)
def test_what_can_not_be_drawn_from(said, message):
    with pytest.raises(ConfigError, match=message):
        read(said)


@pytest.mark.parametrize(
    "said", ["interval(1,8)", "16,32", [16, 32], {"low": 1, "high": 8}, {"low": 1e-7, "high": 0.5}]
)
def test_a_sweep_files_words_are_checked_as_an_override(said):
    override = parse([as_line("x", said)])[0]
    assert override.key_or_group == "x"
    assert override.is_sweep_override()
    if isinstance(said, dict):
        assert (override._value.start, override._value.end) == (said["low"], said["high"])
        assert type(override._value.end) is type(said["high"])


def test_what_is_drawn_is_within_and_of_its_kind():
    space = {
        "lr": Range(key="lr", low=1e-4, high=1e-2, log=True),
        "layers": Range(key="layers", low=1, high=4),
        "decay": Range(key="decay", low=0.0, high=0.5, step=0.25),
        "width": Choices(key="width", texts=("16", "32"), values=(16, 32)),
    }
    seen: dict[str, set[object]] = {key: set() for key in space}
    for seed in range(40):
        settings = Settings(trials=1, batch=1, sampler="random", sampler_seed=seed, trial_seed=0)
        for key, value in suggest([], space=space, settings=settings, maximize=True).items():
            seen[key].add(value)
    assert all(isinstance(one, float) and 1e-4 <= one <= 1e-2 for one in seen["lr"])
    below = sum(one < 1e-3 for one in seen["lr"])  # type: ignore[operator]
    assert 10 < below < 30  # half of the orders of magnitude, not a tenth of the interval
    assert seen["layers"] == {1, 2, 3, 4}
    assert {type(one) for one in seen["layers"]} == {int}
    assert seen["decay"] == {0.0, 0.25, 0.5}
    assert seen["width"] == {"16", "32"}
