from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.unimodal import Unimodal
from fuselab.types import Features


def test_equals_its_equation(features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace) -> None:
    fusion = Unimodal(modalities=["audio"], dims=dims, dim=4)
    fused = fusion(features)
    expected = [slow.linear(fusion.project, slow.pooled(features["audio"], row)) for row in range(6)]
    torch.testing.assert_close(fused.embedding, torch.tensor(expected))
    assert fused.weights is None


def test_other_modalities_need_not_be_there(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = Unimodal(modalities=["audio"], dims=dims, dim=4)
    alone = fusion({"audio": features["audio"]}).embedding
    assert torch.equal(fusion(features).embedding, alone)


def test_refuses_two_modalities(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.modalities \(\['image', 'audio'\]\) must name exactly one"):
        Unimodal(modalities=["image", "audio"], dims=dims, dim=4)


def test_refuses_a_modality_without_encoder(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="did you mean 'audio'"):
        Unimodal(modalities=["adio"], dims=dims, dim=4)
