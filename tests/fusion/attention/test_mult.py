from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.mult import MulT
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {
    "dim": 6,
    "hidden": 4,
    "layers": 2,
    "target_layers": 2,
    "heads": 2,
    "expansion": 2,
    "dropout": 0.5,
}


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], NAMES[:1]])
def test_equals_its_equation(
    names: tuple[str, ...], features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(MulT(modalities=names, dims=dims, **SIZES))
    width = 4 * max(len(names) - 1, 1)
    embedding = fusion(features).embedding
    for row in range(6):
        low = [
            [slow.linear(project, token) for token in slow.rows(features[name], row)]
            for project, name in zip(fusion.project, names, strict=True)
        ]
        read = []
        for i, own in enumerate(low):
            translated = [[] for _ in own] if len(low) > 1 else own
            for number, source in enumerate(other for j, other in enumerate(low) if j != i):
                tokens = own
                for layer in fusion.cross[i][number]:
                    tokens = slow.transformer_layer(layer, tokens, source, 2)
                translated = [so_far + token for so_far, token in zip(translated, tokens, strict=True)]
            for layer in fusion.target[i]:
                translated = slow.transformer_layer(layer, translated, translated, 2)
            read += translated[-1] if translated else [0.0] * width
        torch.testing.assert_close(embedding[row], torch.tensor(slow.linear(fusion.output, read)))


def test_reads_the_last_real_token(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = MulT(modalities=["text"], dims=dims, **(SIZES | {"target_layers": 1})).eval()
    fusion.target[0][0].mix.weight.data.zero_()  # what is read knows nothing but itself
    tokens, present = torch.randn(2, 3, 5), torch.ones(2).bool()
    mask = torch.tensor([[True, True, False], [False, True, True]])
    other = tokens.clone()
    other[0, 0] += 1.0
    other[1, 1] += 1.0
    one, same = (fusion({"text": Features(values, mask, present)}).embedding for values in (tokens, other))
    assert torch.equal(one, same)
    other[0, 1] += 1.0
    changed = fusion({"text": Features(other, mask, present)}).embedding
    assert not torch.equal(one[0], changed[0])
    assert torch.equal(one[1], changed[1])


def test_one_modality_has_no_parameter_that_nothing_reads(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = MulT(modalities=["text"], dims=dims, **SIZES)
    fusion(features).embedding.sum().backward()
    assert [name for name, parameter in fusion.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 0}, r"fusion.layers \(0\) must be at least 1"),
        ({"target_layers": 0}, r"fusion.target_layers \(0\) must be at least 1"),
        ({"heads": 3}, r"fusion.heads \(3\) must divide fusion.hidden \(4\)"),
    ],
)
def test_refuses_sizes_that_make_no_network(wrong: dict[str, int], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        MulT(modalities=NAMES, dims=dims, **(SIZES | wrong))
