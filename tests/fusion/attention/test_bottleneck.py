from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from fuselab.errors import ConfigError
from fuselab.fusion.attention.bottleneck import Bottleneck
from fuselab.types import Features

NAMES = ("text", "image", "audio")
SIZES = {"dim": 4, "layers": 3, "bottlenecks": 2, "heads": 2, "expansion": 2, "dropout": 0.5}


def average(vectors: list[list[float]]) -> list[float]:
    return [sum(numbers) / len(vectors) for numbers in zip(*vectors, strict=True)]


@pytest.mark.parametrize("names", [NAMES, NAMES[:1]])
def test_equals_its_equation(
    names: tuple[str, ...], features: dict[str, Features], dims: dict[str, int], wake: Callable, slow: SimpleNamespace
) -> None:
    fusion = wake(Bottleneck(modalities=names, dims=dims, **SIZES))
    embedding = fusion(features).embedding
    for row in range(6):
        streams = {
            m: [fusion.cls_MD[m].tolist()]
            + [slow.linear(fusion.project[m], token) for token in slow.rows(features[name], row)]
            for m, name in enumerate(names)
            if features[name].present[row]
        }
        if not streams:
            assert embedding[row].abs().sum() == 0
            continue
        bottleneck = fusion.bottleneck_FD.tolist()
        for layer in fusion.layers:
            told = []
            for m, stream in streams.items():
                both = slow.transformer_layer(layer[m], stream + bottleneck, stream + bottleneck, 2)
                streams[m] = both[:-2]
                told.append(both[-2:])
            bottleneck = [average([one[number] for one in told]) for number in range(2)]
        read = [slow.norm(fusion.norm[m], stream[0]) for m, stream in streams.items()]
        torch.testing.assert_close(embedding[row], torch.tensor(average(read)))


def test_streams_meet_in_the_bottleneck_only(features: dict[str, Features], dims: dict[str, int]) -> None:
    """Cut the bottleneck's way out: what a stream says of itself no longer depends on the other."""
    fusion = Bottleneck(modalities=NAMES[:2], dims=dims, **SIZES).eval()
    image = features["image"]
    other = features | {"image": image._replace(tokens=image.tokens + 1.0)}

    def text_alone(sample: dict[str, Features]) -> torch.Tensor:
        seen = []
        hook = fusion.norm[0].register_forward_hook(lambda *call: seen.append(call[-1]))
        fusion(sample)
        hook.remove()
        return seen[0]

    assert not torch.equal(text_alone(features)[0], text_alone(other)[0])
    width = features["text"].tokens.shape[1] + 1
    for stage in fusion.layers:
        for layer in stage:
            layer.register_forward_pre_hook(_hide(width, fusion.bottleneck_FD.shape[0]))
    assert torch.equal(text_alone(features)[0], text_alone(other)[0])


def _hide(width: int, bottlenecks: int) -> Callable:
    def hook(_: torch.nn.Module, call: tuple) -> tuple:
        target, source, mask = call
        mask = mask.clone()
        if mask.shape[1] == width + bottlenecks:
            mask[:, -bottlenecks:] = False
        return target, source, mask

    return hook


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 1}, r"fusion.layers \(1\) must be at least 2: one writes into the bottleneck, the next reads"),
        ({"bottlenecks": 0}, r"fusion.bottlenecks \(0\) must be at least 1"),
        ({"heads": 3}, r"fusion.heads \(3\) must divide fusion.dim \(4\)"),
    ],
)
def test_refuses_sizes_that_fuse_nothing(wrong: dict[str, int], message: str, dims: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=message):
        Bottleneck(modalities=NAMES, dims=dims, **(SIZES | wrong))
