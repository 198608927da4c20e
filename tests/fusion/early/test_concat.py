from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.concat import Concat
from fuselab.types import Features


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Concat(modalities=["text", "image", "audio"], dims=dims, dim=4)
    fused = fusion(features)
    expected = []
    for row in range(6):
        side_by_side = [x for name in ("text", "image", "audio") for x in slow.pooled(features[name], row)]
        expected.append(slow.linear(fusion.project, side_by_side))
    torch.testing.assert_close(fused.embedding, torch.tensor(expected))
    assert fused.weights is None


def test_says_which_modality_a_batch_lacks(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = Concat(modalities=["text", "image"], dims=dims, dim=4)
    with pytest.raises(ConfigError, match="'text' must be in every batch, as present=False"):
        fusion({"image": features["image"]})
