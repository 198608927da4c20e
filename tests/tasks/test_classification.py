from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from fuselab.data.table import BatchLoader, Table
from fuselab.errors import ConfigError
from fuselab.tasks.classification import ClassificationTask
from fuselab.types import ModalityInput

CONF = Path(__file__).parents[2] / "conf"
SAMPLES = 10


def table(task: ClassificationTask) -> Table:
    draw = torch.Generator().manual_seed(1)
    everyone = torch.ones(SAMPLES, dtype=torch.bool)
    inputs = {
        "image": ModalityInput(torch.rand(SAMPLES, 1, 8, 8, generator=draw), None, everyone),
        "audio": ModalityInput(torch.randn(SAMPLES, 6000, generator=draw), None, everyone),
        "text": ModalityInput(torch.randint(1, 200, (SAMPLES, 7), generator=draw), None, everyone),
    }
    target = torch.randint(0, 10, (SAMPLES,), generator=draw)
    return Table(inputs=task.model.prepare(inputs), target=target, slice=torch.arange(SAMPLES) % 2)


def loader(task: ClassificationTask, batch_size: int, *, drop_last: bool = False) -> BatchLoader:
    return BatchLoader(
        table(task),
        batch_size=batch_size,
        shuffle=False,
        drop_last=drop_last,
        seed=0,
        epoch=lambda: 0,
        rank=0,
        world_size=1,
    )


def trainer(tmp_path: Path, **options: Any) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    quiet |= {"enable_checkpointing": False, "default_root_dir": str(tmp_path), "max_epochs": 1}
    return pl.Trainer(**(quiet | options))


def predict(task: ClassificationTask) -> Tensor:
    with torch.no_grad():
        return task.eval().model(table(task).inputs).output


class Rates(pl.Callback):
    """Note the learning rate and the tensors of the optimizer."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        (group,) = trainer.optimizers[0].param_groups
        self.rates.append(group["lr"])
        self.tensors = group["params"]


def expected_rates(name: str, steps: int) -> list[float]:
    if name == "constant":
        return [1.0] * steps
    if name == "warmup_cosine":
        # Three tenths of the steps, rounded.
        warm = round(0.3 * steps)
        fall = [0.5 * (1 + math.cos(math.pi * step / (steps - warm))) for step in range(steps - warm)]
        return [(step + 1) / warm for step in range(warm)] + fall
    raise NotImplementedError(f"say here what the rates of '{name}' are")


@pytest.mark.parametrize("scheduler", [path.stem for path in sorted((CONF / "scheduler").glob("*.yaml"))])
def test_every_schedule_goes_step_by_step_to_the_end_of_the_training(scheduler, compose, tmp_path):
    more = ["scheduler.warmup=0.3"] if scheduler == "warmup_cosine" else []
    task = ClassificationTask(config=compose(f"scheduler={scheduler}", "optimizer.lr=0.25", *more))
    rates = Rates()
    trainer(tmp_path, max_epochs=2, callbacks=[rates]).fit(task, loader(task, 2))
    assert rates.rates == pytest.approx([0.25 * factor for factor in expected_rates(scheduler, 10)])


def test_every_parameter_is_trained(compose, tmp_path):
    task = ClassificationTask(config=compose("fusion=early/gated"))
    before = {name: tensor.detach().clone() for name, tensor in task.named_parameters()}
    rates = Rates()
    trainer(tmp_path, callbacks=[rates]).fit(task, loader(task, 5))
    assert {id(one) for one in rates.tensors} == {id(one) for one in task.parameters()}
    assert not [name for name, tensor in task.named_parameters() if torch.equal(tensor, before[name])]


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("fused", [True, False])
def test_gradients_are_clipped_by_their_norm(fused, precision, compose, tmp_path):
    config = compose("scheduler=constant", "head=linear")
    # A plain step of size one: what the weights move is the gradient.
    config["optimizer"] = {"_target_": "torch.optim.SGD", "lr": 1.0, "fused": fused}

    def moved(**options: Any) -> Tensor:
        task = ClassificationTask(config=config)
        before = parameters_to_vector(task.parameters()).detach().clone()
        trainer(tmp_path, precision=precision, **options).fit(task, loader(task, SAMPLES))
        return parameters_to_vector(task.parameters()).detach() - before

    assert moved().norm() > 0.2
    assert float(moved(gradient_clip_val=0.1).norm()) == pytest.approx(0.1, rel=1e-3)
    assert float(moved(gradient_clip_val=100.0).norm()) == pytest.approx(float(moved().norm()), rel=1e-3)
    if not fused:
        by_value = moved(gradient_clip_val=0.001, gradient_clip_algorithm="value").abs().max()
        assert float(by_value) == pytest.approx(0.001, rel=1e-2)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_training_minimises_the_smoothed_loss_and_validation_reports_the_plain_one(smoothing, compose, tmp_path):
    config = compose("fusion=late/mean", f"task.label_smoothing={smoothing}", "head=linear", "optimizer.lr=0.0")
    task = ClassificationTask(config=config)
    target = table(task).target
    output = predict(task)
    run = trainer(tmp_path)
    run.fit(task, loader(task, 4), loader(task, 4))
    smoothed = cross_entropy(output, target, label_smoothing=smoothing)
    assert float(run.callback_metrics["train/loss"]) == pytest.approx(float(smoothed), rel=1e-5)
    assert float(run.callback_metrics["val/loss"]) == pytest.approx(float(cross_entropy(output, target)), rel=1e-5)


def test_a_fusion_with_a_loss_of_its_own_is_trained_by_it(compose, tmp_path):
    task = ClassificationTask(config=compose("fusion=late/stacking", "head=linear", "optimizer.lr=0.0"))
    batch = table(task).rows(torch.arange(SAMPLES))
    with torch.no_grad():
        prediction = task.eval().model(batch.inputs)
    joint = cross_entropy(prediction.output, batch.target, label_smoothing=0.1)
    alone = [cross_entropy(one, batch.target, label_smoothing=0.1) for one in prediction.per_modality.unbind(1)]
    run = trainer(tmp_path)
    run.fit(task, loader(task, SAMPLES), loader(task, SAMPLES))
    assert float(run.callback_metrics["train/loss"]) == pytest.approx(float(joint + sum(alone)), rel=1e-5)
    plain = float(cross_entropy(prediction.output, batch.target))
    assert float(run.callback_metrics["val/loss"]) == pytest.approx(plain, rel=1e-5)


def test_a_loss_of_its_own_knows_the_epoch(compose, tmp_path):
    task = ClassificationTask(config=compose("fusion=late/evidential", "optimizer.lr=0.0"))
    seen = []
    own_loss = task.model.fusion.own_loss

    def listen(lesson: Any) -> Tensor:
        seen.append(lesson.epoch)
        return own_loss(lesson)

    task.model.fusion.own_loss = listen
    trainer(tmp_path, max_epochs=3).fit(task, loader(task, 5))
    assert seen == [0, 0, 1, 1, 2, 2]


def test_a_schemes_heads_do_not_shorten_the_models_steps(compose, tmp_path):
    """Scoring heads have gradients of their own; the model is clipped as if they weren't there."""

    def moved(scheme: str) -> Tensor:
        config = compose("scheduler=constant", "head=linear", f"scheme={scheme}")
        config["optimizer"] = {"_target_": "torch.optim.SGD", "lr": 1.0}
        if scheme == "ogm_ge":
            config["scheme"] |= {"alpha": 1e-9, "noise": False}  # coefficients of one: it scores and does no more
        task = ClassificationTask(config=config)
        before = parameters_to_vector(task.model.parameters()).detach().clone()
        trainer(tmp_path, gradient_clip_val=0.1).fit(task, loader(task, SAMPLES))
        return parameters_to_vector(task.model.parameters()).detach() - before

    assert float(moved("ogm_ge").norm()) == pytest.approx(0.1, rel=1e-3)
    torch.testing.assert_close(moved("ogm_ge"), moved("none"), rtol=1e-4, atol=1e-6)


def test_a_scheme_that_needs_validation_says_so_without_it(compose, tmp_path):
    task = ClassificationTask(config=compose("scheme=gradient_blend"))
    with pytest.raises(ConfigError, match="scheme GradientBlend must have validation batches in every epoch"):
        trainer(tmp_path).fit(task, loader(task, 5))


def test_uneven_batches_give_the_metrics_of_the_whole(compose, tmp_path):
    task = ClassificationTask(config=compose())
    target, output = table(task).target, predict(task)
    run = trainer(tmp_path)
    (found,) = run.test(task, loader(task, 4), verbose=False)
    right = (output.argmax(1) == target).float()
    assert found["test/loss"] == pytest.approx(float(cross_entropy(output, target)), rel=1e-5)
    assert found["test/accuracy"] == pytest.approx(float(right.mean()))
    assert found["test/accuracy/unique_image"] == pytest.approx(float(right[::2].mean()))
    assert found["test/accuracy/unique_audio"] == pytest.approx(float(right[1::2].mean()))
    assert math.isnan(found["test/accuracy/redundant"])
    assert {"test/macro_f1", "test/calibration_error"} <= set(found)


def test_a_second_pass_counts_anew(compose, tmp_path):
    config = compose()
    task, fresh = ClassificationTask(config=config), ClassificationTask(config=config)

    def validate(one: ClassificationTask, size: int) -> dict[str, float]:
        return dict(trainer(tmp_path).validate(one, loader(one, size, drop_last=True), verbose=False)[0])

    whole, part = validate(task, 10), validate(task, 9)
    assert part == pytest.approx(validate(fresh, 9), nan_ok=True)
    assert part["val/calibration_error"] != whole["val/calibration_error"]
    assert all(name.startswith("val/") for name in whole)


def test_validation_and_test_share_no_metric(compose):
    task = ClassificationTask(config=compose())
    val, test = ({id(one) for one in metrics.modules()} for metrics in (task.val_metrics, task.test_metrics))
    assert not val & test


def test_the_test_tells_each_prediction(compose, tmp_path):
    task = ClassificationTask(config=compose())
    told = []

    class Listen(pl.Callback):
        def on_test_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
            told.append(outputs)

    trainer(tmp_path, callbacks=[Listen()]).test(task, loader(task, 4), verbose=False)
    whole = {name: torch.cat([one[name] for one in told]) for name in told[0]}
    assert whole["index"].tolist() == list(range(SAMPLES))
    assert torch.equal(whole["slice"], torch.arange(SAMPLES) % 2)
    assert torch.equal(whole["target"], table(task).target)
    torch.testing.assert_close(whole["output"], predict(task), rtol=0, atol=1e-6)


def plain(value: Any) -> bool:
    """Say whether a value is made of what any reader of the file knows."""
    if isinstance(value, dict):
        return type(value).__name__ in ("dict", "OrderedDict") and all(map(plain, [*value, *value.values()]))
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and all(map(plain, value))
    return value is None or type(value) in (bool, int, float, str, Tensor)


@pytest.mark.parametrize("fusion", ["attention/transformer", "late/weighted"])
def test_a_checkpoint_is_the_plain_config_and_the_weights(fusion, compose, tmp_path):
    config = compose(f"fusion={fusion}", "encoder/text=gru", "seed=3")
    task = ClassificationTask(config=config)
    keep = pl.callbacks.ModelCheckpoint(dirpath=tmp_path, filename="best", monitor="train/loss")
    stop = pl.callbacks.EarlyStopping(monitor="train/loss")
    run = trainer(tmp_path, callbacks=[keep, stop], enable_checkpointing=True, max_epochs=2)
    run.fit(task, loader(task, 5))
    run.save_checkpoint(tmp_path / "now.ckpt")
    content = torch.load(tmp_path / "now.ckpt", weights_only=True)
    assert [key for key, value in content.items() if not plain(value)] == []
    assert content["hyper_parameters"] == {"config": config}
    torch.manual_seed(99)
    loaded = ClassificationTask.load_from_checkpoint(tmp_path / "now.ckpt", weights_only=True)
    assert torch.equal(predict(loaded), predict(task))
    assert not torch.equal(predict(loaded), predict(ClassificationTask(config=config)))
    assert (tmp_path / "best.ckpt").is_file()


SPLITS = {
    "train": torch.tensor([0, 0, 0, 0, 0, 1, 1, 2]),
    "val": torch.tensor([2, 2, 2, 1]),
    "test": torch.tensor([2, 2, 2, 2]),
}
ALONE = ("fusion=unimodal/image", "head=linear", "optimizer.lr=0.0", "data.outputs=3", "task.label_smoothing=0.0")


@pytest.mark.parametrize(
    ("more", "weight", "gamma"),
    [
        (("task.class_weights=[1,2,4]",), [1, 2, 4], 0),
        (("task.class_weights=inverse_frequency",), [8 / 15, 4 / 3, 8 / 3], 0),
        (("task.focal_gamma=2",), [1, 1, 1], 2),
        (("task.class_weights=inverse_frequency", "task.focal_gamma=1.5"), [8 / 15, 4 / 3, 8 / 3], 1.5),
    ],
    ids=["given", "of train", "focal", "both"],
)
def test_training_weighs_classes_and_validation_does_not(more, weight, gamma, compose, fit, outputs):
    """Weights are counted in train alone: val and test hold other shares."""
    task = ClassificationTask(config=compose(*ALONE, *more))
    trainer, module = fit(task, **SPLITS)
    p = outputs(task, module, "train").softmax(1)[torch.arange(8), SPLITS["train"]]
    expected = (torch.tensor(weight)[SPLITS["train"]] * (1 - p) ** gamma * -p.log()).mean()
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(float(expected), rel=1e-5)
    plain = cross_entropy(outputs(task, module, "val"), SPLITS["val"])
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(float(plain), rel=1e-5)


def test_weights_multiply_the_smoothed_loss(compose):
    config = compose(*ALONE[:-1], "task.label_smoothing=0.2", "task.class_weights=[1,2,4]")
    logits, target = torch.randn(8, 3), SPLITS["train"]
    smoothed = cross_entropy(logits, target, reduction="none", label_smoothing=0.2)
    expected = torch.tensor([1.0, 2.0, 4.0])[target] * smoothed
    task = ClassificationTask(config=config)
    torch.testing.assert_close(task.sample_loss(logits, target), expected)
    torch.testing.assert_close(task.loss(logits, target), expected.mean())


def test_weights_travel_in_the_checkpoint_and_nothing_does_without_them(compose, fit, tmp_path):
    config = compose(*ALONE, "task.class_weights=inverse_frequency")
    task = ClassificationTask(config=config)
    trainer, _ = fit(task, **SPLITS)
    trainer.save_checkpoint(tmp_path / "now.ckpt")
    loaded = ClassificationTask.load_from_checkpoint(tmp_path / "now.ckpt", weights_only=True)
    assert loaded.class_weight_C.tolist() == pytest.approx([8 / 15, 4 / 3, 8 / 3])
    plain = ClassificationTask(config=compose(*ALONE)).state_dict()
    assert set(task.state_dict()) - set(plain) == {"class_weight_C"}


def test_weights_of_train_need_a_datamodule(compose, tmp_path):
    task = ClassificationTask(config=compose("task.class_weights=inverse_frequency"))
    with pytest.raises(ConfigError, match="weights of the loss must come from a DataModule's train split; pass one"):
        trainer(tmp_path).fit(task, loader(task, 5))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "task.class_weights=[1,2]",
            r"task\.class_weights \(\[1, 2\]\) must be null, inverse_frequency, or a list of 10",
        ),
        ("task.focal_gamma=-1", r"task\.focal_gamma \(-1\) must be a number of at least 0"),
        ("task.focal_gamma=2", r"task\.label_smoothing \(0\.1\) must be 0 for the focal loss"),
        (
            "task.metrics=[acuracy]",
            r"task\.metrics \(acuracy\) must be metrics of ClassificationTask; did you mean 'accur",
        ),
    ],
)
def test_a_config_that_can_not_be(more, said, compose):
    with pytest.raises(ConfigError, match=said):
        ClassificationTask(config=compose(more))


def test_only_the_metrics_of_the_config_are_logged(compose, tmp_path):
    task = ClassificationTask(config=compose("task.metrics=[accuracy]"))
    (found,) = trainer(tmp_path).test(task, loader(task, 4), verbose=False)
    assert {name.removeprefix("test/").partition("/")[0] for name in found} == {"accuracy"}
