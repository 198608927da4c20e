"""The names under which W&B has what a sweep's runs were given and found: only those that all of them have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fuselab.errors import RunFolderError
from fuselab.reports.aggregate import frame_runs, list_metrics
from fuselab.reports.columns import HIDDEN
from fuselab.reports.labels import flatten
from fuselab.reports.load import Run, Split

USUAL = ("optimizer.lr", "width")  # what a reader looks for, also where it was the same in all runs
SHOWN = ("parameters", "flops", "seconds/fit", "peak_memory_bytes")
WIDE = 10.0  # from the smallest to the largest: beyond it an axis is logarithmic


@dataclass(frozen=True)
class Keys:
    """What panels can show.

    Args:
        method: config keys that together tell the compared rows apart, ``method`` first
        settings: config keys of numbers: those that differ, and the usual ones
        logarithmic: those of them, and of the costs, that span more than a factor of ten
        metric: the first metric, such as ``test/accuracy``
        validated: the same on validation
        slices: the first metric in each slice, by the slice's name
        costs: what a run cost
    """

    method: tuple[str, ...]
    settings: tuple[str, ...]
    logarithmic: frozenset[str]
    metric: str
    validated: str
    slices: dict[str, str]
    costs: tuple[str, ...]


def find_keys(runs: Sequence[Run], *, split: Split) -> Keys:
    """Return the names of what all runs of a sweep have at W&B.

    Args:
        runs: finished runs
        split: whose metrics to compare

    Raises:
        RunFolderError: runs that W&B doesn't have, or without a metric
    """
    missing = [run.name for run in runs if not run.result.get("wandb_id")]
    if missing:
        raise RunFolderError(
            f"the runs ({missing[0]}{f' and {len(missing) - 1} more' * (len(missing) > 1)}) must have been logged to "
            "W&B; train with logger=wandb"
        )
    metrics = list_metrics(frame_runs(runs, dict.fromkeys((run.name for run in runs), ""), families=()), split=split)
    main = next((name for name in metrics if not name.startswith("slices.") and name not in HIDDEN), None)
    if main is None:
        raise RunFolderError(f"the runs must have a metric besides the loss on the {split} split; choose another task")
    slices = [name.removeprefix("slices.").removesuffix(f".{main}") for name in metrics if name.endswith(f".{main}")]
    settings = [flatten(run.config) for run in runs]
    numbers = {
        key: values for key in settings[0] if (values := _numbers(one.get(key) for one in settings)) and not _seed(key)
    }
    varied = _once([key for key, values in numbers.items() if len(set(values)) > 1], settings)
    found = [run.result | {f"seconds/{phase}": one for phase, one in run.result["seconds"].items()} for run in runs]
    costs = {key: values for key in SHOWN if (values := _numbers(one.get(key) for one in found))}
    return Keys(
        method=("method", *_tell_apart(runs, settings)),
        settings=(*(key for key in USUAL if key in numbers), *(key for key in varied if key not in USUAL)),
        logarithmic=frozenset(key for key, values in (numbers | costs).items() if _wide(values)),
        metric=f"{split}/{main}",
        validated=f"val/{main}",
        slices={name.replace("_", " "): f"{split}/{main}/{name}" for name in slices},
        costs=tuple(costs),
    )


def _tell_apart(runs: Sequence[Run], settings: Sequence[dict[str, Any]]) -> list[str]:
    """Return the config keys in which runs of one method differ, seeds apart: such runs are no repetitions."""
    several: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run, setting in zip(runs, settings, strict=True):
        several[run.method].append(setting)
    found = [
        key
        for key in dict.fromkeys(key for setting in settings for key in setting)
        if not _seed(key) and any(len({str(one.get(key)) for one in of_method}) > 1 for of_method in several.values())
    ]
    # The name of a scheme says what its settings are, and steps on a modality are a list, which no column shows.
    hidden = ("transform.", "scheme.") if "scheme_name" in found else ("transform.",)
    return _once([key for key in found if not key.startswith(hidden)], settings)


def _once(keys: Sequence[str], settings: Sequence[dict[str, Any]]) -> list[str]:
    """Return the keys, outer ones first, without those that only repeat one, as interpolations of a width do."""
    first: dict[tuple[str, ...], str] = {}
    for key in sorted(keys, key=lambda one: one.count(".")):
        first.setdefault(tuple(str(one.get(key)) for one in settings), key)
    return list(first.values())


def _numbers(values: Iterable[Any]) -> list[float]:
    """Return the values where all are numbers, and nothing elsewhere."""
    found = list(values)
    return found if all(isinstance(one, int | float) and not isinstance(one, bool) for one in found) else []


def _wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) >= WIDE


def _seed(key: str) -> bool:
    return "seed" in key.rpartition(".")[2]
