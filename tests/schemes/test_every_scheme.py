"""Every scheme in conf/scheme trains, can be cut off and go on to the bit, and never looks at what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from fuselab.callbacks.resume import Resume
from fuselab.data.table import BatchLoader, Table
from fuselab.runs.compose import composer, resolved
from fuselab.tasks.classification import ClassificationTask
from fuselab.types import ModalityInput

SCHEMES = [path.stem for path in sorted((Path(__file__).parents[2] / "conf" / "scheme").glob("*.yaml"))]
FUSIONS = ("early/concat", "attention/cross", "late/mean")
SAMPLES, NAMES = 12, ("image", "audio", "text")
Fit = Callable[..., ClassificationTask]


@pytest.fixture(autouse=True)
def _float32() -> None:
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def compose():
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        yield lambda *overrides: resolved(hydra.compose(["width=8", *overrides]))


def table(
    task: ClassificationTask, *, mislabelled: int, garbage: float | None = None, without: str | None = None
) -> Table:
    """Draw a split in which modalities are missing; what is missing holds garbage.

    Validation is the train split with some wrong labels: so few samples generalise to no others.
    """
    draw = torch.Generator().manual_seed(1)
    present = {name: torch.rand(SAMPLES, generator=draw) < 0.7 for name in NAMES}
    if without:
        present[without] = torch.zeros(SAMPLES, dtype=torch.bool)
    values = {
        "image": torch.rand(SAMPLES, 1, 8, 8, generator=draw),
        "audio": torch.randn(SAMPLES, 6000, generator=draw),
        "text": torch.randint(1, 200, (SAMPLES, 7), generator=draw),
    }
    inputs = {name: ModalityInput(values[name], None, present[name]) for name in NAMES}
    prepared = task.model.prepare(inputs)
    if garbage is not None:
        prepared = {name: spoilt(one, garbage) for name, one in prepared.items()}
    target = torch.randint(0, 10, (SAMPLES,), generator=draw)
    target[:mislabelled] = (target[:mislabelled] + 1) % 10
    return Table(inputs=prepared, target=target, slice=torch.arange(SAMPLES) % 2)


def spoilt(one: ModalityInput, garbage: float) -> ModalityInput:
    there = one.present.view(-1, *[1] * (one.values.dim() - 1))
    bad = garbage if one.values.is_floating_point() else 10**9
    return one._replace(values=torch.where(there, one.values, bad))


@pytest.fixture
def fit(tmp_path: Path) -> Fit:
    """Train a task for some epochs, from a checkpoint where one is given."""

    def one(config: dict[str, Any], epochs: int, *, last: Path | None = None, **split: Any) -> ClassificationTask:
        pl.seed_everything(config["seed"], verbose=False)
        task = ClassificationTask(config=config)
        if last is not None:
            torch.manual_seed(12345)  # where the next process happens to be
        trainer = pl.Trainer(
            max_epochs=epochs,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            accelerator="cpu",
            deterministic=True,
            gradient_clip_val=1.0,
            num_sanity_val_steps=0,
            default_root_dir=str(tmp_path),
            callbacks=[Resume(began=0.0)],
        )
        given = [
            BatchLoader(
                table(task, mislabelled=wrong, **split),
                batch_size=4,
                shuffle=training,
                drop_last=training,
                seed=0,
                epoch=lambda: trainer.current_epoch,
                rank=0,
                world_size=1,
            )
            for wrong, training in ((0, True), (2, False))
        ]
        trainer.fit(task, *given, ckpt_path=last and str(last), weights_only=True)
        trainer.save_checkpoint(tmp_path / "last.ckpt")
        task.told = {name: float(value) for name, value in trainer.callback_metrics.items()}
        return task

    return one


def choices(scheme: str) -> list[str]:
    return [f"scheme={scheme}", "scheduler=constant", *(["scheme.every=2"] if scheme == "gradient_blend" else [])]


def state(task: ClassificationTask) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in task.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_training_that_was_cut_off_goes_on_to_the_bit(scheme, fusion, compose, fit, tmp_path):
    config = compose(f"fusion={fusion}", *choices(scheme))
    whole = state(fit(config, 3))
    fit(config, 1)
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)  # plain values and tensors
    assert content["hyper_parameters"] == {"config": config}
    went_on = fit(config, 3, last=tmp_path / "last.ckpt")
    assert same(state(went_on), whole)
    if fusion != "early/concat":
        return
    # What was trained matters: another scheme is another result.
    other = fit(compose(f"fusion={fusion}", *choices("auxiliary" if scheme == "none" else "none")), 3)
    model = {name: one for name, one in whole.items() if name.startswith("model.")}
    assert not same({name: one for name, one in state(other).items() if name.startswith("model.")}, model)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_missing_changes_no_weight(scheme, fusion, compose, fit):
    config = compose(f"fusion={fusion}", *choices(scheme))
    clean = state(fit(config, 2))
    assert all(tensor.isfinite().all() for tensor in clean.values())
    assert same(state(fit(config, 2, garbage=torch.nan)), clean)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_modality_that_nobody_has_breaks_nothing(scheme, fusion, compose, fit):
    config = compose(f"fusion={fusion}", *choices(scheme))
    task = fit(config, 2, without="audio", garbage=torch.nan)
    assert all(tensor.isfinite().all() for tensor in task.state_dict().values())


@pytest.mark.parametrize("fusion", ["late/stacking", "late/evidential", "late/mixture_of_experts", "late/uncertainty"])
def test_schemes_that_add_no_unimodal_loss_go_with_every_late_fusion(fusion, compose, fit):
    for scheme in ("modality_dropout", "pmr"):
        task = fit(compose(f"fusion={fusion}", *choices(scheme)), 1)
        assert all(tensor.isfinite().all() for tensor in task.state_dict().values())


def test_what_a_scheme_says_of_its_steps_is_logged(compose, fit):
    told = fit(compose(*choices("ogm_ge")), 1).told
    assert {f"train/coefficient/{name}" for name in NAMES} <= set(told)
    assert all(0 < told[f"train/coefficient/{name}"] <= 1 for name in NAMES)
    told = fit(compose(*choices("gradient_blend")), 1).told
    weights = [told[f"train/weight/{name}"] for name in ("joint", *NAMES)]
    assert sum(weights) == pytest.approx(1.0, rel=1e-5)
    assert max(weights) > 0.3


def test_evaluation_is_that_of_the_model_whatever_the_scheme(compose, fit):
    task = fit(compose(*choices("modality_dropout")), 1).eval()
    rows = table(task, mislabelled=0).inputs
    with torch.no_grad():
        assert torch.equal(task.model(rows).output, task.model(rows).output)
