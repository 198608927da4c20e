"""What is left to do for a run, decided by the files in its folder alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import yaml

from fuselab.errors import RunFolderError
from fuselab.runs.folder import RunFolder
from fuselab.runs.identity import NEUTRAL, identity

Due = Literal["done", "left", "new", "resume", "repeat"]
# done: finished; left: failed, and rerun=none leaves it so; new: never begun; resume: go on from its last checkpoint;
# repeat: failed, from the start


def due(config: Mapping[str, Any], folder: RunFolder) -> Due:
    """Say what is left to do for a run.

    Args:
        config: resolved config of the run
        folder: where it belongs

    Raises:
        RunFolderError: the folder holds another config, or was edited by hand
    """
    result = folder.result()
    if result is not None:
        _check_result(config, folder, result)
        return "done"
    if not folder.config.exists():
        return "new"
    _check_config(config, folder)
    status = folder.status()
    if status is not None and status.state == "failed":
        if config["rerun"] == "none":
            return "left"
        # What the run's own code raised may have been mended since: one model, one code.
        if status.traceback is not None and not status.outside:
            return "repeat"
    return "resume" if (folder.checkpoints / "last.ckpt").exists() else "new"


def config_digest(folder: RunFolder) -> str:
    """Return a digest of a run's ``config.yaml``, which its result repeats."""
    return hashlib.sha256(folder.config.read_bytes()).hexdigest()


def _check_result(config: Mapping[str, Any], folder: RunFolder, result: Mapping[str, Any]) -> None:
    expected = identity(config)
    if result.get("identity") != expected:
        raise RunFolderError(
            f"the result in {folder.path} (identity {result.get('identity')}) must be that of its config (identity "
            f"{expected}); another config got the same folder, or it was edited: move the folder away and launch again"
        )
    try:
        same = config_digest(folder) == result.get("config_digest")
    except FileNotFoundError:
        same = False
    if not same:
        raise RunFolderError(
            f"the file ({folder.config}) must be the one that the run was trained with; it was edited since: "
            "move the folder away and launch again"
        )


def _check_config(config: Mapping[str, Any], folder: RunFolder) -> None:
    try:
        there = yaml.safe_load(folder.config.read_text(encoding="utf-8"))
        found = identity(there)
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise RunFolderError(
            f"the file ({folder.config}) must hold a run's config; move the folder away and launch again ({error})"
        ) from error
    if found != identity(config):
        differing = ", ".join(sorted(_differences(_counted(config), _counted(there)))[:5])
        raise RunFolderError(
            f"the config in {folder.path} (identity {found}) must be the one that is launched (identity "
            f"{identity(config)}); they differ in {differing}: move the folder away and launch again"
        )


def _counted(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in NEUTRAL}


def _differences(one: Any, other: Any, key: str = "") -> list[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        names = [*one, *(name for name in other if name not in one)]
        return [
            line
            for name in names
            for line in _differences(one.get(name), other.get(name), f"{key}.{name}" if key else str(name))
        ]
    return [] if one == other else [key]
