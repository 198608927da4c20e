"""Compose configs in the command line's own process, and say in words why one can't be composed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Glob, Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue, OmegaConfBaseException

from fuselab.errors import ConfigError, nearest
from fuselab.runs import catalog
from fuselab.runs.checks import leaves
from fuselab.runs.conf import conf_folder

HYDRA_ERRORS = (HydraException, OmegaConfBaseException, ValueError)


class Composer:
    """Config folders, and Hydra over them.

    Args:
        folders: ours first, then the user's own
        config_name: of the root config
        search: Hydra's override that names the other folders, or nothing

    Raises:
        ConfigError: no such folder
    """

    def __init__(self, *, folders: Sequence[Path], config_name: str, search: Sequence[str]) -> None:
        self.groups = catalog.groups(folders)
        self._folders = tuple(folders)
        self._config_name = config_name
        self._search = list(search)
        self._listed: dict[tuple[str, ObjectType], list[str]] = {}

    def is_group(self, name: str) -> bool:
        """Say whether Hydra takes a key for a config group."""
        parent, _, last = name.rpartition("/")
        return "." not in name and last in self._list(parent, ObjectType.GROUP)

    def match(self, group: str, pattern: Glob) -> list[str]:
        """Return the options that a ``glob(…)`` takes."""
        return match(group, pattern, self._list)

    def check_option(self, group: str, option: str) -> None:
        """Refuse an option that a group lacks.

        Raises:
            ConfigError: no such option; the message names the nearest
        """
        name = option.removesuffix(".yaml")
        inner, _, last = f"{group}/{name}".rpartition("/")
        if last in self._list(inner, ObjectType.CONFIG):
            return
        try:
            known = [one.name for one in catalog.options(group, self._folders)]
        except ConfigError:
            known = self._list(group, ObjectType.CONFIG)
        if not known:
            raise ConfigError(
                f"{group} ({option}) must be an option of its group, which has none; write {group}/{name}.yaml"
            )
        hint = nearest(name, known)
        more = f" all: fuselab list {group}" if hint.startswith("did you mean") else ""
        raise ConfigError(f"{group} ({option}) must be an option of its group; {hint}{more}")

    def compose(self, choices: Sequence[str]) -> DictConfig:
        """Compose the root config with a list of group overrides, Hydra's own part included.

        Raises:
            ConfigError: a group that the defaults lack or have already, or whatever else Hydra finds
        """
        try:
            return self._compose(choices)
        except HYDRA_ERRORS as error:
            raise self._explained(choices, error) from error

    def _compose(self, choices: Sequence[str]) -> DictConfig:
        return compose(self._config_name, [*choices, *self._search], return_hydra_config=True)

    def _explained(self, choices: Sequence[str], error: Exception) -> ConfigError:
        """Find the override without which the others compose, and say what is wrong with it."""
        for place, line in enumerate(choices):
            try:
                chosen = self._compose([*choices[:place], *choices[place + 1 :]]).hydra.runtime.choices
            except HYDRA_ERRORS:
                continue
            return ConfigError(f"{line} must {_rule(line, [str(name) for name in chosen], error)}")
        return ConfigError(f"the config ({self._config_name}) must compose; Hydra says: {first_line(error)}")

    def _list(self, group: str, kind: ObjectType) -> list[str]:
        if (group, kind) not in self._listed:
            loader = GlobalHydra.instance().config_loader()
            found = loader.get_group_options(group, kind, config_name=self._config_name, overrides=self._search)
            self._listed[group, kind] = found
        return self._listed[group, kind]


def match(group: str, pattern: Glob, listed: Callable[[str, ObjectType], list[str]]) -> list[str]:
    """Return the options of a group that a ``glob(…)`` takes, those in its folders included.

    Hydra by itself looks into the group's own folder only, where ``fusion`` has none.

    Args:
        group: such as ``fusion``
        pattern: of options' names, such as ``late/*``
        listed: what a folder holds
    """
    names: list[str] = pattern.filter(sorted(_options(group, "", listed)))
    return names


def _options(group: str, below: str, listed: Callable[[str, ObjectType], list[str]]) -> Iterator[str]:
    folder = f"{group}/{below}".rstrip("/")
    yield from (f"{below}{name}" for name in listed(folder, ObjectType.CONFIG))
    for name in listed(folder, ObjectType.GROUP):
        yield from _options(group, f"{below}{name}/", listed)


@contextmanager
def composer(*, config_dir: Path | None, config_name: str, searchpath: Sequence[str]) -> Iterator[Composer]:
    """Open Hydra on our config folder and the user's own, and leave it as if it had never been opened.

    Args:
        config_dir: the user's own, or None
        config_name: of the root config
        searchpath: further places, as ``hydra.searchpath`` names them

    Raises:
        ConfigError: no such folder or root config
    """
    folders = [conf_folder(), *([config_dir] if config_dir else [])]
    roots = {path.stem: path for folder in reversed(folders) for path in folder.glob("*.yaml")}
    if config_name not in roots:
        raise ConfigError(f"the root config ({config_name}) must be a YAML of conf; {nearest(config_name, roots)}")
    # Hydra looks for its root config in the main folder only.
    main, *others = sorted(folders, key=lambda folder: folder != roots[config_name].parent)
    places = [*(f"file://{folder.resolve()}" for folder in others), *searchpath]
    if not searchpath:
        # An override replaces what the root config says itself.
        places += OmegaConf.select(OmegaConf.load(roots[config_name]), "hydra.searchpath") or []
    quoted = ",".join(QuotedString(place, Quote.double).with_quotes() for place in places)
    local = [Path(place.removeprefix("file://")) for place in searchpath if "://" not in place.removeprefix("file://")]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(main.resolve()), version_base="1.3"):
        yield Composer(
            folders=[*folders, *local],
            config_name=config_name,
            search=[f"hydra.searchpath=[{quoted}]"] if places else [],
        )


def resolved(config: DictConfig) -> dict[str, Any]:
    """Return a composed config as one run will see it: plain values, without Hydra's part.

    Args:
        config: with Hydra's part; it is used up

    Raises:
        ConfigError: a value that must be given, or that refers to nothing
    """
    with open_dict(config):
        # Known only while a job runs, but a config may refer to it.
        config.hydra.runtime.output_dir, config.hydra.job.id, config.hydra.job.num = "", "", 0
    before = HydraConfig.instance().cfg
    try:
        HydraConfig.instance().set_config(config)
        with open_dict(config):
            del config["hydra"]
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[return-value]
    except (InterpolationResolutionError, MissingMandatoryValue) as error:
        # Whoever refers to a missing value fails first; the missing one is what the user can give.
        given: Any = OmegaConf.to_container(config)
        for key in (key for key, value in leaves(given) if value == "???"):
            raise ConfigError(f"{key} (???) must be given; add {key}=VALUE") from error
        raise ConfigError(f"{error.full_key} must refer to a key of the config; {first_line(error)}") from error
    finally:
        HydraConfig.instance().cfg = before


def first_line(error: Exception) -> str:
    """Return what an error says in its first line, without what a parser would have expected."""
    return next(iter(str(error).splitlines()), type(error).__name__).partition(" expecting ")[0]


def _rule(line: str, chosen: Sequence[str], error: Exception) -> str:
    key, _, option = line.lstrip("+~").partition("=")
    if line.startswith("+") and key in chosen:
        return f"change a group that is there, not add it; write {key}={option}"
    if line.startswith("++") or key in chosen:
        return f"compose; Hydra says: {first_line(error)}"
    if below := [name for name in chosen if name.startswith(f"{key}/")]:
        return f"choose for one of {', '.join(sorted(below))}"
    if line.startswith("~"):
        return f"leave out a group that is there; {nearest(key, chosen)}"
    if not line.startswith("+"):
        return f"be added, because the defaults have no {key}; write +{key}={option}"
    return f"compose; Hydra says: {first_line(error)}"
