from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.low_rank_tensor import LowRankTensor
from fuselab.types import Features

NAMES = ("text", "image", "audio")
RANK, WIDTH = 3, 4


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    """The paper's left side: the weights as a tensor, element by element, times the outer product of the features."""
    fusion = LowRankTensor(modalities=NAMES, dims=dims, dim=WIDTH, rank=RANK)
    fusion.bias_D.data = torch.randn(WIDTH)
    fused = fusion(features)
    columns = [
        [[*row, bias] for row, bias in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)]
        for layer in fusion.factor
    ]  # of modality m: rank r and output d in row r * WIDTH + d, the appended 1 last
    places = list(itertools.product(*(range(dims[name] + 1) for name in NAMES)))
    tensor = [
        [sum(math.prod(columns[m][r * WIDTH + d][place[m]] for m in range(3)) for r in range(RANK)) for place in places]
        for d in range(WIDTH)
    ]
    for row in range(6):
        extended = [[*slow.pooled(features[name], row), 1.0] for name in NAMES]
        outer = [math.prod(extended[m][place[m]] for m in range(3)) for place in places]
        expected = [
            sum(w * z for w, z in zip(weights, outer, strict=True)) + bias
            for weights, bias in zip(tensor, fusion.bias_D.tolist(), strict=True)
        ]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
    assert fused.weights is None


def test_refuses_no_rank(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.rank \(0\) must be at least 1"):
        LowRankTensor(modalities=NAMES, dims=dims, dim=4, rank=0)
