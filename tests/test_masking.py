from __future__ import annotations

import pytest
import torch

from fuselab.masking import zeroed


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
