from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from fuselab.errors import ConfigError
from fuselab.fusion.attention import layers
from fuselab.fusion.attention.layers import TransformerLayer, attend, check_share, check_sizes, feed_forward


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


def test_layer_equals_that_of_torch(wake: Callable) -> None:
    ours = wake(TransformerLayer(dim=4, heads=2, expansion=2, dropout=0.5))
    theirs = nn.TransformerEncoderLayer(4, 2, 8, activation="gelu", batch_first=True, norm_first=True).eval()
    norm, into, _, out = ours.feed_forward
    parts = (ours.query, ours.key, ours.value)
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": torch.cat([one.weight for one in parts]),
            "self_attn.in_proj_bias": torch.cat([one.bias for one in parts]),
        }
        | {f"self_attn.out_proj.{name}": value for name, value in ours.mix.state_dict().items()}
        | {f"linear1.{name}": value for name, value in into.state_dict().items()}
        | {f"linear2.{name}": value for name, value in out.state_dict().items()}
        | {f"norm1.{name}": value for name, value in ours.norm.state_dict().items()}
        | {f"norm2.{name}": value for name, value in norm.state_dict().items()}
    )
    tokens, mask = torch.randn(3, 5, 4), torch.rand(3, 5) < 0.6
    mask[:, 0] = True
    expected = theirs(tokens, src_key_padding_mask=~mask)
    torch.testing.assert_close(ours(tokens, tokens, mask)[mask], expected[mask])
    torch.testing.assert_close(ours(tokens[:, :1], tokens, mask)[:, 0], expected[:, 0])


def test_layer_reads_other_tokens(wake: Callable, slow: SimpleNamespace) -> None:
    layer = wake(TransformerLayer(dim=4, heads=2, expansion=2, dropout=0.5))
    target, source = torch.randn(3, 2, 4), torch.randn(3, 5, 4)
    mask = torch.tensor([[True] * 5, [False, True, True, False, True], [False] * 5])
    changed = layer(target, source, mask)
    for row in range(3):
        expected = slow.transformer_layer(layer, target[row].tolist(), source[row][mask[row]].tolist(), 2)
        torch.testing.assert_close(changed[row], torch.tensor(expected))


def test_layer_drops_both_branches_in_training() -> None:
    layer = TransformerLayer(dim=4, heads=2, expansion=2, dropout=0.5)
    for silent in (layer.mix, layer.feed_forward[-1]):
        before = [parameter.clone() for parameter in silent.parameters()]
        for parameter in silent.parameters():
            nn.init.zeros_(parameter)
        tokens, mask = torch.randn(2, 3, 4), torch.ones(2, 3).bool()
        assert not torch.equal(layer(tokens, tokens, mask), layer(tokens, tokens, mask))
        for parameter, value in zip(silent.parameters(), before, strict=True):
            parameter.data = value


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


def test_names_the_width_as_the_config_does() -> None:
    with pytest.raises(ConfigError, match=r"fusion.heads \(3\) must divide fusion.hidden \(8\)"):
        check_sizes(dim=8, heads=3, expansion=2, dropout=0.1, name="hidden")


def test_refuses_to_drop_all() -> None:
    with pytest.raises(ConfigError, match=r"fusion.dropout \(1.0\) must be at least 0 and below 1"):
        check_share(dropout=1.0)
