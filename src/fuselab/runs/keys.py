"""One override's key and value against the composed config: does the key exist, and is the value of its kind?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from omegaconf import DictConfig, ListConfig
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue

from fuselab.errors import ConfigError

UNKNOWN = object()  # the value of a key that is there but can't be resolved yet
_ABSENT = object()
# Lightning takes more than one kind here.
_OTHER_KINDS: dict[str, tuple[type, ...]] = {
    "trainer.devices": (str, list),
    "trainer.deterministic": (str,),
    "callbacks.checkpoint.save_last": (str,),
}
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "a mapping",
    list: "a list",
}


def exists(config: DictConfig, key: str) -> bool:
    """Say whether a dotted key is in a config, also where its value is null or can't be resolved."""
    return _find(config, key) is not _ABSENT


def is_list_key(config: DictConfig, key: str) -> bool:
    """Say whether a dotted key holds a list."""
    return isinstance(_find(config, key), ListConfig)


def check_key(config: DictConfig, key: str, shown: str, *, groups: Sequence[str] = ()) -> None:
    """Refuse a key that the config lacks, with the nearest one that it has.

    Args:
        config: composed config
        key: dotted
        shown: the value as the user wrote it
        groups: config groups, which a key without a dot may have meant

    Raises:
        ConfigError: no such key
    """
    if exists(config, key):
        return
    near = suggest(config, key, groups=groups)
    parent = key.rpartition(".")[0]
    remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else f"add a new one with +{key}={shown}"
    if not near and (beside := _names(_find(config, parent))):
        remedy = f"{parent} has {', '.join(beside)}; {remedy}"
    raise ConfigError(f"{key} ({shown}) must be a key {'' if parent else 'or a group '}of the config; {remedy}")


def check_addition(config: DictConfig, key: str, value: Any, shown: str, *, groups: Sequence[str] = ()) -> None:
    """Refuse ``+key=…`` where the key is there already, or looks like a misspelt one that is.

    Args:
        config: composed config
        key: dotted
        value: what is added
        shown: the value as the user wrote it
        groups: config groups, which a key without a dot may have meant

    Raises:
        ConfigError: no new key
    """
    if exists(config, key):
        # Hydra merges mappings and lists, and fills what is null.
        if _find(config, key) is not None and not isinstance(value, dict | list):
            raise ConfigError(f"+{key} ({shown}) must be a new key; change the one that is there with {key}={shown}")
        return
    node: Any = config
    names = [] if "." in key else [group for group in groups if "/" not in group]
    parts = key.split(".")
    for place, part in enumerate(parts):
        names += _names(node)
        if part not in names:
            # Nearer than for a key that must exist: `+trainer.min_epochs=1` is a real addition beside max_epochs.
            if near := get_close_matches(part, names, n=1, cutoff=0.85):
                meant = ".".join([*parts[:place], *near, *parts[place + 1 :]])
                meant = meant if exists(config, meant) else f"+{meant}"
                raise ConfigError(
                    f"+{key} ({shown}) must be a new key; did you mean '{meant}'? If not, write ++{key}={shown}"
                )
            return
        node, names = _child(node, part), []


def suggest(config: DictConfig, key: str, *, groups: Sequence[str] = ()) -> list[str]:
    """Return up to three keys or groups that a misspelt key may have meant, the best first."""
    if (group := key.replace(".", "/")) in groups:
        return [group]
    leaves = [leaf for leaf in _leaves(config) if leaf.startswith("hydra.") == key.startswith("hydra.")]
    if ends := [leaf for leaf in leaves if leaf.endswith(f".{key}")]:
        return ends[:3]
    if (corrected := _corrected(config, key, groups)) is not None:
        return [corrected if exists(config, corrected) else f"+{corrected}"]
    if exists(config, key.partition(".")[0]):
        return []
    last = key.rpartition(".")[2]
    by_name = {leaf.rpartition(".")[2]: leaf for leaf in reversed(leaves)}
    near = [name for name in by_name if last in name.split("_")] or get_close_matches(last, by_name, n=1, cutoff=0.8)
    return [by_name[name] for name in near[:3]]


def check_value(config: DictConfig, key: str, value: Any, shown: str, *, groups: Sequence[str] = ()) -> None:
    """Refuse a value of another kind than the config's own.

    Args:
        config: composed config; the key is in it
        key: dotted
        value: one value, without the parser's quotes
        shown: the same as the user wrote it
        groups: config groups, for the remedy

    Raises:
        ConfigError: another kind of value, or a mapping with a key that the config lacks
    """
    default = _find(config, key)
    if value is None or default is None or default is UNKNOWN or (isinstance(value, str) and "${" in value):
        return
    if isinstance(value, dict) and isinstance(default, DictConfig):
        for name, inner in value.items():
            check_key(config, f"{key}.{name}", str(inner))
            check_value(config, f"{key}.{name}", inner, str(inner), groups=groups)
        return
    wanted = dict if isinstance(default, DictConfig) else list if isinstance(default, ListConfig) else type(default)
    if _fits(value, wanted) or isinstance(value, _OTHER_KINDS.get(key, ())):
        return
    kind = _KINDS.get(wanted, wanted.__name__)
    raise ConfigError(f"{key} ({shown}) must be {kind}; {_remedy(key, shown, default, groups)}")


def _remedy(key: str, shown: str, default: Any, groups: Sequence[str]) -> str:
    if isinstance(default, DictConfig):
        group = key.replace(".", "/")
        return f"choose an option with {group}=…" if group in groups else f"set one of its keys: {_some(key, default)}"
    if isinstance(default, ListConfig):
        return f"write {key}=[{shown}]"
    if isinstance(default, str):
        return f"its default is {default!r}; quote a text that looks otherwise: {key}=\"'{shown}'\""
    return f"its default is {str(default).lower() if isinstance(default, bool) else default!s}"


def _some(key: str, node: DictConfig) -> str:
    return ", ".join(f"{key}.{name}" for name in list(node)[:3]) + (", …" if len(node) > 3 else "")


def _fits(value: Any, wanted: type) -> bool:
    if wanted is bool or isinstance(value, bool):
        return isinstance(value, bool) and wanted is bool
    if wanted is float:
        return isinstance(value, int | float)
    if wanted is str:
        return isinstance(value, str | int | float)
    return isinstance(value, wanted)


def _find(config: DictConfig, key: str) -> Any:
    node: Any = config
    for part in key.split("."):
        node = _child(node, part)
        if node is _ABSENT or node is UNKNOWN:
            break
    return node


def _child(node: Any, part: str) -> Any:
    try:
        if isinstance(node, DictConfig) and part in _names(node):
            return node[part]
        if isinstance(node, ListConfig) and part.isdigit() and int(part) < len(node):
            return node[int(part)]
    except (InterpolationResolutionError, MissingMandatoryValue):
        return UNKNOWN
    return _ABSENT


def _names(node: Any) -> list[str]:
    # Not `in node`, which looks at values: one that can't be resolved yet would seem to be absent.
    return [str(name) for name in node.keys()] if isinstance(node, DictConfig) else []  # noqa: SIM118


def _corrected(config: DictConfig, key: str, groups: Sequence[str]) -> str | None:
    """Correct a key part by part, or return None where a part resembles nothing that is there."""
    node: Any = config
    parts: list[str] = []
    for part in key.split("."):
        if not isinstance(node, DictConfig | ListConfig):
            break
        names = _names(node)
        names += [] if parts else [group for group in groups if "/" not in group]
        near = [part] if part in names else get_close_matches(part, names, n=1)
        if not near:
            return None
        parts += near
        node = _child(node, near[0])
    return ".".join(parts)


def _leaves(node: Any, prefix: str = "") -> Iterator[str]:
    for name in _names(node):
        child = _child(node, name)
        if isinstance(child, DictConfig):
            yield from _leaves(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
