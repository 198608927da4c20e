from __future__ import annotations

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch.nn.functional import binary_cross_entropy_with_logits

from fuselab.errors import ConfigError, DataError
from fuselab.tasks.multilabel import MultilabelTask

CHOICE = ("task=multilabel", "data.outputs=3", "fusion=unimodal/image", "head=linear", "optimizer.lr=0.0")
SPLITS = {
    "train": torch.tensor([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]]),
    "val": torch.tensor([[1, 1, 0]] * 6),
    "test": torch.tensor([[1, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0], [1, 1, 1]]),
}


@pytest.mark.parametrize(
    ("more", "positive"),
    [
        ((), [1, 1, 1]),
        (("task.positive_weights=[2,3,4]",), [2, 3, 4]),
        (("task.positive_weights=inverse_frequency",), [1 / 3, 3, 1]),
    ],
    ids=["none", "given", "of train"],
)
def test_training_minimises_the_weighted_loss_and_validation_reports_the_plain_one(
    more, positive, compose, fit, outputs
):
    task = MultilabelTask(config=compose(*CHOICE, *more))
    trainer, module = fit(task, **SPLITS)
    said = outputs(task, module, "train")
    weight = torch.tensor(positive, dtype=torch.float32)
    expected = binary_cross_entropy_with_logits(said, SPLITS["train"].float(), pos_weight=weight)
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(float(expected), rel=1e-5)
    plain = binary_cross_entropy_with_logits(outputs(task, module, "val"), SPLITS["val"].float())
    assert float(trainer.callback_metrics["val/loss"]) == pytest.approx(float(plain), rel=1e-5)


def test_focus_and_weights_multiply(compose):
    config = compose(*CHOICE, "task.focal_gamma=2", "task.positive_weights=[2,3,4]")
    logits, target = torch.randn(5, 3), SPLITS["test"]
    p = torch.where(target == 1, logits.sigmoid(), 1 - logits.sigmoid())
    weight = torch.where(target == 1, torch.tensor([2.0, 3.0, 4.0]), 1.0)
    expected = (weight * (1 - p) ** 2 * -p.log()).mean(1)
    task = MultilabelTask(config=config)
    torch.testing.assert_close(task.sample_loss(logits, target), expected)
    torch.testing.assert_close(task.loss(logits, target), expected.mean())


def test_the_test_reports_what_scikit_learn_counts(compose, fit, outputs):
    task = MultilabelTask(config=compose(*CHOICE))
    trainer, module = fit(task, tested=True, **SPLITS)
    chosen, true = (outputs(task, module, "test") > 0).numpy(), SPLITS["test"].numpy()
    found = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert found["test/subset_accuracy"] == pytest.approx(accuracy_score(true, chosen))
    assert found["test/subset_accuracy/unique_audio"] == pytest.approx(accuracy_score(true[1::2], chosen[1::2]))
    assert found["test/micro_f1"] == pytest.approx(f1_score(true, chosen, average="micro", zero_division=0))


def test_late_fusion_averages_logits(compose):
    config = compose("task=multilabel", "fusion=late/mean")
    assert MultilabelTask(config=config).model.fusion.space == "value"


def test_a_fusion_of_classes_says_so(compose):
    with pytest.raises(ConfigError, match=r"fusion\.space \(value\) must be 'probability' for a vote"):
        MultilabelTask(config=compose("task=multilabel", "fusion=late/vote"))


def test_targets_of_another_shape_are_named(compose):
    task = MultilabelTask(config=compose(*CHOICE))
    with pytest.raises(
        DataError, match=r"the targets \(4,\) must be 0 or 1 for each sample and label \(4, 3\); set data"
    ):
        task.loss(torch.zeros(4, 3), torch.zeros(4))
