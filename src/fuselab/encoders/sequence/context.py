"""A step of a sequence in the context of the others, such as an utterance in its dialogue."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.encoders.sequence.layers import Layer, waves
from fuselab.encoders.sizes import check_share
from fuselab.errors import ConfigError
from fuselab.types import Encoder, Features, ModalityInput


class Context(Encoder):
    """The sample's own step reads all steps of its sequence; it alone becomes a token.

    A linear map of the own step is what the token starts from; what attention adds to it is the context.

    Args:
        size: width of a step, without its last number, which says how far the step is from the sample's own: 0 there,
            negative before it
        heads: of the attention
        feedforward: hidden width of its feed-forward part
        dropout: share of a step's numbers that training leaves out
        context_dropout: of what the context adds
        own_dropout: share of training samples, among those that have other steps, that do without their own: features
            that know the labels of train would leave nothing for the context to learn
        dim: width of the token, an even number

    Shape:
        - values: (B, T, size + 1); mask (B, T)
        - output: tokens (B, 1, dim), masked where a sample's own step is padding

    Raises:
        ConfigError: an odd width, heads that don't divide it, a share that is none, or steps of another width

    Example:
        >>> encoder = Context(size=2, heads=2, feedforward=8, dropout=0.0, context_dropout=0.0, own_dropout=0.0, dim=6)
        >>> steps = torch.tensor([[[0.3, 0.1, -1.0], [0.2, 0.7, 0.0], [0.5, 0.5, 1.0]]])
        >>> encoder(ModalityInput(steps, torch.ones(1, 3).bool(), torch.tensor([True]))).tokens.shape
        torch.Size([1, 1, 6])

    Reference:
        Poria et al. (2017), Context-Dependent Sentiment Analysis in User-Generated Videos, section 3.2: an utterance
        in its video; theirs is an LSTM over all utterances at once, which attention from one utterance replaces.
    """

    def __init__(
        self,
        *,
        size: int,
        heads: int,
        feedforward: int,
        dropout: float,
        context_dropout: float,
        own_dropout: float,
        dim: int,
    ) -> None:
        super().__init__(dim=dim)
        for share in (dropout, own_dropout):
            check_share(dropout=share)
        self.size = size
        self.own_dropout = nn.Dropout(own_dropout)
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(size, dim)
        self.read = Layer(dim=dim, heads=heads, feedforward=feedforward, dropout=context_dropout)
        waves(torch.zeros(1), dim)  # an odd width ends here, not in the first batch

    def forward(self, modality: ModalityInput) -> Features:
        """Encode each sample's own step."""
        values = modality.values
        if values.shape[-1] != self.size + 1:
            raise ConfigError(
                f"encoder.*.size ({self.size}) must be the width of the data's steps without their offset, and the "
                f"steps are {tuple(values.shape)}; set the size, or give dialogues as data=cmu_mosi_dialogue does"
            )
        mask_BT = modality.mask
        if mask_BT is None:
            mask_BT = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        steps, offset_BT = values[..., :-1], values[..., -1]
        own_BT = mask_BT & (offset_BT == 0)
        steps_BTD = self.project(self.dropout(steps))
        used_BT, read_BT = own_BT, mask_BT
        if self.training and self.own_dropout.p:
            hidden_B1 = (self.own_dropout(torch.ones_like(offset_BT[:, :1])) == 0) & (mask_BT & ~own_BT).any(1, True)
            used_BT, read_BT = own_BT & ~hidden_B1, mask_BT & ~(own_BT & hidden_B1)
        own_BD = torch.where(used_BT[..., None], steps_BTD, 0.0).sum(1)
        placed_BTD = steps_BTD + waves(offset_BT, self.dim).to(steps_BTD.dtype)
        token_BND = self.read(own_BD[:, None], placed_BTD, read_BT)
        return Features(token_BND, own_BT.any(1, keepdim=True), modality.present)
