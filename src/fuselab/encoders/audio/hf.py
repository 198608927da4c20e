"""A pretrained speech model of ``transformers``."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor, nn

from fuselab.encoders.pretrained.clips import at_least, at_rate, frames, least_length, mask_of_frames
from fuselab.encoders.pretrained.depth import Trained
from fuselab.encoders.pretrained.encoder import Pooling, Pretrained
from fuselab.encoders.pretrained.huggingface import HuggingFace
from fuselab.errors import ConfigError
from fuselab.types import ModalityInput

RATE = 16000  # of models whose files don't say


class Hf(Pretrained):
    """Waveforms at the model's rate → tokens of its last layer, one every 20 ms → a linear map.

    For models that read waveforms: wav2vec 2.0, HuBERT, WavLM, data2vec-audio. Some have a first norm over time that
    would hear padding: frozen, they read clips of one length together, and each clip without any.

    Args:
        model: a folder, or a name on the hub
        sample_rate: of the data
        pooling: ``none`` or ``mean``
        trained: number of last layers that are trained, 0 for none, or ``all``
        rate: factor of the learning rate of the last layer
        layer_decay: further factor from each layer to the one before it
        dim: width of the tokens

    Shape:
        - values: (B, T) waveform; mask (B, T) or None
        - output: tokens (B, N, dim), or (B, 1, dim) where they are pooled

    Reference:
        Baevski et al. (2020), wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations.
    """

    def __init__(
        self,
        *,
        model: str,
        sample_rate: int,
        pooling: Pooling,
        trained: Trained,
        rate: float,
        layer_decay: float,
        dim: int,
    ) -> None:
        super().__init__(
            backbone=_Clips(model=model, sample_rate=sample_rate),
            pooling=pooling,
            trained=trained,
            rate=rate,
            layer_decay=layer_decay,
            dim=dim,
        )


class _Clips(HuggingFace):
    class_token = False

    def __init__(self, *, model: str, sample_rate: int) -> None:
        super().__init__(model=model, part=None, settings=f"audio|{sample_rate}")
        if not hasattr(self.config, "conv_kernel"):
            raise ConfigError(
                f"encoder.*.model ({model}, a {self.config.model_type}) must read waveforms, as wav2vec2, hubert, "
                "wavlm and data2vec-audio do; choose one of these"
            )
        self.alone = getattr(self.config, "feat_extract_norm", "group") == "group"
        self.sample_rate = sample_rate
        self.windows = list(zip(self.config.conv_kernel, self.config.conv_stride, strict=True))
        file = self.folder / "preprocessor_config.json"
        said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self.wanted = int(said.get("sampling_rate", RATE))
        self.normalise = bool(said.get("do_normalize", True))

    def changes(self) -> dict[str, Any]:
        """Return no masking and no layer left out: both draw where nobody asked for it."""
        return {"apply_spec_augment": False, "layerdrop": 0.0}

    def load(self) -> nn.Module:
        """Return the model, which then leaves the waveforms that it is given as they are."""
        module = super().load()
        # For gradient checkpointing it would ask for a gradient of its input.
        if hasattr(module, "feature_extractor"):
            module.feature_extractor._requires_grad = False  # type: ignore[union-attr]
        return module

    def ready(self, modality: ModalityInput) -> ModalityInput:
        """Resample and normalise."""
        return at_rate(modality, rate=self.sample_rate, wanted=self.wanted, normalise=self.normalise, name=self.name)

    def count(self, steps: int) -> int:
        """Return the tokens of so many samples."""
        return int(frames(torch.tensor(steps), self.windows))

    def tokens(self, module: nn.Module, ready: ModalityInput) -> tuple[Tensor, Tensor | None]:
        """Return the last layer's tokens."""
        values_BS = at_least(ready.values, least_length(self.windows))
        if ready.mask is None:
            return module(values_BS).last_hidden_state, None
        mask_BS = ready.mask
        # A clip without a sample has no key to attend to, and a softmax over nothing is NaN: it hears silence instead.
        ends_B = mask_BS.sum(1).clamp(min=least_length(self.windows))
        ends_B = torch.where(mask_BS.any(1), ends_B, values_BS.shape[1])
        heard_BS = torch.arange(values_BS.shape[1], device=values_BS.device) < ends_B[:, None]
        tokens_BNH = module(values_BS, attention_mask=heard_BS.long()).last_hidden_state
        return tokens_BNH, mask_of_frames(mask_BS, self.windows, tokens_BNH.shape[1])
