from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.cross import CrossAttention
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 4, "heads": 2, "expansion": 2, "dropout": 0.5}


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], NAMES[:1]])
def test_equals_its_equation(
    names: tuple[str, ...], features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(CrossAttention(modalities=names, dims=dims, **SIZES))
    embedding = fusion(features).embedding
    for row in range(6):
        tokens = [
            [slow.linear(layer, token) for token in slow.rows(features[name], row)]
            for layer, name in zip(fusion.project, names, strict=True)
        ]
        pooled = []
        for i, own in enumerate(tokens):
            result = own
            for j, other in enumerate(tokens):
                if i != j:
                    queries = [slow.linear(fusion.query[i], slow.norm(fusion.norm[i], token)) for token in own]
                    keys = [slow.linear(fusion.key[j], slow.norm(fusion.norm[j], token)) for token in other]
                    values = [slow.linear(fusion.value[j], slow.norm(fusion.norm[j], token)) for token in other]
                    read = slow.attend(queries, keys, values, 2)
                    result = slow.add(result, [slow.linear(fusion.mix[i], token) for token in read])
            thought = [slow.feed_forward(fusion.feed_forward[i], token) for token in result]
            pooled += slow.mean(slow.add(result, thought), 4)
        torch.testing.assert_close(embedding[row], torch.tensor(slow.linear(fusion.output, pooled)))


def test_one_modality_has_no_parameter_that_nothing_reads(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = CrossAttention(modalities=["text"], dims=dims, **SIZES)
    fusion(features).embedding.sum().backward()
    assert [name for name, parameter in fusion.named_parameters() if parameter.grad is None] == []


def test_refuses_heads_that_do_not_divide(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.heads \(3\) must divide fusion.dim \(4\)"):
        CrossAttention(modalities=NAMES, dims=dims, **(SIZES | {"heads": 3}))
