from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.early.nl_gate import NonLocalGate
from fuselab.types import Features

from .conftest import Hold

NAMES = ("text", "image", "audio")


@pytest.mark.parametrize("content", NAMES)
def test_equals_its_equation(
    content: str, features: dict[str, Features], dims: dict[str, int], slow: SimpleNamespace
) -> None:
    fusion = NonLocalGate(modalities=NAMES, dims=dims, dim=6, content=content, reduction=2)
    (gate,) = fusion.gate
    fused = fusion(features)
    for row in range(6):
        tokens = {
            name: [slow.linear(layer, token) for token in slow.rows(features[name], row)]
            for layer, name in zip(fusion.project, NAMES, strict=True)
        }
        source = [token for name in NAMES if name != content for token in tokens[name]]
        reading = tokens[content] or [[0.0] * 6]
        queries, keys, values = (
            [slow.linear(layer, token) for token in some]
            for layer, some in ((gate.query, reading), (gate.key, source), (gate.value, source))
        )
        read = slow.attend(queries, keys, values, 1) if source else [[0.0] * 3 for _ in queries]
        enriched = slow.add(reading, [slow.linear(gate.output, one) for one in read])
        torch.testing.assert_close(fused.embedding[row], torch.tensor(slow.mean(enriched, 6)))
    assert fused.weights is None


def test_content_alone_passes_as_it_is(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = NonLocalGate(modalities=["text", "audio"], dims=dims, dim=6, content="text", reduction=2)
    torch.testing.assert_close(fusion(features).embedding[3], fusion.project[0](features["text"].pooled())[3])


def test_another_content_keeps_the_contract(hold_to_the_contract: Hold) -> None:
    class LastContent(NonLocalGate):
        def __init__(self, *, modalities: tuple[str, ...], **others: object) -> None:
            super().__init__(modalities=modalities, content=modalities[-1], **others)

    hold_to_the_contract(LastContent, reduction=4)


def test_refuses_what_makes_no_gate(dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"fusion.content \(txt\) must be one of: .*did you mean 'text'"):
        NonLocalGate(modalities=NAMES, dims=dims, dim=4, content="txt", reduction=2)
    for reduction in (0, 3):
        with pytest.raises(ConfigError, match=rf"fusion.reduction \({reduction}\) must divide fusion.dim \(4\)"):
            NonLocalGate(modalities=NAMES, dims=dims, dim=4, content="text", reduction=reduction)
