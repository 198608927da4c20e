from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.two_stream import TwoStream
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 6, "hidden": 4, "layers": 2, "heads": 2, "expansion": 2, "dropout": 0.5}


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], NAMES[:1]])
def test_equals_its_equation(
    names: tuple[str, ...], features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(TwoStream(modalities=names, dims=dims, **SIZES))
    embedding = fusion(features).embedding
    for row in range(6):
        streams = [
            [slow.linear(project, token) for token in slow.rows(features[name], row)]
            for project, name in zip(fusion.project, names, strict=True)
        ]
        for depth in range(2):
            before = streams
            if len(names) > 1:
                streams = []
                for m, stream in enumerate(before):
                    others = [token for j, other in enumerate(before) if j != m for token in other]
                    streams.append(slow.transformer_layer(fusion.lateral[depth][m], stream, others, 2))
            streams = [
                slow.transformer_layer(fusion.own[depth][m], stream, stream, 2) for m, stream in enumerate(streams)
            ]
        pooled = [number for stream in streams for number in slow.mean(stream, 4)]
        torch.testing.assert_close(embedding[row], torch.tensor(slow.linear(fusion.output, pooled)))


def test_one_modality_has_no_parameter_that_nothing_reads(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = TwoStream(modalities=["text"], dims=dims, **SIZES)
    fusion(features).embedding.sum().backward()
    assert [name for name, parameter in fusion.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 0}, r"fusion.layers \(0\) must be at least 1"),
        ({"heads": 3}, r"fusion.heads \(3\) must divide fusion.hidden \(4\)"),
    ],
)
def test_refuses_sizes_that_make_no_network(wrong: dict[str, int], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        TwoStream(modalities=NAMES, dims=dims, **(SIZES | wrong))
