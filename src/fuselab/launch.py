"""What is settled before a launch and said after it, in the process that the user started."""

from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.console import Console

from fuselab.errors import RunFolderError
from fuselab.instantiate import instantiate
from fuselab.runs.conf import conf_folder
from fuselab.runs.overrides import check_overrides
from fuselab.runs.sweep import failures


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One command line, understood.

    Args:
        overrides: Hydra's, without flags
        config_dir: the user's own, or None
        multirun: whether it launches a sweep
        folder: of the sweep, or of the single run's group
    """

    overrides: tuple[str, ...]
    config_dir: Path | None
    multirun: bool
    folder: Path | None


def prepare_launch(arguments: Sequence[str]) -> Launch:
    """Check a command line, the output folder and, for a sweep, build the data, before anything is launched.

    Args:
        arguments: overrides and Hydra's flags

    Raises:
        ConfigError: an override that can't be
        RunFolderError: an output folder that can't be written
        DataError: data that can't be built
    """
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-cd", "--config-dir", type=Path)
    known, rest = parser.parse_known_args(list(arguments))
    overrides = tuple(one for one in rest if not one.startswith("-"))
    if len(overrides) < len(rest):
        # Another of Hydra's own flags, such as --cfg or --help: nothing is trained.
        return Launch(overrides=overrides, config_dir=known.config_dir, multirun=False, folder=None)
    check_overrides(overrides, config_dir=known.config_dir, multirun=known.multirun)
    config = first_job(overrides, config_dir=known.config_dir)
    multirun = known.multirun or config.hydra.mode == RunMode.MULTIRUN
    folder = Path(str(config.output_dir)) / str(config.name)
    require_writable(folder)
    if multirun and not any(one.split("=", 1)[0].startswith("data") for one in _swept(overrides)):
        # Once, here, with a progress bar: workers that all wait for one of them show nothing.
        instantiate(config.data.source).load()
    return Launch(overrides=overrides, config_dir=known.config_dir, multirun=multirun, folder=folder)


def first_job(overrides: Sequence[str], *, config_dir: Path | None) -> DictConfig:
    """Compose the config of the first job of a command line, Hydra's own part included.

    Args:
        overrides: sweeps allowed; the first value of each is taken
        config_dir: the user's own, or None
    """
    search = [f"hydra.searchpath=['file://{config_dir.resolve()}']"] if config_dir else []
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            return compose("train", [*_first_of_each(overrides), *search], return_hydra_config=True)
    finally:
        GlobalHydra.instance().clear()


def require_writable(folder: Path) -> None:
    """Make a folder and try to write into it.

    Raises:
        RunFolderError: it can't be
    """
    probe = folder / ".probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RunFolderError(
            f"the output folder ({folder}) must be writable; choose another with output_dir=… ({error.strerror})"
        ) from error


def report_failures(launch: Launch, *, since: float) -> int:
    """Print a line for each failed run of a sweep, and the command that repeats them; return an exit code.

    Args:
        launch: the sweep's
        since: when it was launched
    """
    failed = failures(launch.folder, since=since) if launch.folder else []
    if not failed:
        return 0
    console = Console(stderr=True, highlight=False)
    for path, status in failed:
        console.print(f"[red]failed[/red] {status.method} seed {status.seed}: {status.error}", soft_wrap=True)
        console.print(f"       traceback in {path / 'status.json'}", soft_wrap=True)
    console.print(f"repeat them with: {shlex.join(['fuselab', 'train', *sys.argv[1:]])}", soft_wrap=True)
    return 1


def _swept(overrides: Sequence[str]) -> list[str]:
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return [one for one, known in zip(overrides, parsed, strict=True) if known.is_sweep_override()]


def _first_of_each(overrides: Sequence[str]) -> list[str]:
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    first = []
    for text, known in zip(overrides, parsed, strict=True):
        if not known.is_sweep_override():
            first.append(text)
        elif known.is_choice_sweep() or known.is_range_sweep():
            value = next(iter(known.sweep_string_iterator()))
            first.append(f"{text.split('=', 1)[0]}={value}")
        # An interval or a pattern has no first value: the default stands in for it.
    return first


def sweep_folder(arguments: Sequence[str]) -> Path:
    """Return the folder of the sweep that a command line launches."""
    config = first_job([one for one in arguments if not one.startswith("-")], config_dir=None)
    return Path(str(config.output_dir)) / str(config.name)
