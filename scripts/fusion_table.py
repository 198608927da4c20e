"""Measure every fusion method's cost and write `costs.json` and `README.md` beside the methods.

    python scripts/fusion_table.py
    python scripts/fusion_table.py --ablation outputs/fusion_ablation      # with the results of a finished sweep

Parameters and FLOPs are those of the fusion alone (of the forward pass of one sample), at the default widths, over
the tokens that the default encoders give for `trio_digits`. Late methods add a head for each modality, as the model
that uses them does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
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
ABLATION = COSTS.with_name("ablation.json")
SLICES = ("unique_image", "unique_audio", "redundant", "synergy_max", "synergy_add")
TOKENS = {"image": 4, "audio": 8, "text": 13}  # what the default encoders give for trio_digits
FAMILIES = ("unimodal", "early", "attention", "late")


def main() -> None:
    """Measure, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ablation", type=Path, help="folder of a finished sweep=fusion_ablation")
    sweep = parser.parse_args().ablation
    found = options("fusion", [conf_folder()])
    if sweep is not None:
        ABLATION.write_text(json.dumps(ablation(sweep), indent=2) + "\n", encoding="utf-8")
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


def ablation(sweep: Path) -> dict[str, Any]:
    """Return what a sweep of all methods found, from the files of its report.

    Args:
        sweep: its folder
    """
    subprocess.run(["fuselab", "report", str(sweep)], check=True, stdout=subprocess.DEVNULL)
    runs = pd.read_csv(sweep / "report" / "runs.csv")
    rows = pd.read_csv(sweep / "report" / "table.csv").set_index("method")
    single = ["data", "data_fingerprint", "split_hash", "budget.max_epochs", "budget.batch_size", "git_commit"]
    several = [name for name in single if runs[name].nunique() != 1]
    if several or rows["seeds"].nunique() != 1:
        sys.exit(
            f"the sweep ({sweep}) must be of one {several or 'set of seeds'}; let it finish, in a folder of its own"
        )
    about = {
        name.rpartition(".")[2]: runs[name].iloc[0].item() if name.startswith("budget") else runs[name].iloc[0]
        for name in single
    }
    columns = ["accuracy", *(f"{name}.accuracy" for name in SLICES)]
    methods = {
        method: {
            name.removesuffix(".accuracy"): [round(row[f"{name}_mean"], 4), round(row[f"{name}_std"], 4)]
            for name in columns
        }
        for method, row in rows.iterrows()
    }
    return {**about, "seeds": int(rows["seeds"].iloc[0]), "methods": methods}


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
    if ABLATION.exists():
        lines += results(found, json.loads(ABLATION.read_text(encoding="utf-8")))
    return "\n".join(lines) + "\n"


def results(found: Sequence[Option], known: Mapping[str, Any]) -> list[str]:
    """Return the table of what all methods reached, family by family, as it stands in the README."""
    lines = [
        "",
        f"## On {known['data']}",
        "",
        "Test accuracy of `uv run fuselab train +sweep=fusion_ablation launcher=joblib` at commit "
        f"`{known['git_commit'][:7]}`: mean ± sample standard",
        f"deviation over {known['seeds']} seeds, {known['max_epochs']} epochs, batches of {known['batch_size']}, the "
        "same data, split and budget for every row; over all test samples",
        "and by kind of question. No significance test. "
        "`python scripts/fusion_table.py --ablation outputs/fusion_ablation` writes it here.",
        "",
        "| method | all | " + " | ".join(name.replace("_", " ") for name in SLICES) + " |",
        "|---|--:|" + "--:|" * len(SLICES),
    ]
    for family in FAMILIES:
        for name in (one.name for one in found if one.family == family and one.name in known["methods"]):
            reached = known["methods"][name]
            cells = [
                f"{mean:.3f} ± {deviation:.3f}" for mean, deviation in (reached[key] for key in ("accuracy", *SLICES))
            ]
            lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
