from __future__ import annotations

import pytest
import torch

from fuselab.data.transforms.text.token_dropout import TokenDropout
from fuselab.errors import ConfigError


def test_tokens_are_replaced_as_often_as_asked(given, draws_of):
    values = torch.randint(2, 30, (300, 40))
    found = TokenDropout(probability=0.2, replacement=1, spared=[]).apply(given(values), draws_of(300)).values
    dropped = found != values
    assert (found[dropped] == 1).all()
    # 12,000 tokens: four standard errors
    assert abs(dropped.float().mean() - 0.2) < 4 * (0.2 * 0.8 / 12_000) ** 0.5


def test_spared_ids_and_padding_stay(given, draws_of):
    values = torch.tensor([[7, 5, 8, 0, 0]]).expand(50, -1)
    found = (
        TokenDropout(probability=1.0, replacement=1, spared=[7, 8]).apply(given(values, [3] * 50), draws_of(50)).values
    )
    assert found.tolist() == [[7, 1, 8, 0, 0]] * 50


@pytest.mark.parametrize(
    ("probability", "replacement", "message"),
    [(2, 1, r"probability \(2\) must be between"), (0.1, -1, r"replacement \(-1\) must be at least 0")],
)
def test_what_can_not_be_is_refused(probability, replacement, message):
    with pytest.raises(ConfigError, match=message):
        TokenDropout(probability=probability, replacement=replacement, spared=[])
