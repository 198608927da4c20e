"""What one run's resolved config must be, said before any data is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fuselab.errors import ConfigError, nearest

# Whose code a config may name; anything else a user opens with `trusted=[his_package]`.
KNOWN_PACKAGES = ("fuselab", "torch", "torchmetrics", "pytorch_lightning", "torchaudio", "torchvision", "transformers")
RERUN = ("all", "failed", "none")
SAMPLING = ("balanced", "shuffled")


def check_config(config: Mapping[str, Any]) -> None:
    """Refuse a config that can't be run, or that would look at the test set.

    Args:
        config: resolved config of one run, plain values; a ``hydra`` node in it is left alone

    Raises:
        ConfigError: the first thing that is wrong, with its key and the remedy

    Example:
        >>> check_config({"seed": -1})
        Traceback (most recent call last):
        fuselab.errors.ConfigError: seed (-1) must be a whole number of at least 0; set seed=0
    """
    _check_count(config, "seed", least=0)
    if config.get("rerun") not in RERUN:
        raise ConfigError(f"rerun ({_get(config, 'rerun')}) must be one of {', '.join(RERUN)}; set rerun=failed")
    _check_count(config, "retries", least=0)
    _check_count(config, "excerpt", least=0)
    delay = config.get("retry_delay")
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay < float("inf"):
        raise ConfigError(f"retry_delay ({delay!r}) must be a number of seconds of at least 0; set retry_delay=10")
    for key in ("dry_run", "feature_cache", "test"):
        if not isinstance(config.get(key), bool):
            raise ConfigError(f"{key} ({_get(config, key)}) must be true or false; set {key}=false")
    _check_count(config, "data.batch_size", least=1)
    _check_count(config, "trainer.max_epochs", least=1)
    _check_devices(_get(config, "trainer.devices"))
    _check_modalities(config)
    _check_monitors(config)
    _check_sampling(config)
    _check_transforms(config)
    _check_targets(config)


def _check_count(config: Mapping[str, Any], key: str, *, least: int) -> None:
    value = _get(config, key)
    if not _is_count(value, least=least):
        raise ConfigError(f"{key} ({value!r}) must be a whole number of at least {least}; set {key}={least}")


def _check_devices(devices: Any) -> None:
    listed = isinstance(devices, list) and devices and all(_is_count(one, least=0) for one in devices)
    if not (devices == "auto" or listed or _is_count(devices, least=1)):
        raise ConfigError(
            f"trainer.devices ({devices!r}) must be a whole number of at least 1, a list of device numbers, or auto; "
            "set trainer.devices=1"
        )


def _check_modalities(config: Mapping[str, Any]) -> None:
    there, fused = _get(config, "data.modalities"), _get(config, "fusion.modalities")
    for key, names in (("data.modalities", there), ("fusion.modalities", fused)):
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ConfigError(f"{key} ({names!r}) must be a list of names; write {key}=[image,text]")
        if len(set(names)) < len(names):
            raise ConfigError(f"{key} ({', '.join(names)}) must name each modality once; leave the second one out")
    encoders = _get(config, "encoder") or {}
    for name in fused:
        if name not in there:
            raise ConfigError(f"fusion.modalities ({name}) must be modalities of the data; {nearest(name, there)}")
        if not encoders.get(name):
            raise ConfigError(
                f"the modality ({name}) must have an encoder; add encoder.{name}, such as "
                f"+encoder/KIND@_global_.encoder.{name}=OPTION"
            )


def _check_monitors(config: Mapping[str, Any]) -> None:
    mode = _get(config, "monitor.mode")
    if mode not in ("max", "min"):
        raise ConfigError(f"monitor.mode ({mode}) must be max or min; set monitor.mode=max for a score, min for a loss")
    watched = [("monitor.metric", _get(config, "monitor.metric"))]
    # A callback without a metric to watch, such as a checkpoint every epoch, says null.
    watched += [(key, value) for key, value in leaves(config) if _last(key) == "monitor" and value is not None]
    for key, metric in watched:
        if str(metric).startswith(("test/", "test_")):
            raise ConfigError(
                f"{key} ({metric}) must not be a test metric: the test set is shut until the model is chosen; "
                f"use val/{str(metric)[len('test/') :]}"
            )
        if not str(metric).startswith("val/"):
            raise ConfigError(f"{key} ({metric}) must be a validation metric; use one such as val/accuracy")
        _check_logged(config, key, str(metric))


def _check_logged(config: Mapping[str, Any], key: str, metric: str) -> None:
    """Refuse a metric that the task doesn't log; a task that names none is left alone."""
    logged = _get(config, "task.metrics")
    if logged is None:
        return
    name, _, group = metric.removeprefix("val/").partition("/")
    if name not in logged:
        known = [f"val/{one}" for one in logged]
        raise ConfigError(f"{key} ({metric}) must be a metric that the task logs; {nearest(metric, known)}")
    slices = _get(config, "task.slices") or []
    if group and group not in slices:
        raise ConfigError(f"{key} ({metric}) must name a slice of the data; {nearest(group, slices)}")


def _check_sampling(config: Mapping[str, Any]) -> None:
    sampling = config.get("sampling")
    if sampling not in SAMPLING:
        raise ConfigError(f"sampling ({sampling}) must be one of {', '.join(SAMPLING)}; set sampling=shuffled")
    if sampling == "balanced" and _get(config, "task.space") == "value":
        raise ConfigError("sampling (balanced) must have one class a sample; set sampling=shuffled for this task")


def _check_transforms(config: Mapping[str, Any]) -> None:
    there, transform = _get(config, "data.modalities"), config.get("transform") or {}
    if not isinstance(transform, Mapping):
        raise ConfigError(f"transform ({transform}) must be steps of modalities; write transform={{}} for none")
    for name, steps in transform.items():
        if name not in there:
            raise ConfigError(f"transform ({name}) must be of modalities of the data; {nearest(name, there)}")
        named = steps.values() if isinstance(steps, Mapping) else [steps]
        if not all(one is None or (isinstance(one, Mapping) and "_target_" in one) for one in named):
            raise ConfigError(
                f"transform.{name} must hold steps by names of their own, or null for none; write "
                f"+transform/KIND@transform.{name}.STEP=OPTION"
            )


def _check_targets(config: Mapping[str, Any]) -> None:
    trusted = config.get("trusted") or []
    if not isinstance(trusted, list) or not all(isinstance(one, str) for one in trusted):
        raise ConfigError(f"trusted ({trusted!r}) must be a list of packages; write trusted=[mine]")
    for key, target in leaves(config):
        if _last(key) != "_target_":
            continue
        package, dot, _ = str(target).partition(".")
        if not dot:
            raise ConfigError(f"{key} ({target}) must be a whole path, such as fuselab.fusion.early.concat.Concat")
        if package not in (*KNOWN_PACKAGES, *trusted):
            raise ConfigError(
                f"{key} ({target}) must come from a known package ({', '.join(KNOWN_PACKAGES)}); "
                f"if you trust its code, add trusted=[{','.join([*trusted, package])}]"
            )


def _get(config: Mapping[str, Any], key: str) -> Any:
    """Return the value below a dotted key, None where there is none."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def leaves(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every value that is neither a mapping nor a list, by its dotted key, Hydra's own left out."""
    for key, value in config.items():
        if key != "hydra":
            yield from _below(str(key), value)


def with_value(node: Any, path: Sequence[str], value: Any) -> Any:
    """Return plain values with the one below a path changed."""
    if not path:
        return value
    name, *rest = path
    if isinstance(node, list):
        return [with_value(one, rest, value) if str(place) == name else one for place, one in enumerate(node)]
    there = node if isinstance(node, dict) else {}
    return {**there, name: with_value(there.get(name), rest, value)}


def _below(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping | list):
        yield key, value
        return
    for name, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
        yield from _below(f"{key}.{name}", inner)


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _is_count(value: Any, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
