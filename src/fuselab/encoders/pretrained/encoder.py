"""A pretrained model as an encoder: frozen, or trained from some layer on.

Shapes: B samples, N tokens, H features of the backbone, D of the encoder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from fuselab.encoders.pretrained.backbone import Backbone
from fuselab.encoders.pretrained.depth import Rates, Trained, by_depth, rates, still, thaw
from fuselab.errors import ConfigError
from fuselab.types import Encoder, Features, ModalityInput, Origin

Pooling = Literal["none", "mean", "first"]
BATCH = 64  # samples that a frozen model reads at once


class Pretrained(Encoder):
    """Tokens of a backbone, pooled or not, and a linear map of them that is trained in any case.

    A frozen backbone works in :meth:`prepare`: once for data held in memory, not once an epoch. Its weights stand in no
    state dict, which holds their SHA-256 instead; they are read when they are needed, and given back by
    :meth:`release`. A backbone of which layers are trained works in :meth:`forward`; its other layers stay as they are,
    without dropout, and so do the statistics of batch norm everywhere.

    Args:
        dim: width of the tokens
        backbone: the model
        pooling: ``none`` gives all tokens; ``mean`` one, the mean over the real ones; ``first`` the first one, which is
            the class token of models that have one
        trained: how many of the last layers are trained: 0, a number, or ``all`` with what stands before the first
        rate: factor of the optimizer's learning rate for the last layer
        layer_decay: further factor from each layer to the one before it

    Raises:
        ConfigError: another pooling, a rate or decay that isn't above 0, more layers than there are
    """

    def __init__(
        self, *, dim: int, backbone: Backbone, pooling: Pooling, trained: Trained, rate: float, layer_decay: float
    ) -> None:
        super().__init__(dim=dim)
        if pooling not in get_args(Pooling):
            raise ConfigError(
                f"encoder.*.pooling ({pooling}) must be one of {', '.join(get_args(Pooling))}; choose one"
            )
        if not (rate > 0 and 0 < layer_decay <= 1):
            raise ConfigError(
                f"encoder.*.rate ({rate}) must be above 0, and layer_decay ({layer_decay}) above 0 and at most 1; "
                "set rate=0.01 and layer_decay=0.9, for instance"
            )
        if pooling == "first" and not backbone.class_token:
            raise ConfigError(
                f"encoder.*.pooling (first) must go with a model that has a class token; {backbone.name} has none: "
                "choose none or mean"
            )
        self.backbone = backbone
        self.pooling = pooling
        self.rate = rate
        self.layer_decay = layer_decay
        self.trained: list[int] = []
        self._asleep = _Asleep()
        self.module: nn.Module | None = None
        if trained != 0:
            self.module = self._load()
            self.trained = thaw(self._depths(self.module), trained)
            self.train()
        self.project = nn.Linear(backbone.width, dim)

    def prepare(self, modality: ModalityInput) -> ModalityInput:
        """Do what has no trained parameters: all that a frozen backbone does."""
        # In single precision, whatever surrounds us: what is prepared outlives a step, and may outlive the run.
        with torch.no_grad(), torch.autocast(modality.values.device.type, enabled=False):
            if self.module is None:
                return self._read(self.backbone.ready(modality))
            if self.backbone.alone and modality.mask is not None and not modality.mask[modality.present].all():
                raise ConfigError(
                    f"encoder.*.trained of {self.backbone.name} must be 0 where clips are padded: its first norm would "
                    "hear the padding; freeze it, or choose a model with layer norm there, such as "
                    "facebook/wav2vec2-large-lv60 or WAV2VEC2_LARGE_LV60K"
                )
            # Pictures of a whole split, each of 224 times 224 pixels in floats, wouldn't fit in memory.
            return modality if self.backbone.grows else self.backbone.ready(modality)

    def forward(self, modality: ModalityInput) -> Features:
        """Encode prepared input."""
        tokens_BNH, mask_BN = modality.values, modality.mask
        if self.module is not None:
            ready = self._ready(modality) if self.backbone.grows else modality
            tokens_BNH, mask_BN = self._pooled(*self.backbone.tokens(self.module, ready))
        if mask_BN is None:
            mask_BN = torch.ones(tokens_BNH.shape[:2], dtype=torch.bool, device=tokens_BNH.device)
        return Features(self.project(tokens_BNH), mask_BN, modality.present)

    def train(self, mode: bool = True) -> Pretrained:
        """Set the mode; what isn't trained stays in evaluation mode."""
        super().train(mode)
        if mode and self.module is not None:
            still(self.module, self.backbone.layers(self.module), self.trained)
        return self

    def rates(self) -> Rates:
        """Return the trained parameters of the backbone with the factors of their learning rates."""
        if self.module is None:
            return []
        return rates(self._depths(self.module), rate=self.rate, decay=self.layer_decay)

    def origin(self) -> Origin:
        """Return the model that it began with."""
        settings = {"backbone": self.backbone.settings, "pooling": self.pooling, "batch": BATCH}
        return Origin(
            self.backbone.name, self.backbone.sha256, json.dumps(settings, sort_keys=True), self.module is None
        )

    def frozen_parameters(self) -> int:
        """Return how many parameters stand in no state dict."""
        if self.module is not None:
            return 0
        return sum(one.numel() for one in self._awake(torch.device("cpu")).parameters())

    def release(self) -> None:
        """Give the memory of a frozen backbone back, until it is needed again."""
        self._asleep.module = None

    def get_extra_state(self) -> Tensor:
        """Return the SHA-256 of the weights that a checkpoint goes with, and doesn't hold."""
        return torch.tensor(list(bytes.fromhex(self.backbone.sha256)), dtype=torch.uint8)

    def set_extra_state(self, state: Any) -> None:
        """Refuse a checkpoint of other weights.

        Raises:
            ConfigError: the frozen weights are not those that the checkpoint was made with
        """
        there, here = bytes(state.tolist()).hex(), self.backbone.sha256
        if self.module is None and there != here:
            raise ConfigError(
                f"encoder.*.model ({self.backbone.name}) must hold the weights that the checkpoint was made with; "
                f"their SHA-256 was {there[:12]}… and is {here[:12]}…; bring those back, or launch with rerun=all"
            )

    def _load(self) -> nn.Module:
        # Weights that are about to be overwritten are drawn first: no draw of theirs may shift one of ours.
        with torch.random.fork_rng(devices=[]):
            module = self.backbone.load()
        return module.float()

    def _depths(self, module: nn.Module) -> list[list[nn.Parameter]]:
        return by_depth(module, self.backbone.layers(module))

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _ready(self, modality: ModalityInput) -> ModalityInput:
        with torch.autocast(modality.values.device.type, enabled=False):
            ready = self.backbone.ready(modality)
        return ready._replace(values=ready.values.to(modality.values.dtype))

    def _awake(self, device: torch.device) -> nn.Module:
        if self._asleep.module is None:
            self._asleep.module = self._load().eval().requires_grad_(False)
        return self._asleep.module.to(device)

    def _read(self, ready: ModalityInput) -> ModalityInput:
        """Let the frozen backbone read, a batch at a time."""
        module, kind, alone = self._awake(ready.values.device), ready.values.device.type, self.backbone.alone
        found = []
        for rows, batch in _batches(ready, alone=alone):
            with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
                tokens_BNH, mask_BN = self._pooled(*self.backbone.tokens(module, batch))
            found.append((rows, tokens_BNH.float(), mask_BN))
        if not alone or ready.mask is None:
            masks = [mask_BN for _, _, mask_BN in found if mask_BN is not None]
            tokens_BNH = torch.cat([tokens_BNH for _, tokens_BNH, _ in found])
            return ModalityInput(tokens_BNH, torch.cat(masks) if masks else None, ready.present)
        tokens = self.backbone.count(ready.values.shape[1]) if self.pooling == "none" else 1
        values_BNH = torch.zeros((len(ready.values), tokens, self.backbone.width), device=ready.values.device)
        real_BN = torch.zeros((len(ready.values), tokens), dtype=torch.bool, device=ready.values.device)
        for rows, tokens_BNH, _ in found:
            values_BNH[rows, : tokens_BNH.shape[1]] = tokens_BNH
            real_BN[rows, : tokens_BNH.shape[1]] = True
        return ModalityInput(values_BNH, real_BN, ready.present)

    def _pooled(self, tokens_BNH: Tensor, mask_BN: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if self.pooling == "none":
            return tokens_BNH, mask_BN
        real_B1 = None if mask_BN is None else mask_BN.any(1, keepdim=True)
        if self.pooling == "first":
            return tokens_BNH[:, :1], real_B1
        if mask_BN is None:
            return tokens_BNH.mean(1, keepdim=True), None
        real_BN1 = mask_BN[..., None].to(tokens_BNH.dtype)
        return (tokens_BNH * real_BN1).sum(1, keepdim=True) / real_BN1.sum(1, keepdim=True).clamp(min=1), real_B1


class _Asleep:
    """Holds a module where ``state_dict`` and ``parameters`` don't find it; copies share it."""

    def __init__(self) -> None:
        self.module: nn.Module | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> _Asleep:
        return self


def _batches(ready: ModalityInput, *, alone: bool) -> Iterator[tuple[Tensor, ModalityInput]]:
    """Yield rows and what stands in them; where padding would be heard, clips of one length and without any."""
    everything = torch.arange(len(ready.values), device=ready.values.device)
    if ready.mask is None or not alone:
        for rows in torch.split(everything, BATCH):
            mask = None if ready.mask is None else ready.mask[rows]
            yield rows, ModalityInput(ready.values[rows], mask, ready.present[rows])
        return
    steps = torch.arange(1, ready.mask.shape[1] + 1, device=ready.mask.device)
    lengths = (ready.mask * steps).amax(1)
    for length in torch.unique(lengths).tolist():
        for rows in torch.split(everything[lengths == length], BATCH) if length else ():
            yield rows, ModalityInput(ready.values[rows, :length], None, ready.present[rows])
