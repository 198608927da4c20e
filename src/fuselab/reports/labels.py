"""What tells runs of one method apart: the config keys in which they differ, besides the seed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fuselab.errors import RunFolderError
from fuselab.reports.load import Run
from fuselab.runs.identity import NEUTRAL
from fuselab.runs.steps import chosen_steps

ABSENT = "absent"
SHOWN = {"scheme_name": "scheme"}
CHOICE = frozenset({"method", "fusion"})  # what makes a method that method


def label_runs(runs: Sequence[Run]) -> dict[str, str]:
    """Return each run's label by its name: empty, or the keys in which runs of its method differ.

    Runs with one method and one label differ in nothing but the seed, so that their mean is the mean of one thing.

    Args:
        runs: finished runs

    Raises:
        RunFolderError: two runs are the same experiment with the same seed
    """
    labels: dict[str, str] = {}
    for several in _by_method(runs).values():
        settings = {run.name: flatten(run.config) for run in several}
        keys = [
            key
            for key in _differing(settings.values())
            if not all(_is_the_seed(key, settings[run.name].get(key), run) for run in several)
            and not _comes_with_scheme(key, settings.values())
        ]
        for run in several:
            labels[run.name] = ", ".join(
                f"{SHOWN.get(key, key)}={_say(settings[run.name].get(key, ABSENT))}" for key in keys
            )
    _refuse_twins(runs, labels)
    return labels


def differences_between_methods(runs: Sequence[Run]) -> list[str]:
    """Return the keys outside the fusion whose values differ between methods, but not within any of them.

    A reader has to know of them: such a key may be what makes the difference between two rows. A key that a method
    doesn't have at all, such as the encoder of a modality that it doesn't use, is no difference.

    Args:
        runs: finished runs
    """
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for run in runs:
        for key, value in flatten(run.config).items():
            if key.split(".")[0] not in CHOICE and not _is_the_seed(key, value, run):
                values[key][run.method].add(_say(value))
    settings = [flatten(run.config) for run in runs]
    return sorted(
        SHOWN.get(key, key)
        for key, by_method in values.items()
        if all(len(one) == 1 for one in by_method.values())
        and len(set.union(*by_method.values())) > 1
        and not _comes_with_scheme(key, settings)
    )


def name_row(method: str, label: str) -> str:
    """Return what a row of a table is called.

    Example:
        >>> name_row("early/concat", "optimizer.lr=0.01"), name_row("early/sum", "")
        ('early/concat · optimizer.lr=0.01', 'early/sum')
    """
    return f"{method} · {label}" if label else method


def flatten(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config as dotted keys, without what can't change a result; all steps on a modality are one value.

    Args:
        config: a plain nested config

    Example:
        >>> flatten({"output_dir": "x", "optimizer": {"lr": 0.1, "betas": [0.9, 0.99]}})
        {'optimizer.lr': 0.1, 'optimizer.betas': [0.9, 0.99]}
    """
    counted = {key: value for key, value in config.items() if key not in NEUTRAL and key != "transform"}
    steps = {f"transform.{name}": " ".join(map(_say_step, one.values())) for name, one in chosen_steps(config).items()}
    return dict(_leaves(counted, prefix="")) | steps


def _leaves(config: Mapping[str, Any], *, prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, prefix=f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _say_step(value: Any) -> str:
    """Say a step as one would call it; its place among the others says the rest."""
    if not isinstance(value, Mapping):
        return _say(value)
    given = ", ".join(f"{key}={_say_step(one)}" for key, one in value.items() if key != "_target_")
    return f"{str(value.get('_target_', '')).rpartition('.')[2]}({given})"


def _by_method(runs: Iterable[Run]) -> dict[str, list[Run]]:
    methods: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        methods[run.method].append(run)
    return methods


def _differing(settings: Iterable[Mapping[str, Any]]) -> list[str]:
    values: dict[str, set[str]] = defaultdict(set)
    several = list(settings)
    keys = sorted({key for one in several for key in one})
    for one in several:
        for key in keys:
            values[key].add(_say(one.get(key, ABSENT)))
    return [key for key in keys if len(values[key]) > 1]


def _comes_with_scheme(key: str, settings: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether a key belongs to a training scheme and its value to the scheme's name: the name says it all."""
    if not key.startswith("scheme."):
        return False
    values: dict[str, set[str]] = defaultdict(set)
    for one in settings:
        values[_say(one.get("scheme_name", ABSENT))].add(_say(one.get(key, ABSENT)))
    return len(values) > 1 and all(len(several) == 1 for several in values.values())


def _is_the_seed(key: str, value: object, run: Run) -> bool:
    # A resolved config repeats the seed wherever a key, such as data.split_seed, was an interpolation of it.
    return "seed" in key.rpartition(".")[2] and value == run.seed


def _say(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _refuse_twins(runs: Sequence[Run], labels: Mapping[str, str]) -> None:
    seen: dict[tuple[str, str, int], Run] = {}
    for run in runs:
        first = seen.setdefault((run.method, labels[run.name], run.seed), run)
        if first is not run:
            what = name_row(run.method, labels[run.name])
            raise RunFolderError(
                f"the runs {first.name} and {run.name} must not be the same experiment ({what}, seed {run.seed}); "
                "delete the one that you don't want counted"
            )
