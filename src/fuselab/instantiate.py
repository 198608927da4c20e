"""The one place where a config becomes an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_class as locate_class
from hydra.utils import get_object
from hydra.utils import instantiate as hydra_instantiate
from omegaconf import OmegaConf

from fuselab.errors import ConfigError, FuselabError


def instantiate(config: Mapping[str, Any], **given: Any) -> Any:
    """Make the object that a config's ``_target_`` names, with plain lists and dicts for its arguments.

    Args:
        config: plain values with a ``_target_``
        given: further arguments, which win over the config's

    Raises:
        ConfigError: no such target, one of another package, or arguments that it doesn't take
        FuselabError: what the object itself says of its arguments

    Example:
        >>> instantiate({"_target_": "fractions.Fraction", "numerator": 1}, denominator=2)
        Fraction(1, 2)
    """
    _refuse_detours(config)
    try:
        return hydra_instantiate(OmegaConf.create(dict(config)), _convert_="all", **given)
    except InstantiationException as error:
        if isinstance(error.__cause__, FuselabError):
            raise error.__cause__ from None
        target = config.get("_target_")
        reason = error.__cause__ or error
        raise ConfigError(
            f"the target ({target}) must exist and take what its config gives; compare its file in conf ({reason})"
        ) from error


def _refuse_detours(config: Any) -> None:
    """Refuse a target that leaves its package on the way, as ``torch.os.system`` does: the name said torch."""
    if isinstance(config, Mapping):
        target = config.get("_target_")
        if isinstance(target, str):
            try:
                module = str(getattr(get_object(target), "__module__", ""))
            except Exception:
                return  # no such target: Hydra's own words are better
            if module.partition(".")[0] not in (target.partition(".")[0], "fuselab"):
                raise ConfigError(
                    f"_target_ ({target}) must be code of the package that it names, not of {module}; name that one "
                    "and add it to trusted=[…] if you mean it"
                )
        for value in config.values():
            _refuse_detours(value)
    elif isinstance(config, (list, tuple)):
        for value in config:
            _refuse_detours(value)


def get_class(config: Mapping[str, Any]) -> type:
    """Return the class that a config's ``_target_`` names.

    Raises:
        ConfigError: no such class
    """
    try:
        found: type = locate_class(config["_target_"])
    except Exception as error:
        target = config.get("_target_")
        # Hydra wraps what went wrong: the import error inside says what is missing.
        reason = (str(error.__cause__ or error) or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"the target ({target}) must be a class that can be imported; install its package ({reason})"
        ) from error
    return found
