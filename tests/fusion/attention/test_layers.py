from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from fuselab.errors import ConfigError
from fuselab.fusion.attention import layers
from fuselab.fusion.attention.layers import attend, check_sizes, feed_forward


def test_attend_equals_its_equation(slow: SimpleNamespace) -> None:
    query, key, value = torch.randn(3, 4, 6), torch.randn(3, 5, 6), torch.randn(3, 5, 6)
    mask = torch.tensor([[True] * 5, [False, True, True, False, True], [False] * 5])
    mixed = attend(query, key, value, mask, heads=2)
    for row in range(3):
        expected = slow.attend(
            query[row].tolist(), key[row][mask[row]].tolist(), value[row][mask[row]].tolist(), heads=2
        )
        torch.testing.assert_close(mixed[row], torch.tensor(expected))


def test_attend_to_nothing_has_finite_gradients() -> None:
    tokens = torch.randn(2, 3, 4, requires_grad=True)
    attend(tokens, tokens, tokens, torch.zeros(2, 3, dtype=torch.bool), heads=2).sum().backward()
    assert torch.equal(tokens.grad, torch.zeros(2, 3, 4))


def test_kernel_never_sees_a_row_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it would make of one differs between kernels, of which a CPU shows but one."""
    masks = []

    def spy(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor) -> Tensor:
        masks.append(attn_mask)
        return scaled_dot_product_attention(query, key, value, attn_mask=attn_mask)

    monkeypatch.setattr(layers, "scaled_dot_product_attention", spy)
    tokens, mask = torch.randn(2, 3, 4), torch.tensor([[True, False, True], [False] * 3])
    attend(tokens, tokens, tokens, mask, heads=2)
    assert masks[0].any(-1).all()


def test_feed_forward_equals_its_equation(slow: SimpleNamespace, wake: Callable) -> None:
    network = wake(feed_forward(dim=4, expansion=3))
    tokens = torch.randn(5, 4)
    assert network[1].out_features == 12
    torch.testing.assert_close(
        network(tokens), torch.tensor([slow.feed_forward(network, one) for one in tokens.tolist()])
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"heads": 3}, r"fusion.heads \(3\) must divide fusion.dim \(8\)"),
        ({"heads": 0}, r"fusion.heads \(0\) must divide"),
        ({"expansion": 0}, r"fusion.expansion \(0\) must be at least 1"),
        ({"dropout": 1.0}, r"fusion.dropout \(1.0\) must be at least 0 and below 1"),
        ({"dropout": -0.1}, r"fusion.dropout \(-0.1\) must be"),
    ],
)
def test_refuses_sizes_that_make_no_network(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_sizes(**({"dim": 8, "heads": 2, "expansion": 2, "dropout": 0.1} | wrong))
