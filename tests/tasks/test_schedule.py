from __future__ import annotations

import math

import pytest
import torch

from fuselab.tasks.schedule import warmup_cosine


def rates(steps: int, **options) -> list[float]:
    """Return the learning rate of each step of a training, and the one behind its end."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = warmup_cosine(optimizer, **options)
    seen = []
    for _ in range(steps + 1):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


def test_it_warms_up_to_the_rate_and_falls_along_a_cosine():
    expected = [0.5 * (step + 1) / 4 for step in range(4)]
    expected += [0.25 * (1 + math.cos(math.pi * step / 36)) for step in range(36)]
    assert rates(40, warmup=0.1, total_steps=40) == pytest.approx([*expected, 0.0])


@pytest.mark.parametrize(
    ("warmup", "total_steps", "expected"),
    [
        (0.0, 4, [0.5, 0.5, 0.375, 0.125, 0.0]),
        (1.0, 2, [0.25, 0.5, 0.5]),
        (0.3, 5, [0.25, 0.5, 0.5, 0.375, 0.125, 0.0]),  # one and a half steps are two
        (0.1, 1, [0.5, 0.5]),
    ],
)
def test_no_training_is_too_short(warmup, total_steps, expected):
    assert rates(total_steps, warmup=warmup, total_steps=total_steps) == pytest.approx(expected)


def test_behind_the_end_the_rate_stays_at_zero():
    assert rates(9, warmup=0.1, total_steps=5)[5:] == pytest.approx([0.0] * 5)
