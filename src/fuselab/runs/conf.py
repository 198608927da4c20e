"""Where our YAML lies, in a wheel and in the repository."""

from __future__ import annotations

from pathlib import Path

from fuselab.errors import ConfigError

ROOT = "train.yaml"  # the one root config; a folder without it is not ours
_PACKAGE = Path(__file__).parents[1]


def conf_folder() -> Path:
    """Return the folder with our configs: in the installed package, else in the repository.

    Raises:
        ConfigError: it is in neither

    Example:
        >>> (conf_folder() / "train.yaml").is_file()
        True
    """
    candidates = (_PACKAGE / "conf", _PACKAGE.parents[1] / "conf")
    for folder in candidates:
        if (folder / ROOT).is_file():
            return folder
    raise ConfigError(
        f"the config folder ({candidates[0]}) must hold {ROOT}; install fuselab again, or keep conf/ beside src/"
    )
