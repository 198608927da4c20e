from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.edge_graph import EdgeGraph
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 4, "layers": 2, "dropout": 0.5}


def correlation(one: list[float], other: list[float]) -> float:
    centred = [[x - sum(numbers) / len(numbers) for x in numbers] for numbers in (one, other)]
    dots = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in centred] for a in centred]
    return dots[0][1] / math.sqrt(dots[0][0] * dots[1][1])


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
    fusion = wake(EdgeGraph(modalities=names, dims=dims, **(SIZES | {"layers": layers})))
    fused = fusion(features)
    for row in range(6):
        here = [m for m, name in enumerate(names) if features[name].present[row]]
        nodes = [slow.linear(fusion.project[m], slow.pooled(features[names[m]], row)) for m in here]
        edges = [
            [1.0 if i == j else abs(correlation(one, other)) for j, other in enumerate(nodes)]
            for i, one in enumerate(nodes)
        ]
        degrees = [sum(line) for line in edges]
        edges = [
            [edge / math.sqrt(degrees[i] * degrees[j]) for j, edge in enumerate(line)] for i, line in enumerate(edges)
        ]
        for number, layer in enumerate(fusion.layers, start=1):
            mapped = [slow.linear(layer, node) for node in nodes]
            nodes = [
                [sum(edge * node[d] for edge, node in zip(line, mapped, strict=True)) for d in range(4)]
                for line in edges
            ]
            if number < layers:
                nodes = [[max(x, 0.0) for x in node] for node in nodes]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(slow.mean(nodes, 4)))
        weights = [0.0] * len(names)
        for number, m in enumerate(here):
            weights[m] = sum(line[number] for line in edges) / sum(edge for line in edges for edge in line)
        torch.testing.assert_close(fused.weights[row], torch.tensor(weights))


def test_nodes_without_variance_have_no_edge_and_finite_gradients(dims: dict[str, int]) -> None:
    fusion = EdgeGraph(modalities=NAMES[:2], dims=dims, **SIZES).eval()
    for project in fusion.project:
        torch.nn.init.ones_(project.weight)
        torch.nn.init.zeros_(project.bias)
    everyone = torch.ones(3).bool()
    leaves = [torch.randn(3, 1, dims[name], requires_grad=True) for name in NAMES[:2]]
    mask = torch.ones(3, 1).bool()
    fused = fusion({name: Features(leaf, mask, everyone) for name, leaf in zip(NAMES[:2], leaves, strict=True)})
    torch.testing.assert_close(fused.weights, torch.full((3, 2), 0.5))
    fused.embedding.sum().backward()
    assert all(leaf.grad.isfinite().all() for leaf in leaves)


def test_edges_keep_their_precision_under_autocast(dims: dict[str, int]) -> None:
    fusion = EdgeGraph(modalities=NAMES, dims=dims, **SIZES).float().eval()
    features = {
        name: Features(torch.randn(4, 1, dims[name]), torch.ones(4, 1).bool(), torch.ones(4).bool()) for name in NAMES
    }
    features = {name: one._replace(tokens=one.tokens.float()) for name, one in features.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        weights = fusion(features).weights
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(1), torch.ones(4, dtype=torch.float32))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 0}, r"fusion.layers \(0\) must be at least 1"),
        ({"dropout": 1.0}, r"fusion.dropout \(1.0\) must be at least 0 and below 1"),
    ],
)
def test_refuses_sizes_that_make_no_network(wrong: dict[str, float], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        EdgeGraph(modalities=NAMES, dims=dims, **(SIZES | wrong))
