"""What a model costs: parameters and floating-point operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

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

    Args:
        model: counted in evaluation mode and left in the mode it was in
        prepared: one sample
    """
    # Behind a fit the weights are back on the CPU and the data still where it was.
    device = next(model.parameters()).device
    here = {name: one.to(device) for name, one in prepared.items()}
    return flops(model, lambda: model(here))


def flops(module: nn.Module, call: Callable[[], object]) -> int:
    """Return the floating-point operations of a call of a module.

    Matrix products, convolutions, attention and recurrent layers are counted; element-wise operations are not.

    Args:
        module: counted in evaluation mode and left in the mode it was in
        call: calls it

    Example:
        >>> layer = nn.Linear(3, 2)
        >>> flops(layer, lambda: layer(torch.zeros(1, 3)))
        12
    """
    training = module.training
    module.eval()
    trained = [one for one in module.parameters() if one.requires_grad]
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mkldnn_rnn_layer: _lstm_flops})
    try:
        # The counter looks for the gradient of a parameter that one module hands to another, and finds none.
        for one in trained:
            one.requires_grad_(False)
        # The fused attention kernels of the CPU are opaque to the counter; the plain one is counted product by product.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            call()
    finally:
        for one in trained:
            one.requires_grad_(True)
        module.train(training)
    return int(counter.get_total_flops())


def _lstm_flops(
    steps: Sequence[int], input_weight: Sequence[int], state_weight: Sequence[int], *_: Any, **__: Any
) -> int:
    """Return the operations of the CPU's fused LSTM, which the counter doesn't know; it takes other cells apart."""
    return 2 * math.prod(steps[:2]) * (math.prod(input_weight) + math.prod(state_weight))
