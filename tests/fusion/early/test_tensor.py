from __future__ import annotations

import itertools
import math
import warnings
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.tensor import TensorFusion
from fuselab.types import Features

NAMES = ("text", "image", "audio")
NEVER = 10**9


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = TensorFusion(modalities=NAMES, dims=dims, dim=4, rank=2, warn_above=NEVER)
    fused = fusion(features)
    for row in range(6):
        extended = []
        for layer, name in zip(fusion.project, NAMES, strict=True):
            here = bool(features[name].present[row])
            projected = slow.linear(layer, slow.pooled(features[name], row)) if here else [0.0] * 2
            extended.append([*projected, 1.0])
        outer = [math.prod(element) for element in itertools.product(*extended)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(slow.linear(fusion.output, outer)))
    assert fused.weights is None


def test_a_missing_modality_leaves_the_tensor_of_the_others(
    features: dict[str, Features], dims: dict[str, int]
) -> None:
    """Elements behind the appended 1 of a modality are those of a tensor fusion without it."""
    all_three = TensorFusion(modalities=NAMES, dims=dims, dim=4, rank=2, warn_above=NEVER)
    without = TensorFusion(modalities=["text", "image"], dims=dims, dim=4, rank=2, warn_above=NEVER)
    without.project.load_state_dict(all_three.project[:2].state_dict())
    without.output.weight.data = all_three.output.weight.data.view(4, 3, 3, 3)[..., -1].flatten(1)
    without.output.bias.data = all_three.output.bias.data
    lacks_audio = ~features["audio"].present
    torch.testing.assert_close(all_three(features).embedding[lacks_audio], without(features).embedding[lacks_audio])


def test_warns_before_it_allocates(dims: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def allocate(*sizes: int) -> None:
        raise AssertionError(sizes)

    monkeypatch.setattr("fuselab.fusion.early.tensor.nn.Linear", allocate)
    words = r"product of 3 modalities has 1,030,301 elements.* 4,121,204 weights.*choose fusion=early/low_rank_tensor"
    with pytest.warns(UserWarning, match=words), pytest.raises(AssertionError):
        TensorFusion(modalities=NAMES, dims=dims, dim=4, rank=100, warn_above=4_121_203)


def test_is_silent_up_to_the_bound(dims: dict[str, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TensorFusion(modalities=NAMES, dims=dims, dim=4, rank=2, warn_above=4 * 27)


def test_refuses_no_rank(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.rank \(0\) must be at least 1"):
        TensorFusion(modalities=NAMES, dims=dims, dim=4, rank=0, warn_above=NEVER)
