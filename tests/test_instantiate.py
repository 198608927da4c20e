from __future__ import annotations

from typing import Any

import pytest
import torch

from fuselab.encoders.image.cnn import Cnn
from fuselab.errors import ConfigError
from fuselab.heads.linear import Linear
from fuselab.instantiate import get_class, instantiate

LINEAR = {"_target_": "fuselab.heads.linear.Linear", "dim": 3, "outputs": 2}
CNN = {"_target_": "fuselab.encoders.image.cnn.Cnn", "channels": 1, "size": 8, "hidden": 2, "dim": 4}
MEAN = {"_target_": "fuselab.fusion.late.mean.Mean", "modalities": ["b", "a"], "space": "value"}


def kinds(value: Any) -> set[type]:
    """Return the kinds of all containers in a value."""
    if isinstance(value, dict):
        return {type(value)}.union(*map(kinds, value.values()))
    if isinstance(value, list):
        return {type(value)}.union(*map(kinds, value))
    return set()


def test_an_object_is_made_of_its_config():
    made = instantiate(LINEAR)
    assert type(made) is Linear
    assert made.layer.weight.shape == (2, 3)
    assert instantiate(MEAN).modalities == ("b", "a")


def test_what_is_given_wins_over_the_config():
    assert instantiate(LINEAR, outputs=5).layer.weight.shape == (5, 3)
    assert LINEAR["outputs"] == 2


def test_arguments_are_plain_lists_and_dicts():
    nested = {"_target_": "fuselab.errors.nearest", "name": "x", "known": {"a": [{"b": 1}]}}
    assert instantiate(nested) == "choose one of: a"
    made = instantiate(
        {"_target_": "torch.utils.data.StackDataset", "one": [[1], [2]], "two": [{"a": [1]}, {"a": [2]}]}
    )
    assert kinds(made.datasets) == {dict, list}


def test_a_given_object_is_passed_on_itself():
    parameters = [torch.nn.Parameter(torch.zeros(1))]
    optimizer = instantiate({"_target_": "torch.optim.SGD", "lr": 0.1}, params=parameters)
    assert optimizer.param_groups[0]["params"][0] is parameters[0]


def test_what_an_object_says_of_its_arguments_is_passed_on_as_it_is():
    with pytest.raises(ConfigError, match=r"encoder\.image\.size \(7\) must be a multiple of 4") as refused:
        instantiate(CNN | {"size": 7})
    assert "target" not in str(refused.value)
    assert type(instantiate(CNN)) is Cnn


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"_target_": "fuselab.heads.linear.Liner"}, r"\(fuselab\.heads\.linear\.Liner\) must exist"),
        ({"_target_": "fuselab.nowhere.Linear"}, r"\(fuselab\.nowhere\.Linear\) must exist"),
        (LINEAR | {"width": 1}, "unexpected keyword argument 'width'"),
        ({"_target_": "fuselab.heads.linear.Linear"}, "missing 2 required keyword-only arguments"),
    ],
)
def test_a_target_that_can_not_be_made_is_told_in_words(config, words):
    with pytest.raises(ConfigError, match=words) as refused:
        instantiate(config)
    assert "compare its file in conf" in str(refused.value)


def test_a_class_is_found_by_its_name():
    assert get_class(LINEAR) is Linear


@pytest.mark.parametrize("target", ["fuselab.heads.linear.Liner", "nowhere.Thing", "fuselab.errors.nearest", None])
def test_a_class_that_is_none_is_told_in_words(target):
    with pytest.raises(ConfigError, match=rf"the target \({target}\) must be a class that can be imported; install"):
        get_class({"_target_": target} if target else {})


def test_what_a_class_needs_and_lacks_is_named(tmp_path, monkeypatch):
    (tmp_path / "needy.py").write_text("import what_nobody_has\nclass Thing: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"install its package \(No module named 'what_nobody_has'\)"):
        get_class({"_target_": "needy.Thing"})
