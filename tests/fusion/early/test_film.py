from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.film import Film
from fuselab.types import Features

from .conftest import Hold

NAMES = ("text", "image", "audio")


@pytest.mark.parametrize("content", NAMES)
def test_equals_its_equation(
    content: str, features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace
) -> None:
    fusion = Film(modalities=NAMES, dims=dims, dim=4, content=content)
    fused = fusion(features)
    others = [name for name in NAMES if name != content]
    for row in range(6):
        scale, shift = [1.0] * 4, [0.0] * 4
        for generator, name in zip(fusion.generate, others, strict=True):
            if features[name].present[row]:
                said = slow.linear(generator, slow.pooled(features[name], row))
                scale = [so_far + x for so_far, x in zip(scale, said[:4], strict=True)]
                shift = [so_far + x for so_far, x in zip(shift, said[4:], strict=True)]
        plain = slow.linear(fusion.project[0], slow.pooled(features[content], row))
        if not features[content].present[row]:
            plain = [0.0] * 4
        expected = [gamma * x + beta for gamma, x, beta in zip(scale, plain, shift, strict=True)]
        torch.testing.assert_close(fused.embedding[row], torch.tensor(expected))
    assert fused.weights is None


def test_modulated_tokens_that_are_pooled_are_the_same(features: dict[str, Features], dims: dict[str, int]) -> None:
    """The paper modulates a map, not its mean."""
    fusion = Film(modalities=["image", "text"], dims=dims, dim=4, content="image")
    scale_BD, shift_BD = fusion.generate[0](features["text"].pooled()).chunk(2, dim=1)
    plain_BND = fusion.project[0](features["image"].tokens)
    modulated = features["image"]._replace(tokens=(1 + scale_BD[:, None]) * plain_BND + shift_BD[:, None])
    torch.testing.assert_close(fusion(features).embedding[0], modulated.pooled()[0])


def test_another_content_keeps_the_contract(hold_to_the_contract: Hold) -> None:
    class LastContent(Film):
        def __init__(self, *, modalities: tuple[str, ...], **others: object) -> None:
            super().__init__(modalities=modalities, content=modalities[-1], **others)

    hold_to_the_contract(LastContent)


def test_refuses_content_that_is_no_modality(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.content \(imag\) must be one of: .*did you mean 'image'"):
        Film(modalities=NAMES, dims=dims, dim=4, content="imag")
