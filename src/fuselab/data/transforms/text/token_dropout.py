"""Texts of which some tokens can't be read."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fuselab.data.transforms.base import TOKENS, RandomTransform
from fuselab.data.transforms.checks import check_least, check_share
from fuselab.data.transforms.draws import Draws
from fuselab.types import ModalityInput


class TokenDropout(RandomTransform):
    """Puts one token in the place of drawn ones: the text keeps its length.

    Args:
        probability: of each token
        replacement: id that stands there, such as that of the unknown token
        spared: ids that are never replaced, such as those of a beginning and an end

    Shape:
        - values: (B, T) ids; mask (B, T)

    Raises:
        ConfigError: no probability, or no id

    Example:
        >>> given = ModalityInput(torch.tensor([[5, 6, 7]]), None, torch.tensor([True]))
        >>> drop = TokenDropout(probability=1.0, replacement=1, spared=[6])
        >>> drop.apply(given, Draws(["0/0/0"], device=torch.device("cpu"))).values
        tensor([[1, 6, 1]])

    Reference:
        Bowman et al. (2016), Generating Sentences from a Continuous Space, section 3.1 (word dropout).
    """

    takes = TOKENS

    def __init__(self, *, probability: float, replacement: int, spared: Sequence[int]) -> None:
        check_share(probability=probability)
        check_least(0, replacement=replacement)
        self.probability = probability
        self.replacement = replacement
        self.spared = tuple(spared)

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        """Drop tokens."""
        values = modality.values
        spared_BT = torch.isin(values, torch.tensor(self.spared, dtype=values.dtype, device=values.device))
        dropped_BT = (draws.uniform(values.shape[1]) < self.probability) & ~spared_BT
        if modality.mask is not None:
            dropped_BT &= modality.mask
        return modality._replace(values=values.masked_fill(dropped_BT, self.replacement))
