from __future__ import annotations

import math

import pytest
import torch

from fuselab.fusion.late.uncertainty import Uncertainty

NAMES = ("text", "image", "audio")


@pytest.fixture
def pooled(features):
    """What the model gives: of missing modalities as loud numbers as of others."""
    return {name: torch.where(one.present[:, None], one.pooled(), one.tokens.mean(1)) for name, one in features.items()}


def by_hand(fusion, outputs, features, present, row, slow):
    """Return precisions and the precision-weighted mean of one sample."""
    precision, mean = {}, [0.0] * 4
    for layer, name in zip(fusion.log_precision, NAMES, strict=True):
        if present[name][row]:
            precision[name] = math.exp(slow.linear(layer, slow.pooled(features[name], row))[0])
    for name, one in precision.items():
        for c in range(4):
            mean[c] += one * outputs[name][row, c].item() / sum(precision.values())
    return precision, mean


def test_probabilities_equal_their_equation(outputs, features, pooled, present, dims, slow, wake) -> None:
    fusion = wake(Uncertainty(modalities=NAMES, dims=dims, space="probability"))
    decision = fusion(outputs, present, pooled)
    for row in range(6):
        precision, mean = by_hand(fusion, outputs, features, present, row, slow)
        total = sum(precision.values())
        scale = math.sqrt(1 + math.pi / 8 / total) if precision else 1.0
        expected = [math.log(one) for one in slow.softmax([x / scale for x in mean])]
        torch.testing.assert_close(decision.output[row], torch.tensor(expected))
        shares = [precision.get(name, 0.0) / (total or 1.0) for name in NAMES]
        torch.testing.assert_close(decision.weights[row], torch.tensor(shares))


def test_values_equal_their_equation(outputs, features, pooled, present, dims, slow, wake) -> None:
    fusion = wake(Uncertainty(modalities=NAMES, dims=dims, space="value"))
    decision = fusion(outputs, present, pooled)
    for row in range(6):
        _, mean = by_hand(fusion, outputs, features, present, row, slow)
        torch.testing.assert_close(decision.output[row], torch.tensor(mean))


def test_starts_from_equal_precisions_and_learns(outputs, pooled, present, dims) -> None:
    fusion = Uncertainty(modalities=NAMES, dims=dims, space="probability")
    decision = fusion(outputs, present, pooled)
    assert decision.weights[0].tolist() == pytest.approx([1 / 3] * 3)
    decision.output[:, 0].sum().backward()
    assert all(layer.weight.grad.abs().max() > 0 for layer in fusion.log_precision)


def test_who_agrees_makes_it_surer_and_who_is_unsure_does_not(dims) -> None:
    fusion = Uncertainty(modalities=NAMES, dims=dims, space="probability")
    logits = dict.fromkeys(NAMES, torch.tensor([[2.0, 0.0]]))
    pooled = {name: torch.zeros(1, width) for name, width in dims.items()}
    everywhere = dict.fromkeys(NAMES, torch.tensor([True]))
    one = everywhere | {"image": torch.tensor([False]), "audio": torch.tensor([False])}
    alone, agreed = (fusion(logits, here, pooled).output.exp()[0, 0] for here in (one, everywhere))
    assert agreed > alone + 0.01
    for layer in fusion.log_precision:
        layer.bias.data.fill_(-60.0)
    torch.testing.assert_close(fusion(logits, everywhere, pooled).output.exp(), torch.full((1, 2), 0.5))


@pytest.mark.parametrize("size", [-1e4, -200.0, 1e4])
def test_extreme_precisions_stay_finite(size, dims) -> None:
    fusion = Uncertainty(modalities=NAMES, dims=dims, space="probability").float()
    pooled = {name: torch.zeros(1, width).float() for name, width in dims.items()}
    logits = {name: torch.tensor([[2.0, 0.0]]).float().requires_grad_() for name in NAMES}
    for layer in fusion.log_precision:
        layer.bias.data.fill_(size)
    output = fusion(logits, dict.fromkeys(NAMES, torch.tensor([True])), pooled).output
    output[0, 0].backward()
    assert output.isfinite().all()
    assert all(one.grad.isfinite().all() for one in (*logits.values(), *fusion.parameters()))
