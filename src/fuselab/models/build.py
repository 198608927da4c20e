"""Build a model from a resolved config."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from fuselab.errors import ConfigError, nearest
from fuselab.fusion.base import InformedDecisionFusion, LateFusion
from fuselab.instantiate import get_class, instantiate
from fuselab.models.fusion_model import DecisionFusionModel, FeatureFusionModel, FusionModel


def build_model(config: Mapping[str, Any]) -> FusionModel:
    """Build encoders, fusion and head.

    Each part draws its first weights from a stream of its own, named by seed and part: with one seed, every fusion
    method starts from the very same encoders.

    Args:
        config: plain values with ``seed``, ``encoder``, ``fusion`` and ``head``

    Raises:
        ConfigError: a fusion of a modality that has no encoder
    """
    seed = config["seed"]
    modalities = config["fusion"]["modalities"]
    known = config["encoder"]
    encoders = {}
    for name in modalities:
        if name not in known:
            raise ConfigError(f"fusion.modalities ({name}) must be a modality of the data; {nearest(name, known)}")
        with drawn_from(seed, f"encoder.{name}"):
            # A text encoder may bring the tokenizer that it was trained with; that is the data's.
            encoders[name] = instantiate({key: value for key, value in known[name].items() if key != "tokenizer"})
    dims = {name: encoder.dim for name, encoder in encoders.items()}
    method = get_class(config["fusion"])
    if issubclass(method, LateFusion):
        with drawn_from(seed, "fusion"):
            informed = issubclass(method, InformedDecisionFusion)
            fusion = instantiate(config["fusion"], **({"dims": dims} if informed else {}))
        heads = {}
        for name in modalities:
            with drawn_from(seed, f"head.{name}"):
                heads[name] = instantiate(config["head"], dim=encoders[name].dim)
        return DecisionFusionModel(encoders=encoders, fusion=fusion, heads=heads)
    with drawn_from(seed, "fusion"):
        fusion = instantiate(config["fusion"], dims=dims)
    with drawn_from(seed, "head"):
        head = instantiate(config["head"], dim=fusion.dim)
    return FeatureFusionModel(encoders=encoders, fusion=fusion, head=head)


@contextmanager
def drawn_from(seed: int, name: str) -> Iterator[None]:
    """Draw random numbers from a named stream inside, and leave the outer stream where it was."""
    with torch.random.fork_rng(devices=[]):
        # Parts are built on the CPU; torch.manual_seed would turn the devices' streams back as well.
        torch.default_generator.manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
        yield
