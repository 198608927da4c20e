"""Measure every fusion method's cost and write `costs.json` and `README.md` beside the methods.

    python scripts/fusion_table.py
    python scripts/fusion_table.py --ablation outputs/fusion_ablation --longer outputs/fusion_longer

The second takes in the results of two finished sweeps, +sweep=fusion_ablation and +sweep=fusion_longer.
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
FRONT = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- ablation: python scripts/fusion_table.py -->", "<!-- /ablation -->"
READING = """
Ten epochs are 640 steps: the table says what a method learns quickly as much as what it can learn.

- `attention/graph`, `attention/modality`, `attention/perceiver`, `attention/transformer` and `early/nl_gate` land far
  below what their construction can say on `synergy_add`. It is the budget: with four times the epochs they solve it.
- `early/mapped` answers questions about both modalities better than questions about one. All modalities pass the same
  network, and the mean forgets which of them said what; more epochs change that only slowly.
- `attention/bottleneck` has the same symmetry in the mean of its CLS tokens: in some seeds it falls for it, hence its
  deviation on the unique questions.
- Late methods stay near chance on `synergy_add`, as sums of unimodal logits must. `late/mixture_of_experts` alone lies
  above it: its gate sees all modalities at once, so it is no such sum.
- `late/uncertainty` reaches the level of early fusion on `synergy_max`, `late/product_of_experts` comes near. No leak:
  given one digit, the larger of two is that digit or any above, and the product of two such statements is the answer.

Seed 0 of both budgets, validation accuracy (`uv run fuselab train +sweep=fusion_longer launcher=joblib`):
"""
SLICES = ("unique_image", "unique_audio", "redundant", "synergy_max", "synergy_add")
TOKENS = {"image": 4, "audio": 8, "text": 13}  # what the default encoders give for trio_digits
FAMILIES = ("unimodal", "early", "attention", "late")


def main() -> None:
    """Measure, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ablation", type=Path, help="folder of a finished sweep=fusion_ablation")
    parser.add_argument("--longer", type=Path, help="folder of a finished sweep=fusion_longer")
    chosen = parser.parse_args()
    sweep, longer = chosen.ablation, chosen.longer
    if (sweep is None) != (longer is None):
        parser.error("--ablation and --longer go together: the second is read beside the first")
    found = options("fusion", [conf_folder()])
    if sweep is not None:
        found_there = ablation(sweep) | {"longer": four_times(sweep, longer)}
        ABLATION.write_text(json.dumps(found_there, indent=2) + "\n", encoding="utf-8")
    COSTS.write_text(json.dumps(costs([one.name for one in found]), indent=2) + "\n", encoding="utf-8")
    README.write_text(table(found), encoding="utf-8")
    known = json.loads(ABLATION.read_text(encoding="utf-8"))
    FRONT.write_text(put(FRONT.read_text(encoding="utf-8"), short(known)), encoding="utf-8")
    print(COSTS)
    print(README)


def costs(names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return parameters and FLOPs of methods."""
    found = {}
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        for name in names:
            config = resolved(hydra.compose([f"fusion={name}"]))
            if not set(config["fusion"]["modalities"]) <= set(config["data"]["modalities"]):
                continue  # of a modality that trio_digits lacks
            model = build_model(config)
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
    runs = pd.read_csv(sweep / "report" / "tables" / "runs.csv")
    rows = pd.read_csv(sweep / "report" / "tables" / "table.csv").set_index("method")
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


def four_times(sweep: Path, longer: Path) -> dict[str, dict[str, float]]:
    """Return validation accuracies of seed 0 at the ablation's budget and at four times its epochs."""
    found: dict[str, dict[str, float]] = {}
    for key, folder in (("10", sweep), ("40", longer)):
        for path in sorted(folder.glob("*-s0-*/result.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            val = result["val"]
            numbers = [val["accuracy"], *(val["slices"][name]["accuracy"] for name in SLICES)]
            found.setdefault(result["method"], {})[key] = [round(number, 4) for number in numbers]
    return {name: both for name, both in found.items() if len(both) == 2}


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
                f"| `{one.name}` | {one.summary} | {_count(known.parameters)} | {_count(known.flops)} "
                f"| {known.weights or 'none'} "
                f"| {known.citation} |"
            )
    if ABLATION.exists():
        lines += results(found, json.loads(ABLATION.read_text(encoding="utf-8")))
    return "\n".join(lines) + "\n"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


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
    return lines + reading(known)


def reading(known: Mapping[str, Any]) -> list[str]:
    """Return what to make of the table, with what four times the epochs change."""
    lines = ["", "### Reading it", "", READING.strip(), ""]
    lines += ["| method | all, 10 epochs | 40 | unique image, 10 | 40 | synergy add, 10 | 40 |", "|---|" + "--:|" * 6]
    for name, both in known["longer"].items():
        cells = [f"{both[epochs][place]:.3f}" for place in (0, 1, 5) for epochs in ("10", "40")]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return lines


def short(known: Mapping[str, Any]) -> str:
    """Return what the families reached, as it stands in the project's README."""
    lines = [
        "| family | methods | all questions | best | `synergy_add` | best |",
        "|---|--:|---|---|---|---|",
    ]
    for family in FAMILIES:
        own = {name: reached for name, reached in known["methods"].items() if name.startswith(f"{family}/")}
        cells = []
        for key in ("accuracy", "synergy_add"):
            ranked = sorted(own, key=lambda name, key=key: own[name][key][0])
            low, high = own[ranked[0]][key], own[ranked[-1]][key]
            best = "{} {:.3f} ± {:.3f}".format(ranked[-1].rpartition("/")[2], *high)
            cells += [f"{low[0]:.3f} to {high[0]:.3f}", best]
        lines.append(f"| {family} | {len(own)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def put(text: str, block: str) -> str:
    """Return a text with another block between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


if __name__ == "__main__":
    main()
