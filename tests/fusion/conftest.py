"""Samples, and the parts of every equation written as loops over one sample, that the tests of all fusions share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from fuselab.types import Features

DIMS = {"image": 6, "audio": 3, "text": 5}
TOKENS = {"image": 4, "audio": 2, "text": 3}
PRESENT = {
    "image": [True, False, True, True, False, False],
    "audio": [True, False, True, False, True, False],
    "text": [True, False, False, True, True, True],
}
Vector = list[float]
Tokens = list[Vector]


@pytest.fixture(autouse=True)
def _one_thread_in_float64() -> Iterator[None]:
    """Compare with loops to ten digits; tensors are tiny, so threads only wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


@pytest.fixture
def dims() -> dict[str, int]:
    return DIMS


@pytest.fixture
def present() -> dict[str, Tensor]:
    """Six samples: the first has everything, the second nothing, others lack something."""
    return {name: torch.tensor(one) for name, one in PRESENT.items()}


@pytest.fixture
def features(present: dict[str, Tensor]) -> dict[str, Features]:
    """The same six samples as tokens; what is missing or padding holds numbers as loud as the others."""
    drawn = {}
    for name, width in DIMS.items():
        mask = torch.rand(6, TOKENS[name]) < 0.6
        mask[:, 1] = True
        drawn[name] = Features(2 * torch.randn(6, TOKENS[name], width), mask, present[name])
    return drawn


@pytest.fixture
def outputs() -> dict[str, Tensor]:
    """The same six samples as outputs of single modalities."""
    return {name: 2 * torch.randn(6, 4) for name in DIMS}


def rows(one: Features, row: int) -> Tokens:
    """Return the tokens of one sample that mean something."""
    return one.tokens[row][one.mask[row] & one.present[row]].tolist()


def add(one: Tokens, other: Tokens) -> Tokens:
    return [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(one, other, strict=True)]


def mean(tokens: Tokens, width: int) -> Vector:
    return [sum(token[d] for token in tokens) / max(len(tokens), 1) for d in range(width)]


def pooled(one: Features, row: int) -> Vector:
    return mean(rows(one, row), one.tokens.shape[-1])


def softmax(scores: Sequence[float]) -> Vector:
    exponentials = [math.exp(score) for score in scores]
    return [one / sum(exponentials) for one in exponentials]


def linear(layer: nn.Linear, vector: Vector) -> Vector:
    bias = [0.0] * layer.out_features if layer.bias is None else layer.bias.tolist()
    dots = [sum(w * x for w, x in zip(row, vector, strict=True)) for row in layer.weight.tolist()]
    return [dot + b for dot, b in zip(dots, bias, strict=True)]


def norm(layer: nn.LayerNorm, token: Vector) -> Vector:
    centre = sum(token) / len(token)
    scale = math.sqrt(sum((x - centre) ** 2 for x in token) / len(token) + layer.eps)
    affine = zip(token, layer.weight.tolist(), layer.bias.tolist(), strict=True)
    return [(x - centre) / scale * weight + bias for x, weight, bias in affine]


def attend(queries: Tokens, keys: Tokens, values: Tokens, heads: int) -> Tokens:
    """Let queries attend to the keys there are; zeros where there is none."""
    mixed = [[0.0] * len(query) for query in queries]
    for number, query in enumerate(queries):
        size = len(query) // heads
        for start in range(0, len(query), size):
            part = range(start, start + size)
            shares = softmax([sum(query[d] * key[d] for d in part) / math.sqrt(size) for key in keys])
            for d in part:
                mixed[number][d] = sum((share * value[d] for share, value in zip(shares, values, strict=True)), 0.0)
    return mixed


def feed_forward(network: nn.Sequential, token: Vector) -> Vector:
    first, into, _, out = network
    hidden = linear(into, norm(first, token))
    return linear(out, [x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in hidden])


def transformer_layer(layer: nn.Module, targets: Tokens, sources: Tokens, heads: int) -> Tokens:
    """Let targets read sources, then think about it; norms first, residuals around both."""
    asking, answering = ([norm(layer.norm, token) for token in tokens] for tokens in (targets, sources))
    queries = [linear(layer.query, token) for token in asking]
    keys, values = ([linear(part, token) for token in answering] for part in (layer.key, layer.value))
    read = attend(queries, keys, values, heads)
    targets = add(targets, [linear(layer.mix, token) for token in read])
    return add(targets, [feed_forward(layer.feed_forward, token) for token in targets])


@pytest.fixture
def slow() -> SimpleNamespace:
    """What the equations are made of, as loops that share nothing with the code under test."""
    parts = (rows, add, mean, pooled, softmax, linear, norm, attend, feed_forward, transformer_layer)
    return SimpleNamespace(**{part.__name__: part for part in parts})


@pytest.fixture
def wake() -> Callable[[nn.Module], nn.Module]:
    """Give every parameter a value of its own, so that a norm or an embedding left out shows."""

    def move(module: nn.Module) -> nn.Module:
        for parameter in module.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
        return module.eval()

    return move
