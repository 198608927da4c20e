"""``search.json``: what a search was given, what it tried and what it chose; written before the test set is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from fuselab.errors import RunFolderError
from fuselab.runs.files import read_json

NAME = "search.json"
_NEEDED = ("compare", "space", "trials", "sampler", "sampler_seed", "trial_seed", "metric", "mode", "values")


def read_record(sweep: Path) -> dict[str, Any] | None:
    """Return the record of a sweep's search; None where its runs were not chosen by one.

    Raises:
        RunFolderError: the file is no record
    """
    record = read_json(sweep / NAME)
    missing = [key for key in _NEEDED if record is not None and key not in record]
    if missing:
        raise RunFolderError(
            f"the record ({sweep / NAME}) must hold {', '.join(missing)}; launch the same search again, which writes it"
        )
    return record


def record_value(name: str, trials: Sequence[Mapping[str, Any]], *, mode: str) -> dict[str, Any]:
    """Return what a search found for one compared value.

    Args:
        name: of the value
        trials: each with ``trial``, ``setting``, ``state``, ``value``, ``run`` and ``identity``
        mode: ``max`` or ``min``

    Example:
        >>> one = {"setting": {"width": 32}, "state": "done", "run": "a", "identity": "b"}
        >>> found = record_value("late/mean", [{"trial": 0, "value": 0.5, **one}], mode="max")
        >>> found["best"]["value"], found["spread"], found["failed"]
        (0.5, {'min': 0.5, 'median': 0.5, 'max': 0.5}, 0)
    """
    done = [one for one in trials if one["state"] == "done"]
    values = [one["value"] for one in done]
    sign = -1 if mode == "max" else 1
    best = min(done, key=lambda one: (sign * one["value"], one["trial"]))
    return {
        "value": name,
        "best": {key: best[key] for key in ("trial", "setting", "value", "run", "identity")},
        "spread": {"min": min(values), "median": median(values), "max": max(values)},
        "failed": len(trials) - len(done),
        "trials": [dict(one) for one in trials],
        "refits": [],
    }


def say_record(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Say a record: the budget and the space, then for each compared value its best setting and the spread.

    Args:
        record: of a search
    """
    several = say_count(len(record["values"]), "value")
    drawn = f"{record['sampler']}, sampler seed {record['sampler_seed']}, run seed {record['trial_seed']}"
    said = [
        f"tuned with an equal budget: {say_count(record['trials'], 'trial')} for each of {several} of "
        f"{' and '.join(record['compare'])} ({drawn}) over {say_space(record['space'])}; the setting with the best "
        f"{record['metric']} was refitted over the seeds, and only then was the test set opened"
    ]
    for one in record["values"]:
        spread, best, failed = one["spread"], one["best"], one["failed"]
        lost = f"; {failed} of {len(one['trials'])} failed" if failed else ""
        said.append(
            f"{one['value']}: {record['metric']} {best['value']:.3f} with {say_setting(best['setting'])}; its trials "
            f"from {spread['min']:.3f} to {spread['max']:.3f}, median {spread['median']:.3f}{lost}"
        )
    if replaced := record.get("replaced"):
        said.append(
            f"the search went on after the test set had been opened: {say_count(len(replaced), 'run')} of an earlier "
            "best setting stand in .replaced"
        )
    return tuple(said)


def say_space(space: Mapping[str, Mapping[str, Any]]) -> str:
    """Say a space in words.

    Example:
        >>> say_space({"width": {"choices": [32, 64]}, "lr": {"low": 0.001, "high": 0.1, "log": True, "step": None}})
        'width 32 or 64, lr 0.001 to 0.1 (log)'
    """
    return ", ".join(f"{key} {_say_dimension(one)}" for key, one in space.items())


def say_setting(setting: Mapping[str, Any]) -> str:
    """Say a setting in words.

    Example:
        >>> say_setting({"width": 32, "lr": 0.0012345})
        'width=32, lr=0.00123'
    """
    return ", ".join(f"{key}={_say(value)}" for key, value in setting.items())


def say_count(number: int, what: str) -> str:
    """Say how many there are of something.

    Example:
        >>> say_count(1, "trial"), say_count(2, "trial")
        ('1 trial', '2 trials')
    """
    return f"{number} {what}{'s' * (number != 1)}"


def _say_dimension(one: Mapping[str, Any]) -> str:
    if "choices" in one:
        *others, last = map(_say, one["choices"])
        return f"{', '.join(others)} or {last}"
    how = " (log)" * bool(one["log"]) + (f" in steps of {_say(one['step'])}" if one["step"] is not None else "")
    return f"{_say(one['low'])} to {_say(one['high'])}{how}"


def _say(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "null" if value is None else str(value)


def say_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in what two setups of a search differ.

    Example:
        >>> width = {"choices": [32, 64]}
        >>> say_difference({"sampler": "tpe", "space": {"width": width}}, {"sampler": "tpe", "space": {}})
        'the space had width 32 or 64'
    """
    parts = [
        f"{key} was {before.get(key)}, not {now[key]}" for key in now if key != "space" and before.get(key) != now[key]
    ]
    there, here = before.get("space", {}), now["space"]
    if had := {key: one for key, one in there.items() if here.get(key) != one}:
        parts.append(f"the space had {say_space(had)}")
    if new := [key for key in here if key not in there]:
        parts.append(f"the space had no {', '.join(new)}")
    return "; ".join(parts)
