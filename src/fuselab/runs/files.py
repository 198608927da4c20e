"""Whole files or none: what is written appears under its name only when it is complete."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fuselab.errors import RunFolderError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it into place.

    Args:
        path: the file's final name
        write: receives the temporary path and fills it

    Raises:
        RunFolderError: the folder can't be written
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        raise RunFolderError(
            f"the file ({path}) must be writable; free the disk or choose another folder with output_dir=… ({error})"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """Write JSON, whole or not at all; keys stay in their order, as slices do in a table."""
    text = json.dumps(content, indent=2, allow_nan=True) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None where the file is missing.

    Raises:
        RunFolderError: the file is not a JSON object
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunFolderError(f"the file ({path}) must be readable JSON; repair or delete it ({error})") from error
    if not isinstance(content, dict):
        raise RunFolderError(f"the file ({path}) must hold a JSON object; repair or delete it")
    return content
