"""A run's identity is a hash of its config without what can't change the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fuselab.runs.folder import RunFolder
from fuselab.runs.steps import chosen_steps

# How a run is launched, watched and stored; nothing of it reaches the model or the data.
NEUTRAL = frozenset(
    {
        "dry_run",
        "examine",
        "excerpt",
        "feature_cache",
        "hydra",
        "logger",
        "name",
        "output_dir",
        "progress",
        "published",
        "rerun",
        "retries",
        "retry_delay",
        "threads",
        "trusted",
    }
)


def identity(config: Mapping[str, Any]) -> str:
    """Return the identity of a resolved config, 16 hexadecimal digits.

    Example:
        >>> identity({"seed": 0, "output_dir": "a"}) == identity({"output_dir": "b", "seed": 0})
        True
        >>> identity({"seed": 0}) == identity({"seed": 1})
        False
    """
    counted = {key: value for key, value in config.items() if key not in NEUTRAL}
    if isinstance(counted.get("transform"), Mapping):
        # No step counts for nothing; some count in their order, in which they are done: below keys are sorted.
        del counted["transform"]
        if steps := chosen_steps(config):
            counted["transform"] = {name: list(one.items()) for name, one in steps.items()}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()[:16]


def run_folder(config: Mapping[str, Any]) -> RunFolder:
    """Return the folder of a resolved config: the same config, the same folder."""
    method = str(config["method"]).replace("/", "-")
    name = f"{method}-s{config['seed']}-{identity(config)[:8]}"
    return RunFolder(Path(config["output_dir"]) / str(config["name"]) / name)
