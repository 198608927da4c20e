from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.perceiver import Perceiver
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 4, "layers": 2, "latents": 3, "heads": 2, "expansion": 2, "dropout": 0.5}


@pytest.mark.parametrize("names", [NAMES, NAMES[:1]])
def test_equals_its_equation(
    names: tuple[str, ...], features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(Perceiver(modalities=names, dims=dims, **SIZES))
    embedding = fusion(features).embedding
    for row in range(6):
        tokens = []
        for name, project, which in zip(names, fusion.project, fusion.modality_MD.tolist(), strict=True):
            tokens += [slow.add([slow.linear(project, token)], [which])[0] for token in slow.rows(features[name], row)]
        latents = fusion.latents_KD.tolist()
        for cross, own in zip(fusion.cross, fusion.own, strict=True):
            latents = slow.transformer_layer(cross, latents, tokens, 2)
            latents = slow.transformer_layer(own, latents, latents, 2)
        torch.testing.assert_close(embedding[row], torch.tensor(slow.norm(fusion.norm, slow.mean(latents, 4))))


def test_order_of_tokens_is_nothing(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = Perceiver(modalities=NAMES, dims=dims, **SIZES).eval()
    turned = {name: Features(one.tokens.flip(1), one.mask.flip(1), one.present) for name, one in features.items()}
    torch.testing.assert_close(fusion(features).embedding, fusion(turned).embedding)


def test_latents_start_different(features: dict[str, Features], dims: dict[str, int]) -> None:
    """Equal latents would read the same and stay equal for ever."""
    latents = Perceiver(modalities=NAMES, dims=dims, **SIZES).latents_KD
    assert len(latents.unique(dim=0)) == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 0}, r"fusion.layers \(0\) must be at least 1"),
        ({"latents": 0}, r"fusion.latents \(0\) must be at least 1"),
        ({"heads": 3}, r"fusion.heads \(3\) must divide fusion.dim \(4\)"),
    ],
)
def test_refuses_sizes_that_read_nothing(wrong: dict[str, int], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        Perceiver(modalities=NAMES, dims=dims, **(SIZES | wrong))
