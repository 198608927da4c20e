from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.coattention import CoAttention
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 4, "hidden": 3, "dropout": 0.5}


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], NAMES[:1]])
def test_equals_its_equation(
    names: tuple[str, ...], features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(CoAttention(modalities=names, dims=dims, **SIZES))
    matrices = dict(zip(((0, 1), (0, 2), (1, 2)), (one.tolist() for one in fusion.similarity), strict=False))
    embedding = fusion(features).embedding
    for row in range(6):
        tokens = [
            [slow.linear(project, token) for token in slow.rows(features[name], row)]
            for project, name in zip(fusion.project, names, strict=True)
        ]

        def similarity(i: int, j: int, own: list[float], other: list[float]) -> float:
            if i > j:
                i, j, own, other = j, i, other, own
            return math.tanh(sum(own[a] * matrices[i, j][a][b] * other[b] for a in range(4) for b in range(4)))

        total = [0.0] * 4
        for i, own in enumerate(tokens):
            scores = []
            for token in own:
                guided = slow.linear(fusion.map[i], token)
                for j, others in enumerate(tokens):
                    for other in others if i != j else []:
                        said = slow.linear(fusion.map[j], other)
                        alike = similarity(i, j, token, other)
                        guided = [so_far + alike * x for so_far, x in zip(guided, said, strict=True)]
                scores += slow.linear(fusion.score[i], [math.tanh(x) for x in guided])
            for share, token in zip(slow.softmax(scores), own, strict=True):
                total = [so_far + share * x for so_far, x in zip(total, token, strict=True)]
        expected = [math.tanh(x) for x in slow.linear(fusion.output, total)]
        torch.testing.assert_close(embedding[row], torch.tensor(expected))


def test_similarities_start_where_tanh_has_a_slope() -> None:
    fusion = CoAttention(modalities=NAMES[:2], dims={"text": 64, "image": 64}, dim=64, hidden=8, dropout=0.0)
    products = torch.randn(200, 64) @ fusion.similarity[0] @ torch.randn(64, 200)
    assert 0.5 < products.std() < 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hidden": 0}, r"fusion.hidden \(0\) must be at least 1"),
        ({"dropout": 1.0}, r"fusion.dropout \(1.0\) must be at least 0 and below 1"),
    ],
)
def test_refuses_sizes_that_make_no_network(wrong: dict[str, float], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        CoAttention(modalities=NAMES, dims=dims, **(SIZES | wrong))
