"""What is settled before a launch, in the process that the user started."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from fuselab.errors import RunFolderError
from fuselab.runs.overrides import check_overrides


def prepare_launch(arguments: Sequence[str]) -> bool:
    """Check a command line before anything is launched; say whether it launches a sweep.

    Args:
        arguments: overrides and Hydra's flags

    Raises:
        ConfigError: an override that can't be
        RunFolderError: an output folder that can't be written
    """
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-cd", "--config-dir", type=Path)
    parser.add_argument("-cn", "--config-name", default="train")
    known, rest = parser.parse_known_args(list(arguments))
    overrides = [one for one in rest if not one.startswith("-")]
    if len(overrides) < len(rest):
        # Another of Hydra's own flags, such as --cfg or --help: nothing is trained.
        return False
    checked = check_overrides(
        overrides, config_dir=known.config_dir, config_name=known.config_name, multirun=known.multirun
    )
    if not checked.multirun:
        require_writable(Path(str(checked.config["output_dir"])) / str(checked.config["name"]))
    return checked.multirun


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
