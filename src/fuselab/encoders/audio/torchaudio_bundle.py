"""A pretrained speech model of ``torchaudio.pipelines``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fuselab.encoders.pretrained.backbone import Backbone
from fuselab.encoders.pretrained.clips import at_least, at_rate, frames, least_length, mask_of_frames
from fuselab.encoders.pretrained.depth import Trained, longest
from fuselab.encoders.pretrained.encoder import Pooling, Pretrained
from fuselab.encoders.pretrained.weights import read_weights, with_weights
from fuselab.errors import ConfigError, nearest
from fuselab.hub import sha256_of, torch_file
from fuselab.types import ModalityInput

PUBLISHER = "https://download.pytorch.org/torchaudio/models/"


class TorchaudioBundle(Pretrained):
    """Waveforms at the bundle's rate → tokens of its last layer, one every 20 ms → a linear map.

    Where the first norm is over time, clips of one length are read together, and each clip without padding.

    Args:
        model: name of a bundle of self-supervised wav2vec 2.0, HuBERT or WavLM, such as ``WAV2VEC2_BASE``
        weights: a file of its state dict, or None for torch's cache, filled where there is a network
        sample_rate: of the data
        pooling: ``none`` or ``mean``
        trained: number of last layers that are trained, 0 for none, or ``all``
        rate: factor of the learning rate of the last layer
        layer_decay: further factor from each layer to the one before it
        dim: width of the tokens

    Shape:
        - values: (B, T) waveform; mask (B, T) or None
        - output: tokens (B, N, dim), or (B, 1, dim) where they are pooled

    Raises:
        ConfigError: no such bundle, or weights that can't be had

    Reference:
        Baevski et al. (2020), wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations.
    """

    def __init__(
        self,
        *,
        model: str,
        weights: str | None,
        sample_rate: int,
        pooling: Pooling,
        trained: Trained,
        rate: float,
        layer_decay: float,
        dim: int,
    ) -> None:
        super().__init__(
            backbone=_Bundle(model=model, weights=weights, sample_rate=sample_rate),
            pooling=pooling,
            trained=trained,
            rate=rate,
            layer_decay=layer_decay,
            dim=dim,
        )


class _Bundle(Backbone):
    class_token = False

    def __init__(self, *, model: str, weights: str | None, sample_rate: int) -> None:
        from torchaudio import pipelines
        from torchaudio.pipelines import Wav2Vec2Bundle

        known = [name for name, one in vars(pipelines).items() if type(one) is Wav2Vec2Bundle]
        if model not in known:
            raise ConfigError(f"encoder.*.model ({model}) must be a bundle of torchaudio; {nearest(model, known)}")
        self.bundle: Any = getattr(pipelines, model)
        if weights is None:
            self.weights = torch_file(
                PUBLISHER + self.bundle._path, key="encoder.*.model", value=model, local_key="encoder.*.weights"
            )
        else:
            self.weights = Path(weights).expanduser()
        if not self.weights.is_file():
            raise ConfigError(f"encoder.*.weights ({weights}) must be a file that is there; bring it, or set null")
        self.params: dict[str, Any] = self.bundle._params | {"encoder_layer_drop": 0.0, "aux_num_out": None}
        self.alone = self.params["extractor_mode"] == "group_norm"
        self.windows = [(length, stride) for _, length, stride in self.params["extractor_conv_layer_config"]]
        self.sample_rate = sample_rate
        super().__init__(
            name=model,
            width=self.params["encoder_embed_dim"],
            sha256=sha256_of([self.weights]),
            settings=f"audio|{model}|{sample_rate}",
        )

    def ready(self, modality: ModalityInput) -> ModalityInput:
        """Resample, and normalise where the bundle does; clip by clip, as the bundle itself does only one at a time."""
        return at_rate(
            modality,
            rate=self.sample_rate,
            wanted=int(self.bundle.sample_rate),
            normalise=self.bundle._normalize_waveform,
            name=self.name,
        )

    def load(self) -> nn.Module:
        """Return the model."""
        from torchaudio.models import wav2vec2_model, wavlm_model

        build = {"Wav2Vec2": wav2vec2_model, "WavLM": wavlm_model}[self.bundle._model_type]
        module: nn.Module = build(**self.params)
        return with_weights(module, read_weights(self.weights), name=self.name)

    def count(self, steps: int) -> int:
        """Return the tokens of so many samples."""
        return int(frames(torch.tensor(steps), self.windows))

    def tokens(self, module: nn.Module, ready: ModalityInput) -> tuple[Tensor, Tensor | None]:
        """Return the last layer's tokens."""
        least = least_length(self.windows)
        values_BS = at_least(ready.values, least)
        if ready.mask is None:
            return module(values_BS)[0], None
        mask_BS = ready.mask
        # A clip without a sample has no key to attend to, and a softmax over nothing is NaN: it hears silence instead.
        ends_B = torch.where(mask_BS.any(1), mask_BS.sum(1).clamp(min=least), values_BS.shape[1])
        tokens_BNH = module(values_BS, ends_B)[0]
        return tokens_BNH, mask_of_frames(mask_BS, self.windows, tokens_BNH.shape[1])

    def layers(self, module: nn.Module) -> list[nn.Module]:
        """Return the blocks of the transformer."""
        return longest(module)
