"""What a model costs: parameters and floating-point operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from fuselab.models.fusion_model import FusionModel, Inputs
from fuselab.types import ModalityInput


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


def frozen_parameters(model: FusionModel) -> int:
    """Return the number of parameters that are used and not trained, in the state dict or, frozen whole, beside it."""
    still = sum(one.numel() for one in model.parameters() if not one.requires_grad)
    return still + sum(one.frozen_parameters() for one in model.by_modality().values())


def frozen_flops(model: FusionModel, given: Inputs) -> int:
    """Return the floating-point operations of frozen pretrained models, which read a sample before its forward pass.

    Args:
        model: whose encoders are counted
        given: one sample as they are given it; each counts as whole, without padding or missing modalities
    """
    total = 0
    for name, encoder in model.by_modality().items():
        origin = encoder.origin()
        if origin is not None and origin.frozen:
            whole = ModalityInput(given[name].values, None, torch.ones_like(given[name].present))
            total += flops(encoder, partial(encoder.prepare, whole))
    return total


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
