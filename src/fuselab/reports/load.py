"""The runs of one sweep or several, read from their files and sorted into what may stand in one table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json
from fuselab.runs.folder import RunFolder, find_runs, find_strangers
from fuselab.runs.record import read_record

NAMED = 4  # runs that a message names before it counts the rest
REPEAT = "delete the run's folder and launch it again"
# A table compares methods on one dataset, cut in one way, with one budget; a run without these can't be checked.
SHARED = ("data_fingerprint", "split_hash", "budget")
NEEDED = ("method", "family", "seed", "identity", "data", "parameters", "flops", "seconds", *SHARED)
UNREADABLE = "unreadable"
Split = Literal["test", "val"]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Args:
        folder: its files
        config: its resolved config
        result: what it found
    """

    folder: RunFolder
    config: dict[str, Any]
    result: dict[str, Any]

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.folder.path.name

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
    """Runs that share their data, split and budget, and what lies beside them.

    Args:
        called: what tells them from runs that don't share these
        sweeps: folders of the sweeps that they come from
        runs: finished runs, sorted by folder name
        left_out: folder names of what else these sweeps hold, by state
        reasons: why unreadable ones are left out, a sentence each
        waiting: runs that the last launches asked for and that have no folder yet
        searches: records of the searches that chose the settings
        copies: names of runs that more than one of the sweeps holds
    """

    called: str
    sweeps: tuple[Path, ...]
    runs: tuple[Run, ...]
    left_out: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]
    waiting: int
    searches: tuple[dict[str, Any], ...]
    copies: tuple[str, ...]


@dataclass(frozen=True)
class _Sweep:
    path: Path
    runs: tuple[Run, ...]
    left_out: dict[str, tuple[str, ...]]
    reasons: tuple[str, ...]
    waiting: int
    search: dict[str, Any] | None


def load(*sweeps: Path, split: Split) -> tuple[Loaded, ...]:
    """Read the finished runs of sweeps; those that differ in data, split or budget never come together.

    Args:
        sweeps: folders of sweeps, or of single runs
        split: which the runs must have been measured on

    Returns:
        what may stand in one table each: in the order of the sweeps, those of one sweep with most runs first

    Raises:
        RunFolderError: a sweep without a finished run that can be read, or one run with two results
    """
    read = [_read(sweep, split) for sweep in dict.fromkeys(sweeps)]
    kinds: dict[str, dict[str, Run]] = {}
    homes: dict[str, list[_Sweep]] = defaultdict(list)
    copies: list[str] = []
    for sweep in read:
        by_kind: dict[str, list[Run]] = defaultdict(list)
        for run in sweep.runs:
            by_kind[_kind(run)].append(run)
        for kind in sorted(by_kind, key=lambda one: -len(by_kind[one])):
            there = kinds.setdefault(kind, {})
            homes[kind].append(sweep)
            for run in by_kind[kind]:
                first = there.setdefault(run.name, run)
                if first is not run:
                    _refuse_other(first, run)
                    copies.append(run.name)
    names = _call([next(iter(runs.values())) for runs in kinds.values()])
    return tuple(
        _gather(called, [kinds[kind][name] for name in sorted(kinds[kind])], homes[kind], copies)
        for called, kind in zip(names, kinds, strict=True)
    )


def name_some(names: Sequence[str]) -> str:
    """Return names in one line, the first few of them where there are many.

    Example:
        >>> name_some(["a", "b", "c", "d", "e", "f"])
        'a, b, c, d and 2 more'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _read(sweep: Path, split: Split) -> _Sweep:
    runs: list[Run] = []
    left_out: dict[str, list[str]] = defaultdict(list)
    reasons: list[str] = []
    for folder in find_runs(sweep):
        try:
            found = _read_run(folder, split)
        except RunFolderError as error:
            left_out[UNREADABLE].append(folder.path.name)
            reasons.append(str(error))
            continue
        if isinstance(found, Run):
            runs.append(found)
        else:
            left_out[found].append(folder.path.name)
    if strangers := find_strangers(sweep):
        left_out["without status"] += [folder.name for folder in strangers]
    others = {state: tuple(names) for state, names in sorted(left_out.items())}
    if not runs:
        seen = "; ".join(f"{len(names)} {state}: {name_some(names)}" for state, names in others.items())
        why = f": {reasons[0]}" if reasons else "; launch it and wait for one"
        raise RunFolderError(f"the sweep ({sweep}) must hold a finished run ({seen or 'it holds no run'}){why}")
    launched = set((read_json(sweep / "sweep.json") or {}).get("runs", ()))
    begun = {run.name for run in runs}.union(*others.values())
    return _Sweep(sweep, tuple(runs), others, tuple(reasons), len(launched - begun), read_record(sweep))


def _read_run(folder: RunFolder, split: Split) -> Run | str:
    """Return a finished run, or the state of another one."""
    status = folder.status()
    state = "without status" if status is None else folder.state(status)
    if state != "finished":
        return state
    result = folder.result()
    if result is None:
        return "without result"
    missing = [key for key in NEEDED if key not in result]
    if missing:
        raise RunFolderError(f"the result ({folder.result_file}) must hold {', '.join(missing)}; {REPEAT}")
    if split not in result:
        return f"not measured on {split}"
    return Run(folder, _config(folder), result)


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


def _kind(run: Run) -> str:
    return json.dumps([run.result[key] for key in SHARED], sort_keys=True)


def _call(firsts: Sequence[Run]) -> list[str]:
    """Return what each kind of run is called: by its data, and by what else tells it from others on the same data."""
    names = []
    for run in firsts:
        alike = [other.result for other in firsts if other.result["data"] == run.result["data"]]
        differing = [
            say for key, say in _traits(run.result) if len({dict(_traits(other)).get(key) for other in alike}) > 1
        ]
        names.append(", ".join([str(run.result["data"]), *differing]))
    return names


def _traits(result: dict[str, Any]) -> list[tuple[str, str]]:
    hashes = [
        (key, f"{what} {str(result[key])[:8]}") for key, what in (("data_fingerprint", "data"), ("split_hash", "split"))
    ]
    return [*hashes, *((key, f"{key} {value}") for key, value in sorted(result["budget"].items()))]


def _refuse_other(first: Run, second: Run) -> None:
    """Refuse two results of one run; the name of its folder holds the hash of its config."""
    found = [json.dumps([run.result.get("val"), run.result.get("test")], sort_keys=True) for run in (first, second)]
    if found[0] != found[1]:
        raise RunFolderError(
            f"the run {first.name} must have found the same in {first.folder.path.parent} and in "
            f"{second.folder.path.parent}; compare two states of the code with fuselab report SWEEP --against SWEEP"
        )


def _gather(called: str, runs: Sequence[Run], mine: Sequence[_Sweep], copies: Sequence[str]) -> Loaded:
    left_out: dict[str, list[str]] = defaultdict(list)
    for sweep in mine:
        for state, names in sweep.left_out.items():
            left_out[state] += names
    there = {run.name for run in runs}
    return Loaded(
        called=called,
        sweeps=tuple(sweep.path for sweep in mine),
        runs=tuple(runs),
        left_out={state: tuple(names) for state, names in sorted(left_out.items())},
        reasons=tuple(reason for sweep in mine for reason in sweep.reasons),
        waiting=sum(sweep.waiting for sweep in mine),
        searches=tuple(sweep.search for sweep in mine if sweep.search is not None),
        copies=tuple(sorted(name for name in set(copies) if name in there)),
    )
