from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.modality import ModalityAttention
from fuselab.types import Features

NAMES = ("text", "image", "audio")


@pytest.mark.parametrize("names", [NAMES, NAMES[:1]])
def test_equals_its_equation(
    names: tuple[str, ...], features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(ModalityAttention(modalities=names, dims=dims, dim=4, hidden=3))
    fused = fusion(features)
    for row in range(6):
        here = [m for m, name in enumerate(names) if features[name].present[row]]
        projected = {m: slow.linear(fusion.project[m], slow.pooled(features[names[m]], row)) for m in here}
        asked = slow.linear(fusion.ask, slow.mean(list(projected.values()), 4))
        scores = []
        for m in here:
            answer = slow.linear(fusion.answer[m], projected[m])
            scores += slow.linear(fusion.score, [math.tanh(a + b) for a, b in zip(asked, answer, strict=True)])
        expected, weights = [0.0] * 4, [0.0] * len(names)
        for m, share in zip(here, slow.softmax(scores), strict=True):
            weights[m] = share
            expected = [so_far + share * x for so_far, x in zip(expected, projected[m], strict=True)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
        torch.testing.assert_close(fused.weights[row], torch.tensor(weights))


def test_one_modality_turns_the_attention_between_others(
    features: dict[str, Features], dims: dict[str, int], wake: Callable
) -> None:
    """As a question does: without what all say together, a score would know its own modality only."""
    fusion = wake(ModalityAttention(modalities=NAMES, dims=dims, dim=4, hidden=3))
    text = features["text"]
    ratios = []
    for tokens in (text.tokens, text.tokens + 1.0):
        weights = fusion(features | {"text": text._replace(tokens=tokens)}).weights[0]
        ratios.append(weights[1] / weights[2])
    assert abs(ratios[0] - ratios[1]) > 1e-3


def test_refuses_to_attend_with_nothing(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.hidden \(0\) must be at least 1"):
        ModalityAttention(modalities=NAMES, dims=dims, dim=4, hidden=0)
