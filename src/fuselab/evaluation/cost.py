"""What a model costs: parameters and floating-point operations."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from fuselab.models.fusion_model import FusionModel, Inputs


def parameters(model: nn.Module) -> int:
    """Return the number of trained parameters.

    Example:
        >>> parameters(nn.Linear(3, 2))
        8
    """
    return sum(one.numel() for one in model.parameters() if one.requires_grad)


def forward_flops(model: FusionModel, prepared: Inputs) -> int:
    """Return the floating-point operations of one forward pass over prepared inputs.

    Matrix products, convolutions and attention are counted; element-wise operations and recurrent layers are not.

    Args:
        model: counted in evaluation mode and left in the mode it was in
        prepared: one sample
    """
    training = model.training
    model.eval()
    # Behind a fit the weights are back on the CPU and the data still where it was.
    device = next(model.parameters()).device
    here = {name: one.to(device) for name, one in prepared.items()}
    counter = FlopCounterMode(display=False)
    # The fused attention kernels of the CPU are opaque to the counter; the plain one is counted product by product.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        model(here)
    model.train(training)
    return int(counter.get_total_flops())
