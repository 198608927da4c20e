"""The command that trains a run once more, from the config in its folder."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

REPEATED = "repeated"  # a folder of its own: the run that is repeated stays as it is


def tell_repeat(folder: Path, config: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the command and the folder to give it in; None where the config doesn't say where its sweep was kept.

    A run's config is whole, so that it stands for ``conf`` and for every override.

    Args:
        folder: the run's
        config: of the run

    Example:
        >>> tell_repeat(Path("/any/trio/early-sum-s0-1f"), {"output_dir": "outputs", "name": "trio"})["command"]
        'fuselab train --config-dir outputs/trio/early-sum-s0-1f --config-name config output_dir=repeated'
    """
    kept, name = config.get("output_dir"), config.get("name")
    if not isinstance(kept, str) or not isinstance(name, str):
        return None
    sweep = folder.parent.name
    outputs = PurePosixPath(kept)
    # An absolute path is of one machine, and so is one that leaves the folder of the launch.
    inside = not outputs.is_absolute() and ".." not in outputs.parts
    path = (outputs if inside else PurePosixPath()) / sweep / folder.name
    command = ["fuselab", "train", "--config-dir", str(path), "--config-name", "config", f"output_dir={REPEATED}"]
    return {"command": shlex.join(command), "where": path.parts[0]}
