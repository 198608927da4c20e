from __future__ import annotations

import math
from types import SimpleNamespace

import torch

from fuselab.fusion.early.gated import Gated
from fuselab.types import Features

NAMES = ("text", "image", "audio")


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Gated(modalities=NAMES, dims=dims, dim=4)
    fused = fusion(features)
    for row in range(6):
        pooled = [slow.pooled(features[name], row) for name in NAMES]
        gates = [1 / (1 + math.exp(-x)) for x in slow.linear(fusion.gate, [x for one in pooled for x in one])]
        expected, means = [0.0] * 4, []
        for number, name in enumerate(NAMES):
            gate = gates[4 * number : 4 * number + 4] if features[name].present[row] else [0.0] * 4
            hidden = [math.tanh(x) for x in slow.linear(fusion.project[number], pooled[number])]
            expected = [so_far + z * h for so_far, z, h in zip(expected, gate, hidden, strict=True)]
            means.append(sum(gate) / 4)
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
        torch.testing.assert_close(fused.weights[row], torch.tensor(means) / max(sum(means), 1e-300))


def test_without_modalities_there_is_nothing(features: dict[str, Features], dims: dict[str, int]) -> None:
    fused = Gated(modalities=NAMES, dims=dims, dim=4)(features)
    assert torch.equal(fused.embedding[1], torch.zeros(4))
    assert torch.equal(fused.weights[1], torch.zeros(3))


def test_bimodal_gates_are_not_tied(features: dict[str, Features], dims: dict[str, int]) -> None:
    """The paper ties them for two modalities only as a simplification; a closed unit is possible here."""
    fusion = Gated(modalities=["image", "text"], dims=dims, dim=4)
    fusion.gate.weight.data.zero_()
    fused = fusion(features)
    hidden = [torch.tanh(fusion.project[i](features[n].pooled())) for i, n in enumerate(["image", "text"])]
    torch.testing.assert_close(fused.embedding[0], 0.5 * (hidden[0] + hidden[1])[0])
