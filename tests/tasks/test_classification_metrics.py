from __future__ import annotations

import math

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss
from torch import Tensor

from fuselab.tasks.classification_metrics import ClassificationMetrics, SliceAccuracy

CLASSES, BINS, SAMPLES = 4, 5, 60
SLICES = ("easy", "hard", "never")
OVERALL = ["loss", "accuracy", "macro_f1", "calibration_error"]


def make() -> ClassificationMetrics:
    return ClassificationMetrics(classes=CLASSES, calibration_bins=BINS, slices=SLICES)


@pytest.fixture
def outputs() -> tuple[Tensor, Tensor, Tensor]:
    """Logits, targets and slices; class 3 is never right, and nobody is in the last slice."""
    target = torch.randint(0, CLASSES, (SAMPLES,))
    logits = torch.randn(SAMPLES, CLASSES)
    logits[torch.arange(SAMPLES), target] += 2
    logits[:, 3] -= 9
    return logits, target, torch.randint(0, 2, (SAMPLES,))


def computed(metrics: ClassificationMetrics) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.compute().items()}


def calibration_error(logits: Tensor, target: Tensor, bins: int = BINS) -> float:
    """Gap of confidence and accuracy in each bin, times the share of samples in it."""
    gap = 0.0
    rows = [(row.softmax(0).max().item(), int(row.argmax() == y)) for row, y in zip(logits, target, strict=True)]
    for number in range(bins):
        inside = [row for row in rows if number / bins < row[0] <= (number + 1) / bins]
        if inside:
            confidence, accuracy = (sum(column) / len(inside) for column in zip(*inside, strict=True))
            gap += len(inside) / len(rows) * abs(confidence - accuracy)
    return gap


def test_metrics_are_those_of_their_definitions(outputs):
    logits, target, group = outputs
    metrics = make()
    metrics.update(logits, target, group)
    found = computed(metrics)
    chosen = logits.argmax(1)
    assert found["loss"] == pytest.approx(log_loss(target, logits.double().softmax(1)), rel=1e-5)
    assert found["accuracy"] == pytest.approx(accuracy_score(target, chosen))
    assert found["macro_f1"] == pytest.approx(f1_score(target, chosen, average="macro", zero_division=0))
    assert found["calibration_error"] == pytest.approx(calibration_error(logits, target))
    # Bins matter: neither all samples as one nor finer ones give the same.
    assert found["calibration_error"] > calibration_error(logits, target, 1) + 0.01
    assert found["calibration_error"] < calibration_error(logits, target, 15) - 0.01
    for number, name in enumerate(SLICES[:2]):
        inside = group == number
        assert found[f"accuracy/{name}"] == pytest.approx(accuracy_score(target[inside], chosen[inside]))


def test_a_slice_without_samples_has_no_accuracy(outputs):
    metrics = make()
    metrics.update(*outputs)
    found = computed(metrics)
    assert math.isnan(found["accuracy/never"])
    assert list(found) == [*OVERALL, *(f"accuracy/{name}" for name in SLICES)]


def test_batches_count_by_their_samples(outputs):
    whole, parts = make(), make()
    whole.update(*outputs)
    for rows in torch.split(torch.arange(SAMPLES), 7):
        parts.update(*(one[rows] for one in outputs))
    assert computed(parts) == pytest.approx(computed(whole), nan_ok=True)


def test_an_epoch_forgets_the_one_before(outputs):
    metrics, fresh = make(), make()
    metrics.update(*outputs)
    metrics.compute()
    metrics.reset()
    rows = torch.arange(9)
    for one in (metrics, fresh):
        one.update(*(part[rows] for part in outputs))
    assert computed(metrics) == pytest.approx(computed(fresh), nan_ok=True)


def test_log_probabilities_are_read_as_logits_are(outputs):
    logits, target, group = outputs
    one, other = make(), make()
    one.update(logits, target, group)
    other.update(logits.log_softmax(1), target, group)
    assert computed(one) == pytest.approx(computed(other), nan_ok=True)


def test_a_model_that_predicts_nan_has_no_loss(outputs):
    logits, target, group = outputs
    logits[3] = math.nan
    metrics = make()
    metrics.update(logits, target, group)
    assert math.isnan(computed(metrics)["loss"])


def test_without_slices_there_are_none(outputs):
    metrics = ClassificationMetrics(classes=CLASSES, calibration_bins=BINS, slices=())
    metrics.update(outputs[0], outputs[1], None)
    assert list(computed(metrics)) == OVERALL


def test_processes_that_see_different_slices_add_up(outputs):
    """Each process takes the same part in the adding up, whatever it saw: no process waits for another."""
    logits, target, group = outputs
    shares = [SliceAccuracy(slices=3), SliceAccuracy(slices=3)]
    for number, share in enumerate(shares):
        share.update(*(one[group == number] for one in (logits, target, group)))
    gathered = {name: [getattr(share, name) for share in shares] for name in ("right", "seen")}
    for share in shares:
        asked = []

        def gather(state: Tensor, group: object = None, asked: list = asked) -> list[Tensor]:
            asked.append(state)
            name = next(key for key, states in gathered.items() if any(state is one for one in states))
            return gathered[name]

        share.distributed_available_fn = lambda: True
        share.dist_sync_fn = gather
        together = share.compute()
        assert len(asked) == 2
        expected = [accuracy_score(target[group == n], logits[group == n].argmax(1)) for n in range(2)]
        assert together.tolist() == pytest.approx([*expected, math.nan], nan_ok=True)
