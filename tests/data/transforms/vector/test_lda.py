from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch

from fuselab.data.transforms.vector.lda import Lda
from fuselab.errors import ConfigError, DataError
from fuselab.types import ModalityInput

CLASSES = 4


def rows(count: int = 200, numbers: int = 6) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    target = np.arange(count) % CLASSES
    centres = draw.standard_normal((CLASSES, numbers)) * 2
    mixed = draw.standard_normal((numbers, numbers))
    return (centres[target] + draw.standard_normal((count, numbers)) @ mixed).astype(np.float32), target


def whole(values: np.ndarray) -> ModalityInput:
    return ModalityInput(torch.from_numpy(values), None, torch.ones(len(values)).bool())


def test_the_axes_are_those_of_fishers_equation():
    values, target = rows()
    lda = Lda(size=3)
    lda.fit(whole(values), torch.from_numpy(target))
    exact = values.astype(np.float64)
    means = np.stack([exact[target == one].mean(0) for one in range(CLASSES)])
    within = sum((exact[target == one] - means[one]).T @ (exact[target == one] - means[one]) for one in range(CLASSES))
    between = sum((target == one).sum() * np.outer(m - exact.mean(0), m - exact.mean(0)) for one, m in enumerate(means))
    _, axes = scipy.linalg.eigh(between, within)
    expected = axes[:, ::-1][:, :3]
    found = lda.state["axes"].numpy()
    cosines = np.abs((found * expected).sum(0)) / np.linalg.norm(found, axis=0) / np.linalg.norm(expected, axis=0)
    np.testing.assert_allclose(cosines, 1, atol=1e-6)


def test_the_projection_parts_the_classes_better_than_any_two_numbers():
    values, target = rows()
    lda = Lda(size=2)
    lda.fit(whole(values), torch.from_numpy(target))

    def right(points: np.ndarray) -> float:
        means = np.stack([points[target == one].mean(0) for one in range(CLASSES)])
        return float((np.linalg.norm(points[:, None] - means, axis=2).argmin(1) == target).mean())

    assert right(lda.apply(whole(values)).values.numpy()) > max(right(values[:, [i, i + 1]]) for i in range(5))


def test_what_is_missing_or_padding_is_not_learned_from():
    values, target = rows(80)
    sequence = torch.from_numpy(values).view(40, 2, 6)
    classes = torch.from_numpy(target[:40])
    mask = torch.ones(40, 2, dtype=torch.bool)
    mask[::2, 1] = False
    present = torch.arange(40) >= 8
    lda, flat = Lda(size=2), Lda(size=2)
    lda.fit(ModalityInput(sequence, mask, present), classes)
    real = mask & present[:, None]
    flat.fit(whole(sequence[real].numpy()), classes[:, None].expand(-1, 2)[real])
    torch.testing.assert_close(lda.state["axes"], flat.state["axes"])
    assert lda.apply(ModalityInput(sequence, mask, present)).values.shape == (40, 2, 2)


def test_what_can_not_be_is_refused():
    values, target = rows()
    with pytest.raises(ConfigError, match=r"transform\.\*\.size \(0\) must be at least 1"):
        Lda(size=0)
    with pytest.raises(
        DataError, match=r"size \(4\) must be at most 3: there are 4 classes in the train split and 6 num"
    ):
        Lda(size=4).fit(whole(values), torch.from_numpy(target))
    for other in (torch.rand(200), torch.zeros(200, 3)):
        with pytest.raises(DataError, match=r"must be one class a sample for LDA; take PCA, or leave the step out"):
            Lda(size=1).fit(whole(values), other)
    with pytest.raises(DataError, match=r"the train split \(4 real rows\) must have at least 5 for LDA"):
        Lda(size=1).fit(whole(values[:4]), torch.from_numpy(target[:4]))
