"""A small model of either kind, and a batch in which modalities are missing, that the tests of all schemes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fuselab.fusion.early.concat import Concat
from fuselab.fusion.late.mean import Mean
from fuselab.models.fusion_model import DecisionFusionModel, FeatureFusionModel, FusionModel
from fuselab.schemes.base import Course, Scheme
from fuselab.types import Batch, Encoder, Features, Lesson, ModalityInput

NAMES = ("text", "image", "audio")
DIMS = {"image": 5, "audio": 3, "text": 4}
CLASSES, SAMPLES, TOKENS = 4, 6, 2
PRESENT = {
    "image": [True, False, True, True, False, False],
    "audio": [True, False, True, False, True, False],
    "text": [True, False, False, True, True, True],
}
Make = Callable[..., FusionModel]
sample_loss = partial(cross_entropy, reduction="none")


@pytest.fixture(autouse=True)
def _one_thread_in_float64() -> Iterator[None]:
    """Compare with loops to ten digits; tensors are tiny, so threads only wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


class Tokens(Encoder):
    """A linear map of each step."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim=dim)
        self.layer = nn.Linear(2, dim)

    def forward(self, modality: ModalityInput) -> Features:
        mask = torch.ones(modality.values.shape[:2], dtype=torch.bool)
        return Features(self.layer(modality.values), mask, modality.present)


def feature_model(names: tuple[str, ...] = NAMES) -> FusionModel:
    fusion = Concat(modalities=names, dims=DIMS, dim=7)
    encoders = {name: Tokens(DIMS[name]) for name in names}
    return FeatureFusionModel(encoders=encoders, fusion=fusion, head=nn.Linear(7, CLASSES))


def decision_model(names: tuple[str, ...] = NAMES) -> FusionModel:
    return DecisionFusionModel(
        encoders={name: Tokens(DIMS[name]) for name in names},
        fusion=Mean(modalities=names, space="probability"),
        heads={name: nn.Linear(DIMS[name], CLASSES) for name in names},
    )


def make_head(name: str) -> nn.Module:
    return nn.Linear(DIMS[name], CLASSES)


def make_batch(seed: int = 1, present: dict[str, list[bool]] | None = None) -> Batch:
    """Draw a batch: the first sample has everything, the second nothing; what is missing is as loud as the rest."""
    draw = torch.Generator().manual_seed(seed)
    inputs = {
        name: ModalityInput(
            torch.randn(SAMPLES, TOKENS, 2, generator=draw, dtype=torch.float64), None, torch.tensor(there)
        )
        for name, there in (present or PRESENT).items()
    }
    target = torch.randint(CLASSES, (SAMPLES,), generator=draw)
    return Batch(inputs=inputs, target=target, index=torch.arange(SAMPLES), slice=None)


def lesson_of(model: FusionModel, batch: Batch, epoch: int = 0) -> Lesson:
    prediction = model(batch.inputs)
    present = torch.stack([prediction.features[name].present for name in model.modalities], 1)
    return Lesson(prediction, present, batch.target, sample_loss, epoch)


def course_of(model: FusionModel, epoch: int, train: list[Batch], val: list[Batch], lr: float = 0.1) -> Course:
    return Course(
        epoch=epoch,
        model=model,
        train=lambda: iter(train),
        val=lambda: iter(val),
        sample_loss=sample_loss,
        make_optimizer=lambda parameters: torch.optim.SGD(parameters, lr=lr),
        clip=None,
        forward_context=nullcontext,
    )


@pytest.fixture(params=[feature_model, decision_model], ids=["features", "decisions"])
def model(request: pytest.FixtureRequest) -> FusionModel:
    return request.param()


@pytest.fixture
def batch() -> Batch:
    return make_batch()


@pytest.fixture
def attach() -> Callable[[Scheme, FusionModel], Scheme]:
    def one(scheme: Scheme, model: FusionModel) -> Scheme:
        scheme.check(model, strategy="auto")
        scheme.attach(model, make_head)
        return scheme

    return one


def alone(scheme: Scheme, model: FusionModel, batch: Batch, name: str, row: int) -> Tensor:
    """Return what a modality says of one sample, read off the mean of its tokens by hand."""
    head = model.heads[name] if isinstance(model, DecisionFusionModel) else scheme.heads[name]
    layer = model.encoders[name].layer
    tokens = [layer.weight @ token + layer.bias for token in batch.inputs[name].values[row]]
    return head.weight @ (sum(tokens) / len(tokens)) + head.bias
