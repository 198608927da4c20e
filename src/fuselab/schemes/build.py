"""Build a training scheme from a resolved config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from fuselab.instantiate import instantiate
from fuselab.models.build import drawn_from
from fuselab.models.fusion_model import FusionModel
from fuselab.schemes.base import Scheme


def build_scheme(config: Mapping[str, Any], model: FusionModel) -> Scheme:
    """Build the scheme of a config for a model.

    What it adds draws its first weights from streams of its own: the model starts from the very same weights under
    every scheme.

    Args:
        config: plain values with ``seed``, ``scheme``, ``head`` and ``trainer``
        model: to be trained

    Raises:
        ConfigError: a scheme that can't go with the model
    """

    def make_head(name: str) -> nn.Module:
        with drawn_from(config["seed"], f"scheme.head.{name}"):
            head: nn.Module = instantiate(config["head"], dim=model.encoders[name].dim)
        return head

    scheme: Scheme = instantiate(config["scheme"])
    scheme.check(model, strategy=str(config["trainer"]["strategy"]))
    scheme.attach(model, make_head)
    return scheme
