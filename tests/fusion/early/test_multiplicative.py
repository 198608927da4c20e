from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.multiplicative import Multiplicative
from fuselab.types import Features

from .conftest import Hold

NAMES = ("text", "image", "audio")
PAIRS = ((0, 1), (0, 2), (1, 2))
RANK, WIDTH = 2, 4


def matrix(fusion: Multiplicative, x: list[list[float]], d: int) -> float:
    """Sum over pairs of the later one, times the matrix of output d, times the earlier one."""
    weights = fusion.interact[0].weight.view(WIDTH, len(PAIRS), RANK, RANK).tolist()[d]
    return sum(
        x[j][a] * weights[pair][a][b] * x[i][b]
        for pair, (i, j) in enumerate(PAIRS)
        for a in range(RANK)
        for b in range(RANK)
    )


def vector(fusion: Multiplicative, x: list[list[float]], d: int) -> float:
    """Sum over pairs of the earlier one's feature d, scaled by a number for d made of the later one."""
    total = 0.0
    for i, j in PAIRS:
        made_of_later = fusion.interact[j - 1].weight.view(j, WIDTH, WIDTH).tolist()[i][d]
        total += sum(w * a for w, a in zip(made_of_later, x[j], strict=True)) * x[i][d]
    return total


def scalar(fusion: Multiplicative, x: list[list[float]], d: int) -> float:
    """Sum over pairs of the earlier one's feature d, scaled by one number made of the later one."""
    total = 0.0
    for i, j in PAIRS:
        made_of_later = fusion.interact[j - 1].weight.view(j, WIDTH).tolist()[i]
        total += sum(w * a for w, a in zip(made_of_later, x[j], strict=True)) * x[i][d]
    return total


@pytest.mark.parametrize("form", [matrix, vector, scalar], ids=lambda form: form.__name__)
def test_equals_its_equation(
    form: object, features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace
) -> None:
    fusion = Multiplicative(modalities=NAMES, dims=dims, dim=WIDTH, form=form.__name__, rank=RANK)
    fused = fusion(features)
    for row in range(6):
        pooled = [slow.pooled(features[name], row) for name in NAMES]
        x = [slow.linear(layer, one) for layer, one in zip(fusion.project, pooled, strict=True)]
        alone = slow.linear(fusion.linear, [value for one in pooled for value in one])
        expected = [alone[d] + form(fusion, x, d) for d in range(WIDTH)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
    assert fused.weights is None


@pytest.mark.parametrize("form", ["matrix", "vector", "scalar"])
def test_a_missing_modality_leaves_what_the_others_say(
    form: str, features: dict[str, Features], dims: dict[str, int]
) -> None:
    fusion = Multiplicative(modalities=["text", "image"], dims=dims, dim=WIDTH, form=form, rank=RANK)
    weight, bias = fusion.linear.weight[:, : dims["text"]], fusion.linear.bias
    alone = features["text"].pooled() @ weight.T + bias
    torch.testing.assert_close(fusion(features).embedding[4], alone[4])


@pytest.mark.parametrize("form", ["vector", "scalar"])
def test_the_cheaper_forms_keep_the_contract(form: str, hold_to_the_contract: Hold) -> None:
    hold_to_the_contract(Multiplicative, form=form, rank=RANK)


def test_refuses_what_it_does_not_know(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.form \(diagonal\) must be one of: matrix, vector, scalar"):
        Multiplicative(modalities=NAMES, dims=dims, dim=4, form="diagonal", rank=2)
    with pytest.raises(ConfigError, match=r"fusion.rank \(0\) must be at least 1"):
        Multiplicative(modalities=NAMES, dims=dims, dim=4, form="matrix", rank=0)
