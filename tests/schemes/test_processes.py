"""Several processes, each with its share of every batch, take the same step and come to the same weights as one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, multiprocessing

from fuselab.models.fusion_model import FusionModel
from fuselab.schemes.base import Scheme
from fuselab.schemes.gradient_blend import GradientBlend
from fuselab.schemes.ogm_ge import OgmGe
from fuselab.schemes.pmr import Pmr
from fuselab.types import Batch

from .conftest import CLASSES, PRESENT, course_of, feature_model, lesson_of, make_batch, make_head

EVERYWHERE = dict.fromkeys(PRESENT, [True] * 6)
Share = Callable[[Batch], Batch]
Work = Callable[[FusionModel, Share, int], dict[str, Tensor]]


def attached(scheme: Scheme, model: FusionModel) -> Any:
    scheme.attach(model, make_head)
    return scheme


def blended(model: FusionModel, share: Share, seed: int) -> dict[str, Tensor]:
    scheme = attached(GradientBlend(every=2), model)
    train, val = ([share(make_batch(seed, EVERYWHERE)) for seed in seeds] for seeds in ((1, 2), (3, 4)))
    scheme.before_epoch(course_of(model, 0, train, val))
    return {"weights": scheme.weights}


def prototypes(model: FusionModel, share: Share, seed: int) -> dict[str, Tensor]:
    scheme = attached(Pmr(alpha=1.0, mu=0.1, entropy_epochs=1, classes=CLASSES, space="probability"), model)
    scheme.before_epoch(course_of(model, 0, [share(make_batch(seed)) for seed in (1, 2)], []))
    return dict(scheme.named_buffers())


def coefficients(model: FusionModel, share: Share, seed: int) -> dict[str, Tensor]:
    scheme = attached(OgmGe(alpha=0.5, noise=True, space="probability"), model)
    lesson = lesson_of(model, share(make_batch(1)))
    scheme.loss(lesson.prediction.output.sum(), lesson)
    for one in model.parameters():  # as DDP leaves them: the same in every process
        one.grad = torch.arange(one.numel(), dtype=torch.float64).view_as(one)
    torch.manual_seed(seed)
    scheme.change_gradients(model)
    return scheme.report() | {name: one.grad for name, one in model.encoders.named_parameters()}


def process(rank: int, work: Work, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.save(run(work, lambda batch: every_other(batch, rank), seed=rank), Path(folder) / f"{rank}.pt")
    torch.distributed.destroy_process_group()
    os._exit(0)  # what the parent holds is the parent's to close


def run(work: Work, share: Share, *, seed: int) -> dict[str, Tensor]:
    """Do the work with a model that is the same everywhere; noise is drawn wherever the process's stream is."""
    torch.manual_seed(0)
    return {name: one.clone() for name, one in work(feature_model(), share, seed).items()}


def every_other(batch: Batch, rank: int) -> Batch:
    rows = slice(rank, None, 2)
    inputs = {
        name: one._replace(values=one.values[rows], present=one.present[rows]) for name, one in batch.inputs.items()
    }
    return replace(batch, inputs=inputs, target=batch.target[rows], index=batch.index[rows])


@pytest.mark.cluster
@pytest.mark.parametrize("work", [blended, prototypes, coefficients], ids=lambda work: work.__name__)
def test_processes_agree_with_one_another_and_with_one_that_is_alone(work, tmp_path):
    multiprocessing.start_processes(process, args=(work, str(tmp_path)), nprocs=2, start_method="fork")
    one, other = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    alone = run(work, lambda batch: batch, seed=0)
    for name, tensor in one.items():
        if work is not coefficients or name.startswith("coefficient/"):  # noise has no equal
            torch.testing.assert_close(tensor, alone[name], rtol=1e-9, atol=1e-12)
