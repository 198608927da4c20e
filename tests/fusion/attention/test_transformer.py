from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from fuselab.errors import ConfigError
from fuselab.fusion.attention.transformer import TransformerFusion
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 4, "heads": 2, "expansion": 2, "dropout": 0.5}


@pytest.mark.parametrize("layers", [1, 2])
def test_equals_its_equation(
    layers: int, features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(TransformerFusion(modalities=NAMES, dims=dims, layers=layers, **SIZES))
    embedding = fusion(features).embedding
    for row in range(6):
        tokens = [fusion.cls_D.tolist()]
        for name, project, which in zip(NAMES, fusion.project, fusion.modality_MD.tolist(), strict=True):
            tokens += [slow.add([slow.linear(project, token)], [which])[0] for token in slow.rows(features[name], row)]
        for layer in fusion.layers:
            tokens = slow.transformer_layer(layer, tokens, tokens, 2)
        torch.testing.assert_close(embedding[row], torch.tensor(slow.norm(fusion.norm, tokens[0])))


def test_cost_is_seen_in_evaluation(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = TransformerFusion(modalities=NAMES, dims=dims, layers=2, **SIZES).eval()
    # The counter knows no formula for the attention kernel of the CPU; the plain one is made of products it knows.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        fusion(features)
    samples, tokens, width = 6, 1 + 3 + 4 + 2, 4
    projections = 2 * samples * width * (3 * 5 + 4 * 6 + 2 * 3)
    for_each_token = 2 * samples * width * width
    first_layer = for_each_token * tokens * (4 + 2 * 2)
    last_layer = for_each_token * (2 * tokens + 2 + 2 * 2)  # keys and values of all, the rest of CLS only
    attention = 2 * 2 * samples * width * (tokens * tokens + tokens)
    assert counter.get_total_flops() == projections + first_layer + last_layer + attention


def test_drops_in_training_only(features: dict[str, Features], dims: dict[str, int]) -> None:
    fusion = TransformerFusion(modalities=NAMES, dims=dims, layers=1, **SIZES)
    assert not torch.equal(fusion(features).embedding, fusion(features).embedding)
    fusion.eval()
    assert torch.equal(fusion(features).embedding, fusion(features).embedding)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 0}, r"fusion.layers \(0\) must be at least 1"),
        ({"heads": 3}, r"fusion.heads \(3\) must divide fusion.dim \(4\)"),
    ],
)
def test_refuses_sizes_that_make_no_network(wrong: dict[str, int], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        TransformerFusion(modalities=NAMES, dims=dims, **(SIZES | {"layers": 1} | wrong))
