"""What the numbers of a modality are called, where the config of a run says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def name_features(config: Mapping[str, Any], modality: str, number: int) -> list[str]:
    """Return a name for each number of a modality's vector or sequence; nothing where the config names other ones.

    Args:
        config: of a run
        modality: its name
        number: of the numbers

    Example:
        >>> columns = {"numeric": ["age", "weight"], "categorical": ["colour"]}
        >>> config = {"data": {"source": {"modalities": {"person": columns}}}}
        >>> name_features(config, "person", 4)
        ['age', 'weight', 'colour 1', 'colour 2']
    """
    given: Any = config
    for key in ("data", "source", "modalities", modality):
        given = given.get(key) if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping):
        return []
    # Each category is a number of its own: only those of a single column can be told apart by their count.
    names = list(given.get("numeric") or given.get("columns") or ())
    categories = list(given.get("categorical") or ())
    if len(categories) == 1:
        names += [f"{categories[0]} {place + 1}" for place in range(number - len(names))]
    return [str(name) for name in names] if len(names) == number else []
