"""Where an array stands: a file, and a name in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuselab.data.features.readers.read import read_array
from fuselab.data.paired import Array
from fuselab.errors import ConfigError, nearest


@dataclass(frozen=True, kw_only=True)
class Place:
    """An array of a file.

    Args:
        file: below the data's folder, or a whole path
        array: its name in the file, None where the file holds one only
    """

    file: str
    array: str | None

    def read(self, folder: Path) -> Array:
        """Return the array.

        Raises:
            DataError: see :func:`read_array`
        """
        return read_array(folder / self.file, self.array)


def places(key: str, config: Any, roles: tuple[str, ...]) -> dict[str, Place]:
    """Return the array that a config binds, under ``values``, and those beside it that play a role.

    A role is a name of another array in the same file, or a mapping of ``file`` and ``array``.

    Args:
        key: of the config, for errors
        config: ``file``, ``array`` and roles
        roles: that it may have, such as ``ids``

    Raises:
        ConfigError: no file, or a key that means nothing

    Example:
        >>> places("data.source.target", {"file": "a.npz", "array": "y", "ids": "id"}, ("ids",))["ids"]
        Place(file='a.npz', array='id')
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("file"), str):
        raise ConfigError(f"{key} ({config!r}) must say where it stands; write {key}={{file: FILE, array: NAME}}")
    known = ("file", "array", *roles)
    for name in config:
        if name not in known:
            raise ConfigError(f"{key}.{name} must be one of {', '.join(known)}; {nearest(str(name), known)}")
    found = {"values": Place(file=config["file"], array=config.get("array"))}
    for role in roles:
        value = config.get(role)
        if isinstance(value, Mapping):
            found[role] = places(f"{key}.{role}", value, ())["values"]
        elif value is not None:
            found[role] = Place(file=config["file"], array=str(value))
    return found
