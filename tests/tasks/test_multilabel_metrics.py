from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, log_loss

from fuselab.tasks.multilabel_metrics import MultilabelMetrics

SAMPLES, LABELS = 80, 4


@pytest.fixture
def outputs():
    target = (torch.rand(SAMPLES, LABELS) < torch.tensor([0.5, 0.3, 0.1, 0.8])).long()
    return torch.randn(SAMPLES, LABELS) + 1.5 * target, target, torch.randint(0, 2, (SAMPLES,))


@pytest.mark.parametrize("threshold", [0.5, 0.7])
def test_metrics_are_those_of_scikit_learn(outputs, threshold):
    logits, target, group = outputs
    metrics = MultilabelMetrics(labels=LABELS, threshold=threshold, slices=("a", "b"))
    for part in torch.split(torch.arange(SAMPLES), 13):
        metrics.update(logits[part], target[part], group[part])
    found = {name: float(value) for name, value in metrics.compute().items()}
    probability = 1 / (1 + np.exp(-logits.double().numpy()))
    chosen, true = probability > threshold, target.numpy()
    assert found["subset_accuracy"] == pytest.approx(accuracy_score(true, chosen))
    assert found["micro_f1"] == pytest.approx(f1_score(true, chosen, average="micro"))
    assert found["macro_f1"] == pytest.approx(f1_score(true, chosen, average="macro"))
    precision = average_precision_score(true, probability, average="macro")
    assert found["mean_average_precision"] == pytest.approx(precision, rel=1e-5)
    losses = [log_loss(true[:, one], probability[:, one]) for one in range(LABELS)]
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    for number, name in enumerate(("a", "b")):
        rows = group.numpy() == number
        assert found[f"subset_accuracy/{name}"] == pytest.approx(accuracy_score(true[rows], chosen[rows]))


def test_targets_may_be_of_any_type(outputs):
    logits, target, group = outputs
    found = []
    for kind in (torch.int64, torch.float32, torch.bool):
        metrics = MultilabelMetrics(labels=LABELS, threshold=0.5, slices=("a", "b"))
        metrics.update(logits, target.to(kind), group)
        found.append(metrics.compute())
    assert found[0] == found[1] == found[2]


@pytest.mark.filterwarnings("ignore:No positive")
def test_a_label_that_nobody_has_counts_nothing(outputs):
    logits, target, _ = outputs
    target[:, 2] = 0
    metrics = MultilabelMetrics(labels=LABELS, threshold=0.5, slices=())
    metrics.update(logits, target, None)
    found = metrics.compute()
    expected = average_precision_score(target.numpy(), logits.numpy(), average="macro")
    assert float(found["mean_average_precision"]) == pytest.approx(expected, rel=1e-5)
    expected = f1_score(target.numpy(), logits.numpy() > 0, average="macro", zero_division=0)
    assert float(found["macro_f1"]) == pytest.approx(expected)
