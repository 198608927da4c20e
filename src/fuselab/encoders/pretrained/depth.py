"""How deep a pretrained model is trained, and how fast at which depth.

Layers are numbered from 0, what stands before the first one (embeddings, a stem), to L, the last; what stands behind it
belongs to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import nn

from fuselab.errors import ConfigError

Trained = int | Literal["all"]
Rates = list[tuple[float, list[nn.Parameter]]]
Norms = (nn.modules.batchnorm._BatchNorm,)


def longest(module: nn.Module) -> list[nn.Module]:
    """Return the layers of the list of modules that has the most parameters, a transformer's stack of blocks.

    Example:
        >>> stack = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        >>> len(longest(nn.ModuleDict({"few": nn.ModuleList([nn.Linear(1, 1)]), "many": stack})))
        2
    """
    stacks = [list(one) for one in module.modules() if isinstance(one, nn.ModuleList)]
    return max(stacks, key=lambda stack: sum(map(_count, stack)), default=[])


def by_depth(module: nn.Module, layers: Sequence[nn.Module]) -> list[list[nn.Parameter]]:
    """Return the parameters of layer 0, of each layer, and with the last one those behind it."""
    of_layer = {parameter: depth for depth, layer in enumerate(layers, 1) for parameter in layer.parameters()}
    depths: list[list[nn.Parameter]] = [[] for _ in range(len(layers) + 1)]
    begun = False
    for parameter in module.parameters():
        begun = begun or parameter in of_layer
        depths[of_layer.get(parameter, len(layers) if begun else 0)].append(parameter)
    return depths


def thaw(depths: Sequence[Sequence[nn.Parameter]], trained: Trained) -> list[int]:
    """Let the last layers be trained and no other; return their depths.

    Raises:
        ConfigError: more layers than there are
    """
    last = len(depths) - 1
    if trained != "all" and not 0 < trained <= last:
        raise ConfigError(
            f"encoder.*.trained ({trained}) must be 0, a number of last layers (at most {last} of this model), or all; "
            "change it"
        )
    first = 0 if trained == "all" else last - trained + 1
    for depth, parameters in enumerate(depths):
        for parameter in parameters:
            parameter.requires_grad_(depth >= first)
    return list(range(first, last + 1))


def rates(depths: Sequence[Sequence[nn.Parameter]], *, rate: float, decay: float) -> Rates:
    r"""Return trained parameters with the factors of their learning rates.

    .. math:: \eta_\ell = \eta \cdot r \cdot d^{L - \ell}

    Args:
        depths: parameters of the layers 0 to L
        rate: r, of the last layer
        decay: d, from layer to layer towards the input

    Reference:
        Howard and Ruder (2018), Universal Language Model Fine-tuning for Text Classification, section 3.2; Bao et al.
        (2022), BEiT, appendix H.
    """
    last = len(depths) - 1
    groups = [
        (rate * decay ** (last - depth), [one for one in parameters if one.requires_grad])
        for depth, parameters in enumerate(depths)
    ]
    return [group for group in groups if group[1]]


def still(module: nn.Module, layers: Sequence[nn.Module], trained: Sequence[int]) -> None:
    """Put what isn't trained into evaluation mode, and batch norm everywhere: no sample sees another."""
    if 0 not in trained:
        module.eval()
        for depth in trained:
            layers[depth - 1].train()
    for one in module.modules():
        if isinstance(one, Norms):
            one.eval()


def _count(module: nn.Module) -> int:
    return sum(one.numel() for one in module.parameters())
