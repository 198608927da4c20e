"""The runs of a sweep, read from their files and found fit to stand in one table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json
from fuselab.runs.folder import RunFolder, find_runs
from fuselab.runs.record import read_record

NAMED = 4  # runs that a message names before it counts the rest
REPEAT = "delete the run's folder and launch it again"
# A table compares methods on one dataset, cut in one way, with one budget; a run without these can't be checked.
SHARED = ("data_fingerprint", "split_hash", "budget")
NEEDED = ("method", "family", "seed", "identity", "data", "val", "test", "parameters", "flops", "seconds", *SHARED)


@dataclass(frozen=True)
class Run:
    """A finished run.

    Args:
        name: its folder's name
        config: its resolved config
        result: what it found
    """

    name: str
    config: dict[str, Any]
    result: dict[str, Any]

    @property
    def method(self) -> str:
        """The compared value, such as ``early/concat``."""
        return str(self.result["method"])

    @property
    def family(self) -> str:
        """The kind of fusion, such as ``early``."""
        return str(self.result["family"])

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.result["seed"])


@dataclass(frozen=True)
class Loaded:
    """What a sweep holds.

    Args:
        runs: finished runs, sorted by folder name
        left_out: folder names of the other runs, by state
        waiting: runs that the last launch asked for and that have no folder yet
        search: the record of the search that chose the settings; None where there was none
    """

    runs: tuple[Run, ...]
    left_out: dict[str, tuple[str, ...]]
    waiting: int
    search: dict[str, Any] | None = None


def load(sweep: Path) -> Loaded:
    """Read the finished runs of a sweep.

    Args:
        sweep: a sweep's folder, or one run's

    Raises:
        RunFolderError: no finished run, a file that can't be read, or runs that don't belong in one table
    """
    runs: list[Run] = []
    left_out: dict[str, list[str]] = defaultdict(list)
    for folder in find_runs(sweep):
        status = folder.status()
        state = "without status" if status is None else folder.state(status)
        if state != "finished":
            left_out[state].append(folder.path.name)
        elif (result := folder.result()) is None:
            left_out["without result"].append(folder.path.name)
        else:
            runs.append(Run(folder.path.name, _config(folder), _checked(result, folder)))
    others = {state: tuple(names) for state, names in sorted(left_out.items())}
    if not runs:
        seen = "; ".join(f"{len(names)} {state}: {name_some(names)}" for state, names in others.items())
        raise RunFolderError(
            f"the sweep ({sweep}) must hold a finished run ({seen or 'it holds no run'}); launch it and wait for one"
        )
    for key in SHARED:
        _refuse_mixture(sweep, runs, key)
    launched = set((read_json(sweep / "sweep.json") or {}).get("runs", ()))
    begun = {run.name for run in runs}.union(*others.values())
    return Loaded(tuple(runs), others, len(launched - begun), read_record(sweep))


def name_some(names: list[str] | tuple[str, ...]) -> str:
    """Return names in one line, the first few of them where there are many.

    Example:
        >>> name_some(["a", "b", "c", "d", "e", "f"])
        'a, b, c, d and 2 more'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _checked(result: dict[str, Any], folder: RunFolder) -> dict[str, Any]:
    missing = [key for key in NEEDED if key not in result]
    if missing:
        raise RunFolderError(f"the result ({folder.result_file}) must hold {', '.join(missing)}; {REPEAT}")
    return result


def _config(folder: RunFolder) -> dict[str, Any]:
    # The C loader is fifteen times as fast; a sweep may have a thousand runs.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(folder.config.read_text(encoding="utf-8"), loader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunFolderError(f"the config ({folder.config}) must be readable YAML; {REPEAT} ({error})") from error
    if not isinstance(content, dict):
        raise RunFolderError(f"the config ({folder.config}) must be a mapping; {REPEAT}")
    return {str(key): value for key, value in content.items()}


def _refuse_mixture(sweep: Path, runs: list[Run], key: str) -> None:
    groups: dict[str, list[str]] = defaultdict(list)
    for run in runs:
        groups[_in_words(run.result[key])].append(run.name)
    if len(groups) > 1:
        # The smallest group first: it is usually the mistake.
        parts = sorted(groups.items(), key=lambda group: (len(group[1]), group[0]))
        named = "; ".join(f"{value}: {name_some(names)}" for value, names in parts)
        raise RunFolderError(
            f"the finished runs of {sweep} must share one {key} ({named}); a table of them would mix what can't be "
            "compared, so move one group to a sweep folder of its own"
        )


def _in_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={value[key]}" for key in sorted(value))
    return str(value)
