"""Every encoder in conf/encoder keeps the rules of the contract, and each rule is broken once on purpose.

A rule is a function that takes a way to make a model of one modality and raises where its encoder breaks the rule. The
encoder is reached as in training: through the model, which cleans what goes into ``prepare`` and into ``forward``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor, nn

from fuselab.encoders.sequence.context import Context
from fuselab.fusion.unimodal import Unimodal
from fuselab.models.fusion_model import FeatureFusionModel
from fuselab.types import Encoder, Features, ModalityInput

from ..encoders.tiny import chosen

CONF = Path(__file__).parents[2] / "conf"
WIDTH, SAMPLES = 8, 7
# Sample 0 has it, sample 1 lacks it.
PRESENT = torch.tensor([True, False, True, True, False, True, True])
TEXT_LENGTHS = torch.tensor([9, 4, 0, 1, 6, 7, 9])  # one is empty and nevertheless there
# The window of the last frame reaches beyond the longest clip.
WAVE_LENGTHS = torch.tensor([1900, 900, 700, 1000, 1500, 1399, 1900])
SIZE = 5  # of vectors, and of each step of a sequence
Make = Callable[..., FeatureFusionModel]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors are tiny here: threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def data_config() -> dict:
    return {"data": OmegaConf.load(CONF / "data" / "trio_digits.yaml"), "width": WIDTH}


def model_of(encoder: Encoder, modality: str) -> FeatureFusionModel:
    fusion = Unimodal(modalities=[modality], dims={modality: encoder.dim}, dim=encoder.dim)
    return FeatureFusionModel(encoders={modality: encoder}, fusion=fusion, head=nn.Identity()).eval()


def from_config(path: Path, *, seed: int = 0, **changes: Any) -> FeatureFusionModel:
    config = OmegaConf.create({"encoder": OmegaConf.load(path), **data_config()})
    config.encoder.pop("tokenizer", None)
    vocab_size = config.data.text.vocab_size
    config.encoder.update(chosen(f"{path.parent.name}/{path.stem}", vocab_size=vocab_size) | changes)
    if OmegaConf.is_missing(config.encoder, "size"):  # it is for any modality, and the data's config says how wide
        config.encoder.size = SIZE
    torch.manual_seed(seed)
    return model_of(instantiate(config.encoder), path.parent.name)


def every_encoder() -> list[pytest.ParameterSet]:
    cases = []
    for path in sorted((CONF / "encoder").rglob("*.yaml")):
        name = f"{path.parent.name}/{path.stem}"
        cases.append(pytest.param(partial(from_config, path), id=name))
        if "trained" in OmegaConf.load(path):  # frozen as it stands there
            cases.append(pytest.param(partial(from_config, path, pooling="mean"), id=f"{name}-pooled"))
            cases.append(pytest.param(partial(from_config, path, trained="all"), id=f"{name}-trained"))
    return cases


def mask_of(lengths: Tensor) -> Tensor:
    return torch.arange(int(lengths.max()))[None] < lengths[:, None]


def samples(model: FeatureFusionModel) -> list[ModalityInput]:
    """Draw inputs of the model's modality: with a mask and without one, where it can have both."""
    draw = torch.Generator().manual_seed(0)
    data = OmegaConf.create(data_config()).data
    modality = model.modalities[0]
    if modality == "image":
        shape = (SAMPLES, data.image.channels, data.image.size, data.image.size)
        return [ModalityInput(torch.rand(shape, generator=draw), None, PRESENT)]
    if modality == "audio":
        values, lengths = torch.randn(SAMPLES, 1900, generator=draw), WAVE_LENGTHS
    elif modality == "text":
        values, lengths = torch.randint(1, data.text.vocab_size, (SAMPLES, 9), generator=draw), TEXT_LENGTHS
    elif modality == "vector":
        return [ModalityInput(torch.randn(SAMPLES, SIZE, generator=draw), None, PRESENT)]
    elif modality == "sequence":
        encoder = model.encoders[modality]
        values, lengths = torch.randn(SAMPLES, 9, SIZE, generator=draw), TEXT_LENGTHS
        if isinstance(encoder, Context):  # the last number of a step says how far it is from the sample's own
            offset = torch.arange(9.0) - (lengths[:, None] // 2)
            values = torch.cat([values, offset[..., None]], dim=2)
    else:
        raise NotImplementedError(f"say here what a sample of '{modality}' looks like")
    return [ModalityInput(values, mask_of(lengths), PRESENT), ModalityInput(values, None, PRESENT)]


def encode(model: FeatureFusionModel, data: ModalityInput, call: Callable | None = None) -> Features:
    """Encode as the model does; ``call`` stands in for the encoder."""
    name = model.modalities[0]
    prepared = model.prepare({name: data})
    return model.encode(prepared)[name] if call is None else call(prepared[name].cleaned())


def garbage(values: Tensor) -> list[Tensor]:
    """Return what may stand where nothing is real: among ids also those that no vocabulary has."""
    worst = (torch.nan, torch.inf, -1e30) if values.is_floating_point() else (1, -5, 10**9)
    return [torch.full_like(values, number) for number in worst]


def real(features: Features) -> Tensor:
    return features.tokens[features.mask & features.present[:, None]]


def assert_close(one: Tensor, other: Tensor, tolerance: float = 0.0) -> None:
    torch.testing.assert_close(one.float(), other.float(), rtol=0, atol=tolerance)


def has_the_shapes_it_says(make: Make) -> None:
    model = make()
    for data in samples(model):
        tokens, mask, present = encode(model, data)
        encoder = model.encoders[model.modalities[0]]
        assert tokens.shape == (SAMPLES, tokens.shape[1], encoder.dim)
        assert mask.shape == tokens.shape[:2]
        assert mask.dtype == torch.bool
        assert torch.equal(present, data.present)
        assert tokens.isfinite().all()
        has_content = data.present if data.mask is None else data.present & data.mask.any(1)
        assert torch.equal((mask & present[:, None]).any(1), has_content)


def missing_is_data(make: Make) -> None:
    model = make()
    for data in samples(model):
        clean = encode(model, data)
        there = data.present.view(-1, *[1] * (data.values.dim() - 1))
        for bad in garbage(data.values):
            mask = None if data.mask is None else data.mask | ~data.present[:, None]
            spoilt = encode(model, ModalityInput(torch.where(there, data.values, bad), mask, data.present))
            assert_close(clean.tokens, spoilt.tokens)
            assert torch.equal(clean.mask, spoilt.mask)


def padding_is_not_data(make: Make) -> None:
    model = make()
    longest = OmegaConf.create(data_config()).data.text.max_length
    more_of = {"text": (1, longest - int(TEXT_LENGTHS.max())), "audio": (1, 200, 1130), "sequence": (1, 7)}
    for data in samples(model):
        if data.mask is None:
            continue
        clean = encode(model, data)
        real_steps = data.mask.view(*data.mask.shape, *[1] * (data.values.dim() - 2))
        for bad in garbage(data.values):
            spoilt = encode(model, data._replace(values=torch.where(real_steps, data.values, bad)))
            assert torch.equal(clean.mask, spoilt.mask)
            assert_close(real(clean), real(spoilt), 1e-5)
            for more in more_of[model.modalities[0]]:
                padding = bad[:, :1].expand(-1, more, *bad.shape[2:])
                values = torch.cat([torch.where(real_steps, data.values, bad), padding], 1)
                mask = nn.functional.pad(data.mask, (0, more), value=False)
                longer = encode(model, ModalityInput(values, mask, data.present))
                tokens = clean.mask.shape[1]
                assert torch.equal(longer.mask[:, :tokens], clean.mask)
                assert not longer.mask[:, tokens:].any()
                assert_close(real(clean), real(longer), 1e-5)


def no_sample_sees_another(make: Make) -> None:
    model = make().train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    for data in samples(model):
        together = encode(model, data)
        for rows in (torch.randperm(SAMPLES), torch.tensor([0]), torch.tensor([1]), torch.tensor([5, 0, 2])):
            chosen = ModalityInput(*(None if one is None else one[rows] for one in data))
            assert_close(real(Features(*(one[rows] for one in together))), real(encode(model, chosen)), 1e-5)


def reached(model: FeatureFusionModel, data: ModalityInput) -> None:
    """Gradients reach every parameter and every real value, nothing else, and are finite everywhere."""
    model.zero_grad()
    name = model.modalities[0]
    encoder = model.encoders[name]
    prepared = model.prepare({name: data})[name]
    parameter = next(encoder.parameters())
    if prepared.values.is_floating_point():
        prepared = prepared._replace(values=prepared.values.detach().to(parameter.dtype).requires_grad_())
    tokens = model.encode({name: prepared})[name].cleaned().tokens
    # No two weights are equal: the gradient of a plain sum over normed features is zero.
    (tokens * torch.linspace(0.1, 1.3, tokens.numel()).view_as(tokens) ** 2).sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in encoder.parameters())
    if data.present.any():
        unreached = [key for key, one in encoder.named_parameters() if not one.grad.any()]
        assert not unreached
    if prepared.values.requires_grad:
        reach = prepared.values.grad.abs().flatten(1)
        assert reach.isfinite().all()
        has_content = data.present if prepared.mask is None else data.present & prepared.mask.any(1)
        assert torch.equal(reach.sum(1) > 0, has_content)
        if prepared.mask is not None:
            assert not prepared.values.grad[~prepared.mask].any()


def gradients_reach_what_is_present(make: Make) -> None:
    model = make().train()
    for data in samples(model):
        reached(model, data)
        reached(model, data._replace(present=torch.zeros_like(PRESENT)))


def works_in_bfloat16(make: Make) -> None:
    model = make()
    for data in samples(model):
        exact = encode(model, data)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert_close(real(exact), real(encode(model, data)), 0.1)
            reached(model, data)
    name = model.modalities[0]
    for data in samples(model):
        prepared = model.prepare({name: data})[name]
        if prepared.values.is_floating_point():
            prepared = prepared._replace(values=prepared.values.bfloat16())
        low = make().bfloat16().encode({name: prepared})[name]
        assert low.tokens.dtype == torch.bfloat16
        assert_close(real(encode(model, data)), real(low), 0.1)


def compiles(make: Make, backend: str = "eager") -> None:
    model = make()
    encoder = model.encoders[model.modalities[0]]
    for data in samples(model):
        torch.compiler.reset()
        results = []
        for call in (encoder, torch.compile(encoder, backend=backend)):
            model.zero_grad()
            features = encode(model, data, call)
            features.tokens.square().sum().backward()
            results.append((features, [one.grad for one in encoder.parameters()]))
        (plain, grads), (compiled, compiled_grads) = results
        assert torch.equal(plain.mask, compiled.mask)
        assert_close(real(plain), real(compiled), 1e-5)
        for one, other in zip(grads, compiled_grads, strict=True):
            # Pretrained models have wide layers: sums of thousands of numbers are as exact as they are large.
            size = 1.0 if encoder.origin() is None else max(1.0, one.abs().max().item())
            assert_close(one, other, 1e-4 * size)


def survives_a_state_dict(make: Make) -> None:
    trained, fresh = make(seed=0), make(seed=1)
    for tensor in trained.parameters():
        nn.init.normal_(tensor, std=0.5)
    fresh.load_state_dict(trained.state_dict())
    for data in samples(trained):
        assert_close(encode(trained, data).tokens, encode(fresh, data).tokens)


def same_seed_same_result(make: Make) -> None:
    one, other, another = make(seed=3).train(), make(seed=3).train(), make(seed=4)
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert_close(ours, theirs)
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), another.parameters(), strict=True))
    for data in samples(one):
        results = []
        for model in (one, other):
            torch.manual_seed(5)
            results.append(encode(model, data).tokens)
        assert_close(*results)


RULES = (
    has_the_shapes_it_says,
    missing_is_data,
    padding_is_not_data,
    no_sample_sees_another,
    gradients_reach_what_is_present,
    works_in_bfloat16,
    compiles,
    survives_a_state_dict,
    same_seed_same_result,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("make", every_encoder())
def test_encoder_keeps_the_rule(make: Make, rule: Callable[[Make], None]) -> None:
    rule(make)


@pytest.mark.slow
@pytest.mark.parametrize("make", every_encoder())
def test_encoder_compiles_to_machine_code(make: Make) -> None:
    compiles(make, backend="inductor")


def test_encoders_are_found() -> None:
    names = {case.id for case in every_encoder()}
    assert {"image/cnn", "audio/logmel_cnn", "text/gru", "text/transformer", "vector/mlp", "sequence/gru"} <= names


class Sound(Encoder):
    """Keeps all rules on waveforms, frame by frame; each encoder below differs from it by one mistake."""

    step = 100

    def __init__(self) -> None:
        super().__init__(dim=WIDTH)
        self.frames = nn.Conv1d(1, WIDTH, kernel_size=self.step, stride=self.step)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, modality: ModalityInput) -> Features:
        values, mask, present = modality
        mask = torch.ones_like(values, dtype=torch.bool) if mask is None else mask
        values, mask = (nn.functional.pad(one, (0, -one.shape[1] % self.step)) for one in (values, mask))
        tokens = self.out(self.frames(values[:, None]).mT)
        return self.finish(Features(tokens, mask[:, :: self.step], present))

    def finish(self, features: Features) -> Features:
        return features


class ForgetsTheMask(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(mask=features.mask[:, :1])


class IsWiderThanItSays(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(tokens=features.tokens.repeat(1, 1, 2))


class CountsPadding(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(tokens=features.tokens - features.tokens.mean(1, keepdim=True))


class CallsPaddingReal(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(mask=features.mask[:, :1].expand_as(features.mask))


class NormalisesTheBatch(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(tokens=features.tokens - features.tokens.mean(0))


class CutsAGradient(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(tokens=features.tokens.detach() + self.out.weight.sum() + self.out.bias)


class TakesTheRootOfNothing(Sound):
    def forward(self, modality: ModalityInput) -> Features:
        features = super().forward(modality)
        loud = (modality.values * self.out.bias[0]).square().sum(1).sqrt()
        return features._replace(tokens=features.tokens + loud[:, None, None])


class InsistsOnFloat32(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(tokens=features.tokens @ torch.eye(WIDTH))


class KnowsItIsCompiled(Sound):
    def finish(self, features: Features) -> Features:
        return features._replace(tokens=features.tokens * (2 if torch.compiler.is_compiling() else 1))


class ForgetsAParameter(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.rand(1)

    def finish(self, features: Features) -> Features:
        return features._replace(tokens=features.tokens * self.scale.to(features.tokens))


class RollsItsOwnDice(Sound):
    def finish(self, features: Features) -> Features:
        noise = torch.rand(features.tokens.shape, generator=torch.Generator().manual_seed(id(self)))
        return features._replace(tokens=features.tokens + noise.to(features.tokens))


class CleansNothing(FeatureFusionModel):
    def prepare(self, inputs: dict[str, ModalityInput]) -> dict[str, ModalityInput]:
        return {name: self.encoders[name].prepare(inputs[name]) for name in self.modalities}

    def encode(self, prepared: dict[str, ModalityInput]) -> dict[str, Features]:
        return {name: self.encoders[name](prepared[name]) for name in self.modalities}


def handmade(encoder: type[Encoder], *, seed: int = 0) -> FeatureFusionModel:
    torch.manual_seed(seed)
    return model_of(encoder(), "audio")


def careless(*, seed: int = 0) -> FeatureFusionModel:
    model = handmade(Sound, seed=seed)
    model.__class__ = CleansNothing
    return model


BROKEN = (
    (partial(handmade, ForgetsTheMask), has_the_shapes_it_says),
    (partial(handmade, IsWiderThanItSays), has_the_shapes_it_says),
    (careless, missing_is_data),
    (careless, padding_is_not_data),
    (partial(handmade, CountsPadding), padding_is_not_data),
    (partial(handmade, CallsPaddingReal), padding_is_not_data),
    (partial(handmade, NormalisesTheBatch), no_sample_sees_another),
    (partial(handmade, CutsAGradient), gradients_reach_what_is_present),
    (partial(handmade, TakesTheRootOfNothing), gradients_reach_what_is_present),
    (partial(handmade, InsistsOnFloat32), works_in_bfloat16),
    (partial(handmade, KnowsItIsCompiled), compiles),
    (partial(handmade, ForgetsAParameter), survives_a_state_dict),
    (partial(handmade, RollsItsOwnDice), same_seed_same_result),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_encoder_passes(rule: Callable[[Make], None]) -> None:
    rule(partial(handmade, Sound))


@pytest.mark.parametrize(
    ("broken", "rule"), BROKEN, ids=lambda one: one.args[0].__name__ if isinstance(one, partial) else one.__name__
)
def test_the_rule_notices(broken: Make, rule: Callable[[Make], None]) -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        rule(broken)


def test_every_rule_is_broken_once() -> None:
    assert {rule for _, rule in BROKEN} == set(RULES)
