from __future__ import annotations

import math
from types import SimpleNamespace

import torch
from torch import Tensor

from fuselab.fusion.late.mixture_of_experts import MixtureOfExperts
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def gate(
    fusion: MixtureOfExperts, features: dict[str, Features], present: dict[str, Tensor], row: int, slow: SimpleNamespace
) -> list[float]:
    everything = [number for name in NAMES for number in slow.pooled(features[name], row)]
    exponentials = [
        math.exp(score) if present[name][row] else 0.0
        for score, name in zip(slow.linear(fusion.gate, everything), NAMES, strict=True)
    ]
    return [one / max(sum(exponentials), 1e-300) for one in exponentials]


def pooled(features: dict[str, Features]) -> dict[str, Tensor]:
    """Return what the model gives: of missing modalities as loud numbers as of others."""
    return {name: torch.where(one.present[:, None], one.pooled(), one.tokens.mean(1)) for name, one in features.items()}


def test_probabilities_equal_their_equation(outputs, features, present, dims, slow) -> None:
    fusion = MixtureOfExperts(modalities=NAMES, dims=dims, space="probability")
    decision = fusion(outputs, present, pooled(features))
    for row in range(6):
        weights = gate(fusion, features, present, row, slow)
        torch.testing.assert_close(decision.weights[row], torch.tensor(weights))
        each = [slow.softmax(outputs[name][row]) for name in NAMES]
        mixed = [sum(w * one[c] for w, one in zip(weights, each, strict=True)) or 1 / 4 for c in range(4)]
        torch.testing.assert_close(decision.output[row], torch.tensor(mixed).log())


def test_values_equal_their_equation(outputs, features, present, dims, slow) -> None:
    fusion = MixtureOfExperts(modalities=NAMES, dims=dims, space="value")
    decision = fusion(outputs, present, pooled(features))
    for row in range(6):
        each = zip(gate(fusion, features, present, row, slow), NAMES, strict=True)
        columns = zip(*([w * x for x in outputs[name][row].tolist()] for w, name in each), strict=True)
        torch.testing.assert_close(decision.output[row], torch.tensor([sum(column) for column in columns]))


def test_the_gate_sees_every_modality(outputs, features, present, dims) -> None:
    """What one modality's features are changes how much the others count."""
    fusion = MixtureOfExperts(modalities=NAMES, dims=dims, space="probability")
    leaves = {name: one.requires_grad_() for name, one in pooled(features).items()}
    weights = fusion(outputs, present, leaves).weights
    weights[0, 0].backward()
    assert all(leaves[name].grad[0].abs().max() > 0 for name in NAMES)
    assert not any(leaves[name].grad[1:].any() for name in NAMES)
