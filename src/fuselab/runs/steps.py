"""The steps on each modality that a config chooses, which it may also leave out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Steps = dict[str, dict[str, dict[str, Any]]]


def chosen_steps(config: Mapping[str, Any]) -> Steps:
    """Return each modality's steps by their names, in order; one that is null is none.

    Args:
        config: resolved config of a run, plain values

    Example:
        >>> chosen_steps({"transform": {"image": {"flip": {"probability": 0.5}, "noise": None}, "audio": {}}})
        {'image': {'flip': {'probability': 0.5}}}
    """
    chosen = {
        name: {step: one for step, one in (steps or {}).items() if one is not None}
        for name, steps in (config.get("transform") or {}).items()
    }
    return {name: steps for name, steps in chosen.items() if steps}
