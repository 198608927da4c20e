from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from fuselab.errors import ConfigError
from fuselab.fusion.early.concat_sequence import ConcatSequence
from fuselab.types import Features

from .conftest import Hold

NAMES = ("text", "image", "audio")
WIDTH = 3
Vector = list[float]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def steps_of(features: dict[str, Features], row: int) -> list[Vector]:
    """Return the modalities side by side, step by step, without the steps that none of them has."""
    steps = []
    for t in range(max(one.tokens.shape[1] for one in features.values())):
        step, anybody = [], False
        for name in NAMES:
            one = features[name]
            real = t < one.tokens.shape[1] and bool(one.mask[row, t]) and bool(one.present[row])
            step += one.tokens[row, t].tolist() if real else [0.0] * one.tokens.shape[-1]
            anybody = anybody or real
        if anybody:
            steps.append(step)
    return steps


def lstm(fusion: ConcatSequence, steps: list[Vector], slow: SimpleNamespace) -> Vector:
    state, memory = [0.0] * WIDTH, [0.0] * WIDTH
    for step in steps:
        asked, said = slow.linear(fusion.input, step), slow.linear(fusion.recurrent, state)
        total = [x + h for x, h in zip(asked, said, strict=True)]
        for d in range(WIDTH):
            take, keep, new, show = (total[gate * WIDTH + d] for gate in range(4))
            memory[d] = sigmoid(keep) * memory[d] + sigmoid(take) * math.tanh(new)
            state[d] = sigmoid(show) * math.tanh(memory[d])
    return state


def gru(fusion: ConcatSequence, steps: list[Vector], slow: SimpleNamespace) -> Vector:
    state = [0.0] * WIDTH
    for step in steps:
        asked, said = slow.linear(fusion.input, step), slow.linear(fusion.recurrent, state)
        for d in range(WIDTH):
            reset, keep = (sigmoid(asked[gate * WIDTH + d] + said[gate * WIDTH + d]) for gate in range(2))
            new = math.tanh(asked[2 * WIDTH + d] + reset * said[2 * WIDTH + d])
            state[d] = keep * state[d] + (1 - keep) * new
    return state


@pytest.mark.parametrize("cell", [lstm, gru], ids=lambda cell: cell.__name__)
def test_equals_its_equation(
    cell: object, features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace
) -> None:
    fusion = ConcatSequence(modalities=NAMES, dims=dims, dim=WIDTH, cell=cell.__name__)
    fused = fusion(features)
    for row in range(6):
        expected = cell(fusion, steps_of(features, row), slow)
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
    assert fused.weights is None


def test_is_the_lstm_of_pytorch(dims: dict[str, int]) -> None:
    fusion = ConcatSequence(modalities=["image"], dims=dims, dim=WIDTH, cell="lstm")
    usual = nn.LSTM(dims["image"], WIDTH, batch_first=True)
    usual.weight_ih_l0.data = fusion.input.weight.data
    usual.weight_hh_l0.data = fusion.recurrent.weight.data
    usual.bias_ih_l0.data = fusion.input.bias.data
    usual.bias_hh_l0.data.zero_()
    tokens = torch.randn(2, 5, dims["image"])
    image = Features(tokens, torch.ones(2, 5, dtype=torch.bool), torch.ones(2, dtype=torch.bool))
    torch.testing.assert_close(fusion({"image": image}).embedding, usual(tokens)[0][:, -1])


def test_padding_before_or_between_is_no_step(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = ConcatSequence(modalities=["image"], dims=dims, dim=WIDTH, cell="lstm")
    tokens = torch.randn(1, 3, dims["image"])
    everywhere, here = torch.ones(1, 3, dtype=torch.bool), torch.tensor([True])
    expected = fusion({"image": Features(tokens, everywhere, here)}).embedding
    for places in ([2, 3, 4], [0, 2, 4], [1, 2, 5]):
        spread, mask = torch.full((1, 6, dims["image"]), 9.0), torch.zeros(1, 6, dtype=torch.bool)
        spread[:, places], mask[:, places] = tokens, True
        torch.testing.assert_close(fusion({"image": Features(spread, mask, here)}).embedding, expected)


def test_gru_keeps_the_contract(hold_to_the_contract: Hold) -> None:
    hold_to_the_contract(ConcatSequence, cell="gru")


def test_refuses_an_unknown_cell(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.cell \(rnn\) must be one of: lstm, gru"):
        ConcatSequence(modalities=NAMES, dims=dims, dim=4, cell="rnn")
