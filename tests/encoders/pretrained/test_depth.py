from __future__ import annotations

import pytest
import torch
from torch import nn

from fuselab.encoders.pretrained.depth import by_depth, longest, rates, still, thaw
from fuselab.errors import ConfigError


class Stack(nn.Module):
    """A stem, three layers with dropout, batch norm in the second, and a norm behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.short = nn.ModuleList([nn.Linear(1, 1)])
        self.stem = nn.Linear(4, 4)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4) if number == 1 else nn.Identity(), nn.Dropout(0.5))
            for number in range(3)
        )
        self.norm = nn.LayerNorm(4)


def names(module: nn.Module, parameters: list[nn.Parameter]) -> list[str]:
    known = {id(one): name for name, one in module.named_parameters()}
    return [known[id(one)] for one in parameters]


def depths(stack: Stack) -> list[list[nn.Parameter]]:
    return by_depth(stack, longest(stack))


def test_the_stack_with_the_most_parameters_holds_the_layers():
    stack = Stack()
    assert longest(stack) == list(stack.blocks)
    assert longest(nn.Linear(2, 2)) == []


def test_what_stands_before_is_layer_0_and_what_stands_behind_belongs_to_the_last():
    stack = Stack()
    found = [names(stack, one) for one in depths(stack)]
    assert found[0] == ["short.0.weight", "short.0.bias", "stem.weight", "stem.bias"]
    assert found[2] == ["blocks.1.0.weight", "blocks.1.0.bias", "blocks.1.1.weight", "blocks.1.1.bias"]
    assert found[3] == ["blocks.2.0.weight", "blocks.2.0.bias", "norm.weight", "norm.bias"]
    assert len(found) == 4


@pytest.mark.parametrize(("trained", "expected"), [(1, [3]), (2, [2, 3]), (3, [1, 2, 3]), ("all", [0, 1, 2, 3])])
def test_the_last_layers_are_trained_and_no_other(trained, expected):
    stack = Stack()
    groups = depths(stack)
    assert thaw(groups, trained) == expected
    for depth, parameters in enumerate(groups):
        assert all(one.requires_grad == (depth in expected) for one in parameters)


@pytest.mark.parametrize("trained", [4, -1])
def test_layers_that_are_not_there_are_refused(trained):
    with pytest.raises(
        ConfigError, match=rf"encoder\.\*\.trained \({trained}\) must be 0, .*\(at most 3 of this model\)"
    ):
        thaw(depths(Stack()), trained)


def test_the_rate_falls_from_the_last_layer_to_the_first():
    stack = Stack()
    groups = depths(stack)
    thaw(groups, "all")
    found = rates(groups, rate=0.1, decay=0.5)
    assert [factor for factor, _ in found] == pytest.approx([0.1 * 0.5**3, 0.1 * 0.5**2, 0.1 * 0.5, 0.1])
    assert [names(stack, parameters) for _, parameters in found] == [names(stack, one) for one in groups]
    thaw(groups, 2)
    found = rates(groups, rate=0.1, decay=0.5)
    assert [factor for factor, _ in found] == pytest.approx([0.05, 0.1])


def test_dropout_of_what_is_not_trained_is_off_and_batch_norm_everywhere():
    stack = Stack().train()
    still(stack, longest(stack), [2, 3])
    assert [block.training for block in stack.blocks] == [False, True, True]
    assert not stack.norm.training
    assert not stack.blocks[1][1].training
    before = stack.blocks[1][1].running_mean.clone()
    stack.blocks[1](torch.randn(8, 4) + 3)
    assert torch.equal(before, stack.blocks[1][1].running_mean)
    stack.train()
    still(stack, longest(stack), [0, 1, 2, 3])
    assert [block.training for block in stack.blocks] == [True, True, True]
    assert not stack.blocks[1][1].training
