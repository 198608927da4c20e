from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from fuselab.errors import ConfigError
from fuselab.fusion.base import LateFusion
from fuselab.models.build import build_model, drawn_from
from fuselab.models.fusion_model import FusionModel
from fuselab.runs.compose import composer, resolved
from fuselab.types import ModalityInput

CONF = Path(__file__).parents[2] / "conf" / "fusion"
FOUND = [path.relative_to(CONF).with_suffix("").as_posix() for path in sorted(CONF.rglob("*.yaml"))]
FUSIONS = [name for name in FOUND if name != "unimodal/video"]  # which trio_digits lacks
CLASSES, SAMPLES = 10, 5


@pytest.fixture(scope="module")
def configs() -> dict[str, dict[str, Any]]:
    """Every fusion's config on trio_digits."""
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        return {name: resolved(hydra.compose([f"fusion={name}", "width=8"])) for name in FUSIONS}


def build(config: dict[str, Any], **changes: Any) -> FusionModel:
    return build_model(config | changes).eval()


def weights(model: FusionModel, part: str = "") -> dict[str, Tensor]:
    return {name: tensor for name, tensor in model.state_dict().items() if name.startswith(part)}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def inputs() -> dict[str, ModalityInput]:
    """Samples that have everything, nothing, or only one modality."""
    draw = torch.Generator().manual_seed(0)
    mask = torch.arange(9)[None] < torch.tensor([9, 3, 0, 7, 8])[:, None]
    return {
        "image": ModalityInput(torch.rand(5, 1, 8, 8, generator=draw), None, torch.tensor([1, 0, 1, 0, 0]).bool()),
        "audio": ModalityInput(torch.randn(5, 6000, generator=draw), None, torch.tensor([1, 0, 0, 1, 0]).bool()),
        "text": ModalityInput(
            torch.randint(1, 200, (5, 9), generator=draw), mask, torch.tensor([1, 0, 0, 0, 1]).bool()
        ),
    }


def spoilt(given: ModalityInput) -> ModalityInput:
    bad = torch.nan if given.values.is_floating_point() else 10**9
    there = given.present.view(-1, *[1] * (given.values.dim() - 1))
    mask = None if given.mask is None else given.mask | ~given.present[:, None]
    return ModalityInput(torch.where(there, given.values, bad), mask, given.present)


@pytest.mark.parametrize("name", FUSIONS)
def test_every_fusion_predicts_and_never_from_what_is_missing(configs, name):
    model = build(configs[name])
    prediction = model.predict(inputs())
    assert prediction.output.shape == (SAMPLES, CLASSES)
    assert prediction.output.isfinite().all()
    again = model.predict({modality: spoilt(one) for modality, one in inputs().items()})
    assert torch.equal(prediction.output, again.output)
    count = len(model.modalities)
    for ours, theirs, shape in (
        (prediction.embedding, again.embedding, (SAMPLES, 8)),
        (prediction.weights, again.weights, (SAMPLES, count)),
        (prediction.per_modality, again.per_modality, (SAMPLES, count, CLASSES)),
    ):
        if ours is not None:
            assert ours.shape == shape
            assert torch.equal(ours, theirs)
    decides = isinstance(model.fusion, LateFusion)
    assert (prediction.embedding is None) == decides
    assert (prediction.per_modality is not None) == decides


@pytest.mark.parametrize("name", FUSIONS)
def test_every_fusion_reads_every_modality_that_it_uses(configs, name):
    model = build(configs[name])
    assert set(model.encoders) == set(model.modalities)
    given = inputs()
    # Sample 0 has everything; a vote may stay as it is, what it is made of may not.
    prediction = model.predict(given)
    for modality in model.modalities:
        changed = model.predict(given | {modality: given[modality]._replace(values=given[modality].values.flip(0))})
        parts = zip(prediction[:4], changed[:4], strict=True)
        assert any(one is not None and not torch.equal(one[0], other[0]) for one, other in parts), modality


def test_one_seed_gives_every_fusion_the_same_encoders(configs):
    models = {name: build(configs[name]) for name in FUSIONS}
    reference = models["early/concat"]
    for name, model in models.items():
        for modality in model.modalities:
            part = f"encoders.{modality}."
            assert weights(model, part), name
            assert same(weights(model, part), weights(reference, part)), name


def test_another_seed_gives_other_weights_everywhere(configs):
    for name, parts in (
        ("early/gated", {"encoders", "fusion", "head"}),
        ("attention/cross", {"encoders", "fusion", "head"}),
        ("late/mean", {"encoders", "heads"}),
    ):
        one, other = build(configs[name], seed=0), build(configs[name], seed=1)
        drawn = [key for key, tensor in one.named_parameters() if tensor.dim() > 1]
        assert {key.split(".")[0] for key in drawn} == parts
        assert not [key for key in drawn if torch.equal(one.state_dict()[key], other.state_dict()[key])]
        assert same(weights(one), weights(build(configs[name], seed=0)))


def test_a_part_is_drawn_the_same_whatever_the_others_are(configs):
    config = configs["early/concat"]
    whole = build(config)
    fewer = build(config, fusion=config["fusion"] | {"modalities": ["text", "audio"]})
    for part in ("encoders.text.", "encoders.audio.", "head."):
        assert same(weights(whole, part), weights(fewer, part)), part


def test_heads_of_late_fusion_differ(configs):
    heads = build(configs["late/mean"]).heads
    tensors = [heads[name].state_dict()["layers.1.weight"] for name in ("image", "audio", "text")]
    assert not torch.equal(tensors[0], tensors[1])
    assert not torch.equal(tensors[1], tensors[2])


def test_the_stream_outside_is_left_where_it_was(configs):
    for name in ("early/concat", "late/mean"):
        torch.manual_seed(7)
        expected = torch.rand(3)
        torch.manual_seed(7)
        build(configs[name])
        assert torch.equal(torch.rand(3), expected)


def test_the_streams_of_devices_are_left_alone(monkeypatch: pytest.MonkeyPatch):
    def touch(_: int) -> None:
        raise AssertionError("a device's stream was set")

    monkeypatch.setattr(torch.cuda, "manual_seed_all", touch)
    with drawn_from(0, "part"):
        torch.rand(1)


def test_a_stream_has_seed_and_name():
    def draw(seed: int, name: str) -> float:
        with drawn_from(seed, name):
            return torch.rand(1).item()

    assert draw(0, "fusion") == draw(0, "fusion")
    assert len({draw(0, "fusion"), draw(1, "fusion"), draw(0, "head"), draw(1, "head")}) == 4


def test_modalities_keep_the_order_of_the_fusion(configs):
    config = configs["late/mean"]
    model = build(config, fusion=config["fusion"] | {"modalities": ["text", "image"]})
    assert model.modalities == ("text", "image")
    one = model.predict(inputs()).per_modality
    other = build(config, fusion=config["fusion"] | {"modalities": ["image", "text"]}).predict(inputs()).per_modality
    assert torch.equal(one, other.flip(1))


def test_a_modality_without_encoder_is_refused(configs):
    config = configs["early/concat"]
    fusion = config["fusion"] | {"modalities": ["image", "audoi"]}
    with pytest.raises(ConfigError, match=r"fusion\.modalities \(audoi\) must be .* did you mean 'audio'\?"):
        build(config, fusion=fusion)
