"""A small BERT, trained from scratch."""

from __future__ import annotations

import torch
from torch import nn

from fuselab.types import Encoder, Features, ModalityInput


class Transformer(Encoder):
    """BERT of ``transformers`` made from its config: no download, no pretrained weights.

    Args:
        vocab_size: number of token ids
        max_length: longest input
        layers: transformer layers
        heads: attention heads
        feedforward: hidden width of a layer's feed-forward part
        dropout: of embeddings and residual branches
        dim: width of the tokens

    Shape:
        - values: (B, T) token ids; mask (B, T)
        - output: tokens (B, T, dim)

    Example:
        >>> encoder = Transformer(vocab_size=9, max_length=4, layers=1, heads=2, feedforward=8, dropout=0.0, dim=6)
        >>> ids, mask = torch.tensor([[3, 5, 0, 0]]), torch.tensor([[True, True, False, False]])
        >>> encoder(ModalityInput(ids, mask, torch.tensor([True]))).tokens.shape
        torch.Size([1, 4, 6])

    Reference:
        Devlin et al. (2019), BERT: Pre-training of Deep Bidirectional Transformers.
    """

    def __init__(
        self,
        *,
        vocab_size: int,
        max_length: int,
        layers: int,
        heads: int,
        feedforward: int,
        dropout: float,
        dim: int,
    ) -> None:
        super().__init__(dim=dim)
        from transformers.models.bert.configuration_bert import BertConfig
        from transformers.models.bert.modeling_bert import BertModel

        config = BertConfig(
            vocab_size=vocab_size,
            hidden_size=dim,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=feedforward,
            max_position_embeddings=max_length,
            hidden_dropout_prob=dropout,
            # Dropout on attention weights would leave the fused attention kernel.
            attention_probs_dropout_prob=0.0,
        )
        self.bert: nn.Module = BertModel(config, add_pooling_layer=False)

    def forward(self, modality: ModalityInput) -> Features:
        """Encode token ids."""
        mask_BN = modality.mask
        if mask_BN is None:
            mask_BN = torch.ones_like(modality.values, dtype=torch.bool)
        # A sample without text has no key to attend to, and a softmax over nothing is NaN: it reads padding instead.
        empty_B1 = ~mask_BN.any(1, keepdim=True)
        tokens_BND = self.bert(modality.values, attention_mask=(mask_BN | empty_B1).long()).last_hidden_state
        return Features(tokens_BND, mask_BN, modality.present)
