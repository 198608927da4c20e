"""Clips made louder or softer by chance."""

from __future__ import annotations

from collections.abc import Sequence

from fuselab.data.transforms.base import WAVES, RandomTransform, each
from fuselab.data.transforms.checks import check_range
from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class Gain(RandomTransform):
    r"""Multiplies each clip by a drawn factor.

    .. math:: y = 10^{g / 20} \, x, \qquad g \sim \mathrm{U}[g_{low}, g_{high})

    Args:
        gain_db: range of g

    Shape:
        - values: (B, T)

    Raises:
        ConfigError: no range

    Example:
        >>> import torch
        >>> given = ModalityInput(torch.ones(1, 2), None, torch.tensor([True]))
        >>> Gain(gain_db=[20, 20]).apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values
        tensor([[10., 10.]])
    """

    takes = WAVES

    def __init__(self, *, gain_db: Sequence[float]) -> None:
        check_range(gain_db=gain_db)
        self.gain_db = tuple(gain_db)

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Change the loudness."""
        factor_B = 10 ** (draws.between(*self.gain_db) / 20)
        return modality._replace(values=modality.values * each(factor_B, modality.values))
