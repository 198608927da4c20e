"""Time forward and backward of every fusion method against an obvious version of the same equation.

    python scripts/benchmarks/fusion_speed.py            # on the CPU
    python scripts/benchmarks/fusion_speed.py --device cuda

Both get the same weights and the same inputs, in which a fifth of the tokens is padding and a tenth of the modalities
is missing, and both must give the same result and the same gradients, or there is no time to compare. They take turns;
the table shows each one's median and the median of the turns' ratios. Features are as wide as the method, dropout is 0.
Late methods get ten classes. The exit code says whether any method takes more than 1.1 times as long.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from hydra.utils import get_class
from omegaconf import OmegaConf
from plain_fusions import DECISIONS, FEATURES, Result, lstm
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from fuselab.fusion.base import DecisionFusion, FeatureFusion, InformedDecisionFusion, LateFusion
from fuselab.runs.catalog import options
from fuselab.runs.conf import conf_folder
from fuselab.types import Features

SIZES = {"B=128 N=32 D=64": (128, 32, 64), "B=32 N=512 D=256": (32, 512, 256)}
MODALITIES = ("image", "audio", "text")
CLASSES = 10
LIMIT = 1.1


@dataclass
class Case:
    """One method at one size: both versions, and what gradients flow to."""

    ours: Callable[[], Result]
    plain: Callable[[], Result]
    leaves: list[Tensor]
    weights: nn.Module


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--only", default="", help="methods with this in their name (default: all)")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each method and size (default: 3)")
    chosen = parser.parse_args()
    methods = [one.name for one in options("fusion", [conf_folder()]) if one.family != "unimodal"]
    unknown = set(methods) ^ (FEATURES.keys() | DECISIONS.keys())
    if unknown:
        sys.exit(f"plain_fusions.py must have every method that conf/fusion has, and no other: {sorted(unknown)}")
    table = Table("method", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for size in SIZES:
        for heading in (f"ours, ms ({size})", "plain, ms", "ratio"):
            table.add_column(heading, justify="right")
    slow = []
    for name in (one for one in methods if chosen.only in one):
        row = [name]
        for size, (samples, tokens, width) in SIZES.items():
            torch.manual_seed(0)
            case = make(name, samples, tokens, width, torch.device(chosen.device))
            agree(name, case)
            ours, plain, ratio = compare(case, chosen.seconds, chosen.device)
            row += [f"{1000 * ours:.2f}", f"{1000 * plain:.2f}", f"{ratio:.2f}"]
            if ratio > LIMIT:
                slow.append(f"{name} at {size}: {ratio:.2f}")
        table.add_row(*row)
        print(" ".join(row), file=sys.stderr)
    Console(width=140).print(table)
    print(f"{torch.get_num_threads()} threads" if chosen.device == "cpu" else torch.cuda.get_device_name())
    print("none slower than 1.1 times" if not slow else "slower than 1.1 times: " + "; ".join(slow))
    sys.exit(bool(slow))


def make(name: str, samples: int, tokens: int, width: int, device: torch.device) -> Case:
    """Build a method with its default settings, and inputs for it."""
    present = torch.rand(samples, len(MODALITIES), device=device) > 0.1
    mask = torch.rand(samples, len(MODALITIES), tokens, device=device) > 0.2
    given = [torch.randn(samples, tokens, width, device=device, requires_grad=True) for _ in MODALITIES]
    if name in FEATURES:
        fusion = build(name, width).to(device)
        assert isinstance(fusion, FeatureFusion)
        features = [Features(one, mask[:, m], present[:, m]) for m, one in enumerate(given)]
        by_name = dict(zip(MODALITIES, features, strict=True))
        if name == "early/concat_sequence":
            object.__setattr__(fusion, "plain", lstm(fusion))
        return Case(lambda: fusion(by_name), lambda: FEATURES[name](fusion, features), given, fusion)
    fusion = build(name, width).to(device)
    assert isinstance(fusion, LateFusion)
    outputs = [torch.randn(samples, CLASSES, device=device, requires_grad=True) for _ in MODALITIES]
    pooled = [one.detach().mean(1).requires_grad_() for one in given]
    there = present.unbind(1)
    named = [dict(zip(MODALITIES, each, strict=True)) for each in (outputs, there, pooled)]
    arguments = named if isinstance(fusion, InformedDecisionFusion) else named[:2]
    assert isinstance(fusion, DecisionFusion | InformedDecisionFusion)
    return Case(
        lambda: fusion(*arguments),
        lambda: DECISIONS[name](fusion, outputs, pooled, there),
        [*outputs, *pooled],
        fusion,
    )


def build(name: str, width: int) -> nn.Module:
    """Return a fusion with the settings of its config, as wide as wanted."""
    config: Any = OmegaConf.load(conf_folder() / "fusion" / f"{name}.yaml")
    config.modalities = list(MODALITIES)
    for key, value in {"dim": width, "dropout": 0.0, "content": MODALITIES[0], "outputs": CLASSES}.items():
        if key in config:
            config[key] = value
    if "space" in config:
        config.space = "probability"
    settings = {str(key): value for key, value in OmegaConf.to_object(config).items() if key != "_target_"}
    made = get_class(config["_target_"])
    if "dims" in inspect.signature(made).parameters:
        settings["dims"] = dict.fromkeys(MODALITIES, width)
    fusion: nn.Module = made(**settings)
    return fusion


def agree(name: str, case: Case) -> None:
    """Refuse to compare versions that compute different things."""
    results, gradients = [], []
    for version in (case.ours, case.plain):
        for leaf in case.leaves:
            leaf.grad = None
        output, weights = both(version())
        output.backward(torch.linspace(-1, 1, output.shape[1], device=output.device).expand_as(output))
        results.append((output.detach(), weights))
        gradients.append([leaf.grad if leaf.grad is not None else torch.zeros_like(leaf) for leaf in case.leaves])
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-3, atol=1e-4, msg=lambda said: f"{name}: {said}")
    torch.testing.assert_close(results[0][1], results[1][1], msg=lambda said: f"{name}, weights: {said}")
    for ours, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-2, atol=1e-4, msg=lambda said: f"{name}, gradient: {said}")


def both(result: Result) -> tuple[Tensor, Tensor | None]:
    """Return the output and the modality weights, if there are any."""
    return (result, None) if isinstance(result, Tensor) else (result[0], result[1])


def compare(case: Case, seconds: float, device: str) -> tuple[float, float, float]:
    """Return the median time of ours, that of the plain version, and the median of the ratios turn by turn."""
    turn = max(1, int(0.02 / max(measure(case, case.plain, 2, device), 1e-6)))
    taken: list[tuple[float, float]] = []
    began = time.perf_counter()
    while len(taken) < 5 or time.perf_counter() - began < seconds:
        # Whoever goes first finds the caches of the other.
        versions = (case.ours, case.plain) if len(taken) % 2 else (case.plain, case.ours)
        times = [measure(case, version, turn, device) for version in versions]
        taken.append((times[0], times[1]) if len(taken) % 2 else (times[1], times[0]))
    ours, plain = zip(*taken, strict=True)
    return median(ours), median(plain), median(one / other for one, other in taken)


def measure(case: Case, version: Callable[[], Result], repeats: int, device: str) -> float:
    """Return the seconds of one forward and backward pass."""
    if device != "cpu":
        torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(repeats):
        for leaf in case.leaves:
            leaf.grad = None
        case.weights.zero_grad(set_to_none=True)
        both(version())[0].sum().backward()
    if device != "cpu":
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / repeats


if __name__ == "__main__":
    main()
