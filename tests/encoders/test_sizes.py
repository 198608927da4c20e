from __future__ import annotations

import pytest
import torch

from fuselab.encoders.sizes import check_share, check_width
from fuselab.errors import ConfigError


@pytest.mark.parametrize("dropout", [-0.1, 1, 1.5])
def test_a_dropout_that_is_no_share_is_refused(dropout):
    with pytest.raises(
        ConfigError, match=rf"encoder\.\*\.dropout \({dropout}\) must be at least 0 and below 1; choose"
    ):
        check_share(dropout=dropout)


@pytest.mark.parametrize(("shape", "dims"), [((2, 4), 2), ((2, 4, 5), 2), ((2, 5), 3), ((2, 5, 4), 3)])
def test_values_of_another_width_are_refused_with_both_numbers(shape, dims):
    with pytest.raises(ConfigError) as error:
        check_width(torch.zeros(shape), 5, dims=dims)
    kind = "vectors (B, size)" if dims == 2 else "sequences (B, T, size)"
    assert f"encoder.*.size (5) must be the width of the data's {kind}, which are {shape}" in str(error.value)


def test_values_of_the_right_width_are_taken():
    check_width(torch.zeros(2, 5), 5, dims=2)
    check_width(torch.zeros(2, 7, 5), 5, dims=3)
