from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.graph import GraphAttention, GraphLayer
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 4, "layers": 2, "heads": 2, "slope": 0.2, "dropout": 0.5}


def gather(layer: GraphLayer, nodes: list[list[float]], slow: SimpleNamespace) -> tuple[list, list]:
    """Return the message that each node gathers with each head, and the share of each sender in it."""
    heads, size = layer.send_HK.shape
    attention = torch.cat([layer.receive_HK, layer.send_HK], dim=1).tolist()
    messages, shares = [], []
    mapped = [slow.linear(layer.map, node) for node in nodes]
    for own in mapped:
        messages.append([])
        shares.append([])
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = []
            for other in mapped:
                pair = own[part] + other[part]
                score = sum(a * x for a, x in zip(attention[head], pair, strict=True))
                scores.append(score if score > 0 else 0.2 * score)
            shares[-1].append(slow.softmax(scores))
            messages[-1].append(
                [
                    sum(share * other[part][k] for share, other in zip(shares[-1][-1], mapped, strict=True))
                    for k in range(size)
                ]
            )
    return messages, shares


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("names", [NAMES, NAMES[:1]])
def test_equals_its_equation(
    layers: int,
    names: tuple[str, ...],
    features: dict[str, Features],
    dims: dict[str, int],
    wake: Callable,
    slow: SimpleNamespace,
) -> None:
    fusion = wake(GraphAttention(modalities=names, dims=dims, **(SIZES | {"layers": layers})))
    fused = fusion(features)
    for row in range(6):
        here = [m for m, name in enumerate(names) if features[name].present[row]]
        nodes = [slow.linear(fusion.project[m], slow.pooled(features[names[m]], row)) for m in here]
        for layer in fusion.layers[:-1]:
            messages, _ = gather(layer, nodes, slow)
            nodes = [[x if x > 0 else math.exp(x) - 1 for head in one for x in head] for one in messages]
        messages, shares = gather(fusion.layers[-1], nodes, slow)
        nodes = [[sum(numbers) / 2 for numbers in zip(*one, strict=True)] for one in messages]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(slow.mean(nodes, 4)))
        weights = [0.0] * len(names)
        for number, m in enumerate(here):
            received = [head[number] for one in shares for head in one]
            weights[m] = sum(received) / len(received)
        torch.testing.assert_close(fused.weights[row], torch.tensor(weights))


def test_layer_gives_shares(wake: Callable) -> None:
    layer = wake(GraphLayer(dim=4, heads=2, size=3, slope=0.2))
    present = torch.tensor([[True, True, False], [False, True, False], [False, False, False]])
    messages, shares = layer(torch.randn(3, 3, 4), present)
    assert torch.equal((shares > 0).all((1, 3)), present)
    torch.testing.assert_close(shares.sum(2)[:2], torch.ones(2, 3, 2))
    assert messages[2].abs().sum() == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 0}, r"fusion.layers \(0\) must be at least 1"),
        ({"heads": 3}, r"fusion.heads \(3\) must divide fusion.dim \(4\)"),
    ],
)
def test_refuses_sizes_that_make_no_network(wrong: dict[str, int], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        GraphAttention(modalities=NAMES, dims=dims, **(SIZES | wrong))
