"""How a report looks and how it tests: a file of ``conf/report``, and what the command line changes in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from fuselab.errors import ConfigError, nearest
from fuselab.reports.statistics.settings import Settings
from fuselab.runs.catalog import options
from fuselab.runs.conf import conf_folder

GROUP, SHIPPED = "report", "full"  # the file that all others change
CellKind = Literal["deviation", "interval", "mean"]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which columns and rows, in which order, under which names and with how many digits; and the tests.

    Args:
        columns: measures, or ``main``, ``metrics``, ``slices`` and ``costs`` for several, in order
        families: of the rows, in order; others follow
        names: what measures, slices, families and methods are called, where it isn't their own name
        cell: ``deviation`` for mean ± sample standard deviation over seeds, ``interval`` for mean [bootstrap interval],
            ``mean`` for the mean alone
        digits: decimals of metrics
        percent: whether fractions are shown times 100, with two decimals less
        statistics: how methods are compared

    Raises:
        ConfigError: a value that can't be
    """

    columns: tuple[str, ...]
    families: tuple[str, ...]
    names: Mapping[str, str]
    cell: CellKind
    digits: int
    percent: bool
    statistics: Settings

    def __post_init__(self) -> None:
        if self.cell not in get_args(CellKind):
            known = get_args(CellKind)
            raise ConfigError(f"cell ({self.cell}) must be one of {', '.join(known)}; {nearest(str(self.cell), known)}")
        if isinstance(self.digits, bool) or not isinstance(self.digits, int) or not 0 <= self.digits <= 10:
            raise ConfigError(f"digits ({self.digits}) must be a whole number from 0 to 10; 3 is usual")
        if not isinstance(self.percent, bool):
            raise ConfigError(f"percent ({self.percent}) must be true or false; choose one")
        for key in ("columns", "families"):
            if not all(isinstance(one, str) for one in getattr(self, key)):
                raise ConfigError(f"{key} ({list(getattr(self, key))}) must be names; write {key}=[main,slices]")
        if not self.columns:
            raise ConfigError("columns ([]) must name at least one measure; main is the first metric")


def read_layout(changes: Sequence[str], *, config_dir: Path | None, **statistics: Any) -> Layout:
    """Return the layout that a command line asks for.

    Args:
        changes: ``report=NAME`` and ``KEY=VALUE``, as for training
        config_dir: a config folder of the user's own, searched too
        statistics: what goes over all of it in how methods are compared

    Raises:
        ConfigError: no such layout or key, or a value that can't be

    Example:
        >>> layout = read_layout(["report=paper", "digits=4", "statistics.alpha=0.01"], config_dir=None)
        >>> layout.percent, layout.digits, layout.statistics.alpha
        (True, 4, 0.01)
    """
    folders = [conf_folder(), *([config_dir] if config_dir else [])]
    content = _read(SHIPPED, folders)
    pairs = [_split(change) for change in changes]
    for key, name in pairs:
        if key == GROUP and name != SHIPPED:
            _merge(content, _read(str(name), folders))
    for key, value in pairs:
        if key != GROUP:
            # The name of a method or slice may hold a dot.
            *parents, last = key.split(".", 1) if key.startswith("names.") else key.split(".")
            nested: dict[str, Any] = {last: value}
            for parent in reversed(parents):
                nested = {parent: nested}
            _merge(content, nested)
    _merge(content, {"statistics": statistics})
    return _make(content)


def _make(content: Mapping[str, Any]) -> Layout:
    lists = {key: content[key] for key in ("columns", "families")}
    for key, value in lists.items():
        if not isinstance(value, list):
            raise ConfigError(f"{key} ({value}) must be a list; write {key}=[{value}]")
    names = content["names"]
    for name, called in names.items():
        if isinstance(called, (Mapping, list)) or called is None:
            raise ConfigError(f"names.{name} ({called}) must be text; such as names.{name}=Mine")
        if twin := next((one for one in names if one != name and names[one] == called), None):
            raise ConfigError(f"names.{name} ({called}) must not be what {twin} is called too; choose another name")
    return Layout(
        columns=tuple(lists["columns"]),
        families=tuple(lists["families"]),
        names={str(name): str(called) for name, called in names.items()},
        cell=content["cell"],
        digits=content["digits"],
        percent=content["percent"],
        statistics=Settings(**content["statistics"]),
    )


def _split(change: str) -> tuple[str, Any]:
    key, _, text = change.partition("=")
    try:
        return key, yaml.safe_load(text) if text else None
    except yaml.YAMLError as error:
        raise ConfigError(f"{key} ({text}) must be a value that YAML can read; put text in quotes") from error


def _merge(content: dict[str, Any], changes: Mapping[str, Any], *, prefix: str = "") -> None:
    for key, value in changes.items():
        here = f"{prefix}{key}"
        # Names are the user's; all other keys are known.
        if key not in content and prefix != "names.":
            raise ConfigError(f"{here} ({value}) must be a key of a report's layout; {nearest(key, content)}")
        if isinstance(content.get(key), dict):
            if not isinstance(value, Mapping):
                raise ConfigError(f"{here} ({value}) must be a mapping; write {here}.KEY=VALUE")
            _merge(content[key], value, prefix=f"{here}.")
        else:
            content[key] = value


def _read(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    known = [one.name for one in options(GROUP, folders)]
    if name not in known:
        raise ConfigError(f"{GROUP} ({name}) must be a file of conf/{GROUP}; {nearest(name, known)}")
    path, *others = (path for folder in folders if (path := folder / GROUP / f"{name}.yaml").is_file())
    if others:
        raise ConfigError(f"the layout ({others[0]}) must have a name of its own, since {path} has it; rename it")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"the layout ({path}) must be readable YAML; mend it ({error})") from error
    if not isinstance(content, dict):
        raise ConfigError(f"the layout ({path}) must be a mapping such as that of {SHIPPED}.yaml; mend it")
    return content
