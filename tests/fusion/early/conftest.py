"""What the tests of several early fusions share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from fuselab.fusion.base import FeatureFusion

from ...contracts.test_fusion_contract import DIMS, NAMES, RULES, WIDTH

Hold = Callable[..., None]


@pytest.fixture
def hold_to_the_contract() -> Hold:
    """Check the rules of every fusion on a choice that is not the default of its file in conf."""

    def hold(kind: type[FeatureFusion], **choices: object) -> None:
        torch.set_default_dtype(torch.float32)

        def make(*, modalities: tuple[str, ...] = NAMES[:3], seed: int = 0) -> FeatureFusion:
            torch.manual_seed(seed)
            return kind(modalities=modalities, dims=DIMS, dim=WIDTH, **choices).eval()

        for rule in RULES:
            rule(make)

    return hold
