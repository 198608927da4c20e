"""Every fusion in conf/fusion keeps the rules of the contract, and each rule is broken once on purpose.

A rule is a function that takes a way to make fusions and raises where one breaks it. Late fusions take the same
features: one token per modality, whose first numbers are read as its logits and the rest as its pooled features.
Gradients are those of what training minimises: of a fusion's own loss where it has one, else of its output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import torch
from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch._dynamo.exc import Unsupported

from fuselab.errors import ConfigError
from fuselab.fusion.base import (
    MAX_MODALITIES,
    Decision,
    DecisionFusion,
    FeatureFusion,
    Fusion,
    InformedDecisionFusion,
    LateFusion,
    TokenFusion,
)
from fuselab.types import Features, Fused, Lesson, OwnLoss, Prediction

CONF = Path(__file__).parents[2] / "conf" / "fusion"
NAMES = ("image", "audio", "text", "tabular", "sequence", "video")
DIMS = dict(zip(NAMES, (6, 9, 4, 6, 3, 5), strict=True))
TOKENS = dict(zip(NAMES, (4, 3, 5, 1, 2, 3), strict=True))
CLASSES, WIDTH, SAMPLES = 5, 8, 10
Make = Callable[..., Fusion]
Data = dict[str, Features]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors are tiny here: threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def from_config(path: Path, space: str, *, modalities: Sequence[str] = NAMES[:3], seed: int = 0) -> Fusion:
    config = OmegaConf.create(
        {"fusion": OmegaConf.load(path), "data": {"modalities": list(modalities), "outputs": CLASSES}, "width": WIDTH}
        | {"task": {"space": space}}
    )
    torch.manual_seed(seed)
    takes_features = issubclass(get_class(config.fusion._target_), FeatureFusion | InformedDecisionFusion)
    try:
        return instantiate(config.fusion, **({"dims": DIMS} if takes_features else {})).eval()
    except InstantiationException as wrapped:
        raise wrapped.__cause__ or wrapped from None


def every_fusion() -> list[pytest.ParameterSet]:
    cases = []
    for path in sorted(CONF.rglob("*.yaml")):
        name = path.relative_to(CONF).with_suffix("").as_posix()
        cases.append(pytest.param(partial(from_config, path, "probability"), id=name))
        if issubclass(get_class(OmegaConf.load(path)._target_), LateFusion):
            with suppress(ConfigError):  # a method may refuse values, never probabilities
                from_config(path, "value")
                cases.append(pytest.param(partial(from_config, path, "value"), id=f"{name}-of-values"))
    return cases


def sample(fusion: Fusion, seed: int = 0) -> Data:
    """Draw features: sample 0 has everything, sample 1 nothing, the others what chance gives."""
    draw = torch.Generator().manual_seed(seed)
    features = {}
    for name in reversed(NAMES):  # an order that no fusion has
        tokens, width = TOKENS[name], DIMS[name]
        if isinstance(fusion, LateFusion):
            tokens, width = 1, CLASSES + (DIMS[name] if isinstance(fusion, InformedDecisionFusion) else 0)
        present = torch.rand(SAMPLES, generator=draw) < 0.6
        present[0], present[1] = True, False
        mask = torch.rand(SAMPLES, tokens, generator=draw) < 0.7
        mask[:, 0] = True
        # Numbers that bfloat16 holds exactly, so that precision is compared on the same input.
        values = torch.randn(SAMPLES, tokens, width, generator=draw).bfloat16().float()
        features[name] = Features(values, mask, present)
    return features


def run(fusion: Fusion, features: Data, compiled: Callable | None = None) -> tuple[Tensor, Tensor | None]:
    call = fusion if compiled is None else compiled
    if not isinstance(fusion, LateFusion):
        return tuple(call(features))
    present = {name: one.present for name, one in features.items()}
    if not isinstance(fusion, InformedDecisionFusion):
        return tuple(call(logits_of(features), present))
    return tuple(
        call(logits_of(features), present, {name: one.tokens[:, 0, CLASSES:] for name, one in features.items()})
    )


def logits_of(features: Data) -> dict[str, Tensor]:
    return {name: one.tokens[:, 0, :CLASSES] for name, one in features.items()}


def minimised(fusion: Fusion, features: Data, output: Tensor) -> Tensor:
    """Return what training minimises: a fusion's own loss, else any loss of the output."""
    if not isinstance(fusion, OwnLoss):
        # No two weights are equal: the gradient of a sum of probabilities would be zero.
        return (output * torch.linspace(0.1, 1.3, output.numel()).view_as(output) ** 2).sum()
    alone = torch.stack(fusion.in_order(logits_of(features)), 1) if isinstance(fusion, LateFusion) else None
    present = torch.stack([one.present for one in fusion.in_order(features)], 1)
    draw = torch.Generator().manual_seed(9)
    if getattr(fusion, "space", "probability") == "value":
        target, loss = torch.randn(SAMPLES, CLASSES, generator=draw), squared
    else:
        target = torch.randint(CLASSES, (SAMPLES,), generator=draw)
        loss = partial(nn.functional.cross_entropy, reduction="none")
    return fusion.own_loss(Lesson(Prediction(output, None, None, alone, features), present, target, loss, epoch=3))


def squared(outputs: Tensor, target: Tensor) -> Tensor:
    return (outputs.float() - target).square().sum(1)


def each(features: Data, change: Callable[[Features], Features]) -> Data:
    return {name: change(one) for name, one in features.items()}


def leaves_of(features: Data) -> Data:
    return each(features, lambda one: one._replace(tokens=one.tokens.clone().requires_grad_()))


def assert_same(one: tuple, other: tuple, tolerance: float = 0.0) -> None:
    for ours, theirs in zip(one, other, strict=True):
        if ours is not None:
            torch.testing.assert_close(ours.float(), theirs.float(), rtol=0, atol=tolerance)


def missing_is_data(make: Make) -> None:
    fusion = make()
    features = sample(fusion)
    for garbage in (torch.nan, torch.inf, 1e30):
        spoilt = each(
            features,
            lambda one, g=garbage: Features(
                torch.where(one.present[:, None, None], one.tokens, g), one.mask | ~one.present[:, None], one.present
            ),
        )
        assert_same(run(fusion, features), run(fusion, spoilt))


def padding_is_not_data(make: Make) -> None:
    fusion = make()
    if isinstance(fusion, LateFusion):
        return  # has no tokens
    features = sample(fusion)

    def spoil(one: Features) -> Features:
        tokens = torch.where(one.mask[..., None], one.tokens, torch.nan)
        longer = torch.full((SAMPLES, 3, tokens.shape[-1]), 7.0)
        mask = torch.cat([one.mask, torch.zeros(SAMPLES, 3, dtype=torch.bool)], 1)
        return Features(torch.cat([tokens, longer], 1), mask, one.present)

    assert_same(run(fusion, features), run(fusion, each(features, spoil)), 1e-5)


def order_of_the_dict_is_nothing(make: Make) -> None:
    fusion = make(modalities=("text", "image", "tabular"))  # image and tabular are equally wide
    features = sample(fusion)
    assert_same(run(fusion, features), run(fusion, {name: features[name] for name in sorted(features)}))
    assert_same(run(fusion, features), run(fusion, {name: features[name] for name in sorted(features, reverse=True)}))


def any_number_of_modalities(make: Make) -> None:
    for count in range(1, MAX_MODALITIES + 1):
        try:
            fusion = make(modalities=NAMES[:count])
        except ConfigError as error:
            if count == 2 or "fusion.modalities" not in str(error):
                raise
            continue  # bimodal by nature, and says so
        features = sample(fusion)
        output, weights = run(fusion, features)
        assert output.shape == (SAMPLES, CLASSES if isinstance(fusion, LateFusion) else fusion.dim)
        assert weights is None or weights.shape == (SAMPLES, len(fusion.modalities))
        reached(fusion, features)


def reached(fusion: Fusion, features: Data) -> None:
    """Gradients reach all that is present, nothing that is not, and are finite everywhere."""
    fusion.zero_grad()
    leaves = leaves_of(features)
    output, _ = run(fusion, leaves)
    assert output.isfinite().all()
    minimised(fusion, leaves, output).backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in fusion.parameters())
    for name in fusion.modalities:
        grad = leaves[name].tokens.grad
        assert grad is not None, name
        assert grad.isfinite().all(), name
        reach = grad.abs().sum((1, 2))
        assert torch.equal(reach > 0, features[name].present), name


def gradients_reach_what_is_present(make: Make) -> None:
    fusion = make()
    features = sample(fusion)
    nobody = torch.zeros(SAMPLES, dtype=torch.bool)
    reached(fusion, features)
    for name in fusion.modalities:
        reached(fusion, features | {name: features[name]._replace(present=nobody)})
    reached(fusion, each(features, lambda one: one._replace(present=nobody)))


def works_in_bfloat16(make: Make) -> None:
    fusion = make()
    features = sample(fusion)
    exact = run(fusion, features)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_same(exact, run(fusion, features), 0.05)
        reached(fusion, features)
    low = each(features, lambda one: one._replace(tokens=one.tokens.bfloat16()))
    fusion.bfloat16()
    assert_same(exact, run(fusion, low), 0.05)
    reached(fusion, low)


def compiles(make: Make, backend: str = "aot_eager") -> None:
    fusion = make(modalities=NAMES[:2])  # compiling takes seconds for each pair
    features = sample(fusion)
    torch.compiler.reset()
    compiled = torch.compile(fusion, backend=backend, fullgraph=True)
    results = []
    for call in (fusion, compiled):
        leaves = leaves_of(features)
        output, weights = run(fusion, leaves, call)
        output.square().sum().backward()
        results.append((output, weights, *(leaves[name].tokens.grad for name in fusion.modalities)))
    assert_same(*results, 1e-4)


def survives_a_state_dict(make: Make) -> None:
    trained, fresh = make(seed=0), make(seed=1)
    for tensor in trained.parameters():
        nn.init.normal_(tensor, std=0.5)
    fresh.load_state_dict(trained.state_dict())
    features = sample(trained)
    assert_same(run(trained, features), run(fresh, features))


def same_seed_same_result(make: Make) -> None:
    one, other = make(seed=3).train(), make(seed=3).train()
    assert_same(tuple(one.state_dict().values()), tuple(other.state_dict().values()))
    features = sample(one)
    torch.manual_seed(4)
    first = run(one, features)
    torch.manual_seed(4)
    assert_same(first, run(other, features))


def no_sample_sees_another(make: Make) -> None:
    fusion = make().train()
    for module in fusion.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    features = sample(fusion)
    together = run(fusion, features)
    for rows in (torch.randperm(SAMPLES), torch.tensor([0]), torch.tensor([1]), torch.tensor([5, 0, 2])):
        chosen = tuple(None if one is None else one[rows] for one in together)
        assert_same(chosen, run(fusion, each(features, lambda one, r=rows: Features(*(part[r] for part in one)))), 1e-5)


def weights_are_shares(make: Make) -> None:
    fusion = make()
    for tensor in fusion.parameters():
        nn.init.normal_(tensor)
    features = sample(fusion)
    _, weights = run(fusion, features)
    if weights is None:
        return
    present = torch.stack([features[name].present for name in fusion.modalities], 1)
    assert torch.equal(weights > 0, present)
    torch.testing.assert_close(weights.sum(1), present.any(1).float(), rtol=0, atol=1e-6)


RULES = (
    missing_is_data,
    padding_is_not_data,
    order_of_the_dict_is_nothing,
    any_number_of_modalities,
    gradients_reach_what_is_present,
    works_in_bfloat16,
    compiles,
    survives_a_state_dict,
    same_seed_same_result,
    no_sample_sees_another,
    weights_are_shares,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("make", every_fusion())
def test_fusion_keeps_the_rule(make: Make, rule: Callable[[Make], None]) -> None:
    rule(make)


@pytest.mark.slow
@pytest.mark.parametrize("make", every_fusion())
def test_fusion_compiles_to_machine_code(make: Make) -> None:
    compiles(make, backend="inductor")


class Sound(TokenFusion):
    """Keeps all rules; each fusion below differs from it by one mistake."""

    def __init__(self, *, modalities: Sequence[str] = NAMES[:3], seed: int = 0) -> None:
        torch.manual_seed(seed)
        super().__init__(modalities=modalities, dims=DIMS, dim=WIDTH)
        self.maps = nn.ModuleList(nn.Linear(width, WIDTH) for width in self.dims)

    def fuse(self, features: list[Features]) -> Fused:
        present = torch.stack([one.present for one in features], 1)
        mapped = torch.stack([linear(one.pooled()) for linear, one in zip(self.maps, features, strict=True)], 1)
        weights = present / present.sum(1, keepdim=True).clamp(min=1)
        return Fused((mapped * weights[..., None].to(mapped.dtype)).sum(1), weights)


class ReadsMissing(Sound):
    def forward(self, features: Data) -> Fused:
        return self.fuse(self.in_order(features))

    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(embedding=fused.embedding + features[0].tokens.mean((1, 2))[:, None])


class ReadsWeightsOffMissing(Sound):
    def forward(self, features: Data) -> Fused:
        loud = torch.stack([one.tokens.mean((1, 2)) for one in self.in_order(features)], 1)
        return super().forward(features)._replace(weights=loud.softmax(1))


class CountsPadding(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        return super().fuse([one._replace(mask=torch.ones_like(one.mask)) for one in features])


class ReadsOrderOfDict(Sound):
    def in_order(self, by_name: Data) -> list[Features]:
        swapped = [by_name[name] for name in by_name if name in ("image", "tabular")]
        return [swapped.pop(0) if name in ("image", "tabular") else by_name[name] for name in self.modalities]


class KnowsThreeOnly(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        return super().fuse([*features, *features[-1:] * (len(self.maps) - len(features))][:3])


class RefusesInOtherWords(Sound):
    def __init__(self, *, modalities: Sequence[str] = NAMES[:3], seed: int = 0) -> None:
        super().__init__(modalities=modalities, seed=seed)
        if len(modalities) != 2:
            raise ConfigError("no")


class TakesTheRootOfNothing(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(embedding=fused.embedding * fused.embedding.square().sum(1, keepdim=True).sqrt())


class CutsAGradient(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        return super().fuse([features[0]._replace(tokens=features[0].tokens.detach()), *features[1:]])


class InsistsOnFloat32(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(embedding=fused.embedding @ torch.eye(WIDTH))


class BranchesOnData(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        return super().fuse(features if features[0].present.all() else list(features))


class ForgetsAParameter(Sound):
    def __init__(self, *, modalities: Sequence[str] = NAMES[:3], seed: int = 0) -> None:
        super().__init__(modalities=modalities, seed=seed)
        self.scale = torch.rand(1)

    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(embedding=fused.embedding * self.scale.to(fused.embedding))


class RollsItsOwnDice(ForgetsAParameter):
    def __init__(self, *, modalities: Sequence[str] = NAMES[:3], seed: int = 0) -> None:
        super().__init__(modalities=modalities, seed=seed)
        self.scale = torch.rand(1, generator=torch.Generator().manual_seed(id(self)))


class NormalisesTheBatch(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(embedding=fused.embedding - fused.embedding.mean(0))


class ReadsTheRowNumber(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(embedding=fused.embedding + torch.arange(len(fused.embedding))[:, None])


class WeighsMissing(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(weights=torch.full_like(fused.weights, 1 / 3))


class WeighsTooMuch(Sound):
    def fuse(self, features: list[Features]) -> Fused:
        fused = super().fuse(features)
        return fused._replace(weights=2 * fused.weights)


class TeachesTheTopOnly(OwnLoss, DecisionFusion):
    """Decides on outputs that it cuts off, as stacking does, and forgets to teach them otherwise."""

    def __init__(self, *, modalities: Sequence[str] = NAMES[:3]) -> None:
        super().__init__(modalities=modalities, space="probability")
        self.top = nn.Linear(CLASSES, CLASSES)

    def combine(self, outputs_BMC: Tensor, present_BM: Tensor) -> Decision:
        return Decision(self.top(outputs_BMC.detach().sum(1)).log_softmax(-1), None)

    def own_loss(self, lesson: Lesson) -> Tensor:
        return lesson.sample_loss(lesson.prediction.output, lesson.target).mean()


class TeachesWhoIsMissing(TeachesTheTopOnly):
    def own_loss(self, lesson: Lesson) -> Tensor:
        alone = lesson.prediction.per_modality.unbind(1)
        return super().own_loss(lesson) + sum(lesson.sample_loss(one, lesson.target).mean() for one in alone)


BROKEN = (
    (ReadsMissing, missing_is_data, AssertionError),
    (ReadsWeightsOffMissing, missing_is_data, AssertionError),
    (CountsPadding, padding_is_not_data, AssertionError),
    (ReadsOrderOfDict, order_of_the_dict_is_nothing, AssertionError),
    (KnowsThreeOnly, any_number_of_modalities, ValueError),
    (RefusesInOtherWords, any_number_of_modalities, ConfigError),
    (TakesTheRootOfNothing, gradients_reach_what_is_present, AssertionError),
    (CutsAGradient, gradients_reach_what_is_present, AssertionError),
    (TeachesTheTopOnly, gradients_reach_what_is_present, AssertionError),
    (TeachesWhoIsMissing, gradients_reach_what_is_present, AssertionError),
    (InsistsOnFloat32, works_in_bfloat16, RuntimeError),
    (BranchesOnData, compiles, Unsupported),
    (ForgetsAParameter, survives_a_state_dict, AssertionError),
    (RollsItsOwnDice, same_seed_same_result, AssertionError),
    (NormalisesTheBatch, no_sample_sees_another, AssertionError),
    (ReadsTheRowNumber, no_sample_sees_another, AssertionError),
    (WeighsMissing, weights_are_shares, AssertionError),
    (WeighsTooMuch, weights_are_shares, AssertionError),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_fusion_passes(rule: Callable[[Make], None]) -> None:
    rule(Sound)


@pytest.mark.parametrize(("broken", "rule", "error"), BROKEN, ids=lambda one: one.__name__)
def test_the_rule_notices(broken: Make, rule: Callable[[Make], None], error: type[Exception]) -> None:
    with pytest.raises(error):
        rule(broken)


def test_every_rule_is_broken_once() -> None:
    assert {rule for _, rule, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(CONF.rglob("*.yaml")) if OmegaConf.load(path).get("dropout")],
    ids=lambda path: path.stem,
)
def test_dropout_drops_in_training_only(path):
    fusion = from_config(path, "probability")
    features = sample(fusion)
    assert_same(run(fusion, features), run(fusion, features))
    fusion.train()
    assert not torch.equal(run(fusion, features)[0], run(fusion, features)[0])
