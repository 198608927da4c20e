from __future__ import annotations

import pytest
import torch

from fuselab.masking import means, zeroed


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_zeros_wherever_values_mean_nothing_whatever_stands_there(dtype):
    values = torch.randn(4, 5, 3).to(dtype)
    real = torch.rand(4, 5) > 0.4
    expected = torch.where(real[..., None], values, torch.zeros_like(values))
    for bad in (torch.nan, torch.inf, -1e4):
        spoilt = torch.where(real[..., None], values, torch.tensor(bad, dtype=dtype))
        (found,) = zeroed([spoilt], [real])
        assert found.dtype == dtype
        assert torch.equal(found, expected)


def test_each_tensor_has_its_own_mask_and_gradients_reach_what_is_real_alone():
    one, other = torch.randn(3, 2, requires_grad=True), torch.randn(3, 4, 2, requires_grad=True)
    present, mask = torch.tensor([True, False, True]), torch.rand(3, 4) > 0.5
    first, second = zeroed([one, other], [present, mask])
    (first.sum() + 2 * second.sum()).backward()
    assert torch.equal(one.grad, present[:, None].expand(3, 2).float())
    assert torch.equal(other.grad, 2 * mask[..., None].expand(3, 4, 2).float())
    torch.autograd.gradcheck(
        lambda x: zeroed([x], [present])[0], torch.randn(3, 2, dtype=torch.double, requires_grad=True)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_means_over_real_tokens_whatever_stands_elsewhere(dtype):
    values, real = torch.randn(4, 5, 3, dtype=dtype), torch.rand(4, 5) > 0.4
    real[2] = False
    expected = torch.stack([one[there].sum(0) / max(1, there.sum()) for one, there in zip(values, real, strict=True)])
    for bad in (torch.nan, torch.inf, -1e4):
        (found,) = means([torch.where(real[..., None], values, torch.tensor(bad, dtype=dtype))], [real])
        torch.testing.assert_close(found, expected)


def test_gradients_of_means_are_shared_by_real_tokens_alone():
    one, other = torch.randn(2, 4, 3, requires_grad=True), torch.randn(2, 2, 3, requires_grad=True)
    real = [torch.tensor([[True, True, False, False], [False] * 4]), torch.ones(2, 2).bool()]
    first, _ = means([one, other], real)
    first.sum().backward()
    assert one.grad[..., 0].tolist() == [[0.5, 0.5, 0.0, 0.0], [0.0] * 4]
    assert not other.grad.any()
    double = torch.randn(2, 4, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: means([x], real[:1])[0], double)
    assert torch.autograd.gradgradcheck(lambda x: means([x], real[:1])[0].square(), double)
