"""Pretrained models on this machine: found, brought where there is a network, and hashed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from fuselab.errors import ConfigError

CONFIGS = ("*.json", "*.txt", "*.model")  # and what tokenizers are made of
# The first of them that a model has; torch reads the second with weights_only=True.
WEIGHTS = (("*.safetensors",), ("pytorch_model*.bin",))
PATIENCE = 5  # seconds that a hub has to answer


def model_folder(model: str, *, key: str) -> Path:
    """Return the folder of a Hugging Face model: a local one, the one in the hub's cache, or one brought there now.

    Args:
        model: a folder, or a name on the hub
        key: of the config, for messages

    Raises:
        ConfigError: a model that is neither here nor to be had

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model_folder(folder, key="encoder.text.model") == Path(folder)
        True
    """
    local = Path(model).expanduser()
    if local.is_dir():
        return local
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        try:
            found = Path(snapshot_download(model, local_files_only=True))
            if weight_files(found):
                return found
        except FileNotFoundError:
            pass
        for patterns in WEIGHTS:
            found = Path(
                snapshot_download(model, allow_patterns=[*CONFIGS, *patterns], etag_timeout=PATIENCE, max_workers=2)
            )
            if weight_files(found):
                return found
    except HFValidationError as error:
        raise ConfigError(f"{key} ({model}) must be a folder that is there, or a name on the hub; mend it") from error
    except (HfHubHTTPError, OSError) as error:
        raise ConfigError(
            f"{key} ({model}) must be a folder, or lie in the cache ({constants.HF_HUB_CACHE}), or on a hub that can "
            f"be reached ({_first_line(error)}); on a machine with a network do `hf download {model} --local-dir "
            f"{Path(model).name}`, copy that folder here and set {key}=/path/to/{Path(model).name}"
        ) from error
    raise ConfigError(f"{key} ({model}) must hold weights as safetensors or pytorch_model.bin; choose another model")


def weight_files(folder: Path) -> list[Path]:
    """Return the files of a model's weights, safetensors before what torch wrote."""
    for patterns in WEIGHTS:
        if found := sorted(file for pattern in patterns for file in folder.glob(pattern)):
            return found
    return []


def torch_file(url: str, *, key: str, value: str, local_key: str) -> Path:
    """Return a file of weights in torch's cache, brought there where it isn't and there is a network.

    Args:
        url: of the publisher
        key: of the config, for messages
        value: of that key
        local_key: of the config, that takes a file

    Raises:
        ConfigError: a file that is neither here nor to be had
    """
    import socket

    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / Path(url).name
    if file.is_file():
        return file
    before = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(PATIENCE)
        folder.mkdir(parents=True, exist_ok=True)
        # Written beside its place and renamed: two runs at once do it twice, and harm nothing.
        torch.hub.download_url_to_file(url, str(file), progress=False)
    except OSError as error:
        raise ConfigError(
            f"{key} ({value}) must lie in the cache ({folder}, below TORCH_HOME) or where it can be fetched from "
            f"({_first_line(error)}); on a machine with a network fetch {url}, copy it into that folder or set "
            f"{local_key}=/path/to/{file.name}"
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    return file


def sha256_of(files: Iterable[Path]) -> str:
    """Hash the names and bytes of files.

    Example:
        >>> sha256_of([])[:8]
        'e3b0c442'
    """
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            digest.update(file.name.encode() + hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).removesuffix(os.linesep)
