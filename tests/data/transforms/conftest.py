"""Samples and random numbers of steps' tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput

DrawsOf = Callable[..., Draws]


@pytest.fixture
def draws_of() -> DrawsOf:
    """Return the random numbers of some rows, the same ones at every call."""
    return lambda rows: Draws([f"0/0/{row}" for row in range(rows)], device=torch.device("cpu"))


@pytest.fixture
def given() -> Callable[..., ModalityInput]:
    """Make an input that every sample has, with as many real steps as told."""

    def make(values: torch.Tensor, lengths: list[int] | None = None) -> ModalityInput:
        mask = None if lengths is None else torch.arange(values.shape[1]) < torch.tensor(lengths)[:, None]
        return ModalityInput(values, mask, torch.ones(len(values), dtype=torch.bool))

    return make
