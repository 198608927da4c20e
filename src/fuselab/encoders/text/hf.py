"""A pretrained language model of ``transformers``."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from fuselab.encoders.pretrained.depth import Trained
from fuselab.encoders.pretrained.encoder import Pooling, Pretrained
from fuselab.encoders.pretrained.huggingface import HuggingFace
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput


class Hf(Pretrained):
    """Token ids of the model's own tokenizer → tokens of its last layer → a linear map.

    Args:
        model: a folder, or a name on the hub
        part: of a model of several parts, such as ``text_model`` of CLIP or ``encoder`` of T5; None for the whole
        pooling: ``none``, ``mean`` or ``first`` (the class token of BERT and its kin)
        trained: number of last layers that are trained, 0 for none, or ``all``
        rate: factor of the learning rate of the last layer
        layer_decay: further factor from each layer to the one before it
        dim: width of the tokens

    Shape:
        - values: (B, T) token ids; mask (B, T)
        - output: tokens (B, T, dim), or (B, 1, dim) where they are pooled

    Reference:
        Devlin et al. (2019), BERT: Pre-training of Deep Bidirectional Transformers.
    """

    def __init__(
        self,
        *,
        model: str,
        part: str | None,
        pooling: Pooling,
        trained: Trained,
        rate: float,
        layer_decay: float,
        dim: int,
    ) -> None:
        super().__init__(
            backbone=_Text(model=model, part=part, settings="text"),
            pooling=pooling,
            trained=trained,
            rate=rate,
            layer_decay=layer_decay,
            dim=dim,
        )


class _Text(HuggingFace):
    def ready(self, modality: ModalityInput) -> ModalityInput:
        """Check that the ids are the model's own."""
        ids_BT, most = modality.values, self.config.vocab_size
        if ids_BT.is_floating_point() or ids_BT.dim() != 2:
            raise ConfigError(
                f"encoder.*.model ({self.name}) must read token ids (B, T), and the data gives {ids_BT.dtype} of shape "
                f"{tuple(ids_BT.shape)}; choose an encoder for what they are"
            )
        if ids_BT.numel() and int(ids_BT.max()) >= most:
            raise ConfigError(
                f"the data's token ids (up to {int(ids_BT.max())}) must be below the {most} that {self.name} knows; "
                "let the encoder bring its own tokenizer, as conf/encoder/text/hf.yaml does"
            )
        longest = getattr(self.config, "max_position_embeddings", None)
        # RoBERTa and its kin count positions from behind the padding's id.
        room = None if longest is None else longest - _first_position(self.config)
        if room is not None and ids_BT.shape[1] > room:
            raise ConfigError(
                f"data.text.max_length ({ids_BT.shape[1]}) must be at most {room}, the positions that {self.name} "
                "knows; lower it"
            )
        return modality

    def tokens(self, module: nn.Module, ready: ModalityInput) -> tuple[Tensor, Tensor | None]:
        """Return the last layer's tokens."""
        ids_BT, mask_BT = ready.values, ready.mask
        if mask_BT is None:
            return module(input_ids=ids_BT).last_hidden_state, None
        # A sample without text has no key to attend to, and a softmax over nothing is NaN: it reads padding instead.
        empty_B1 = ~mask_BT.any(1, keepdim=True)
        return module(input_ids=ids_BT, attention_mask=(mask_BT | empty_B1).long()).last_hidden_state, mask_BT


def _first_position(config: Any) -> int:
    counts = any(name in config.model_type for name in ("roberta", "camembert", "mpnet", "longformer"))
    return int(config.pad_token_id or 0) + 1 if counts else 0
