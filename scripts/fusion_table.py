"""Measure every fusion method's cost and write `costs.json` and `README.md` beside the methods.

    python scripts/fusion_table.py

Parameters and FLOPs are those of the fusion alone (of the forward pass of one sample), at the default widths, over
the tokens that the default encoders give for `trio_digits`. Late methods add a head for each modality, as the model
that uses them does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import torch
from torch import nn

from fuselab.evaluation.cost import flops, parameters
from fuselab.models.build import build_model
from fuselab.models.fusion_model import DecisionFusionModel, FusionModel
from fuselab.runs.catalog import Option, options
from fuselab.runs.compose import composer, resolved
from fuselab.runs.conf import conf_folder
from fuselab.runs.methods import COSTS, method
from fuselab.types import Features

README = COSTS.with_name("README.md")
TOKENS = {"image": 4, "audio": 8, "text": 13}  # what the default encoders give for trio_digits
FAMILIES = ("unimodal", "early", "attention", "late")


def main() -> None:
    """Measure, and write both files."""
    found = options("fusion", [conf_folder()])
    COSTS.write_text(json.dumps(costs([one.name for one in found]), indent=2) + "\n", encoding="utf-8")
    README.write_text(table(found), encoding="utf-8")
    print(COSTS)
    print(README)


def costs(names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return parameters and FLOPs of methods."""
    found = {}
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        for name in names:
            model = build_model(resolved(hydra.compose([f"fusion={name}"])))
            found[name] = {"parameters": fusion_parameters(model), "flops": fusion_flops(model)}
    return found


def fusion_parameters(model: FusionModel) -> int:
    """Return the parameters of all but the encoders and a head that every method has."""
    heads: nn.Module = model.heads if isinstance(model, DecisionFusionModel) else nn.Module()
    one_head = parameters(next(iter(model.heads.values()))) if isinstance(model, DecisionFusionModel) else 0
    return parameters(model.fusion) + parameters(heads) - one_head


def fusion_flops(model: FusionModel) -> int:
    """Return the FLOPs of one sample, encoders and one head left out."""
    features = {
        name: Features(
            torch.zeros(1, TOKENS[name], model._encoder(name).dim),
            torch.ones(1, TOKENS[name], dtype=torch.bool),
            torch.ones(1, dtype=torch.bool),
        )
        for name in model.modalities
    }
    late = isinstance(model, DecisionFusionModel)
    head: nn.Module = next(iter(model.heads.values())) if late else model.head
    pooled = torch.zeros(1, model._encoder(model.modalities[0]).dim if late else model.fusion.dim)
    return flops(model, lambda: after_encoders(model, features)) - flops(head, lambda: head(pooled))


def after_encoders(model: FusionModel, features: dict[str, Features]) -> None:
    """Run the model on features."""
    model.encode = lambda _: features  # type: ignore[method-assign]
    model({})


def table(found: Sequence[Option]) -> str:
    """Return the README of the methods."""
    lines = [
        "# Fusion methods",
        "",
        "Made by `python scripts/fusion_table.py` from `conf/fusion` and the docstrings; `fuselab list fusion`",
        "shows the same. Parameters and FLOPs (one sample, forward) are the fusion's own at the default widths, over",
        "the tokens of `trio_digits`; element-wise operations count no FLOPs.",
    ]
    for family in FAMILIES:
        lines += ["", f"## {family}", ""]
        lines += ["| method | what it is | parameters | FLOPs | modality weights | reference |"]
        lines += ["|---|---|--:|--:|---|---|"]
        for one in (one for one in found if one.family == family):
            known = method(one.name, one.target or "")
            lines.append(
                f"| `{one.name}` | {one.summary} | {known.parameters:,} | {known.flops:,} | {known.weights or 'none'} "
                f"| {known.citation} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
