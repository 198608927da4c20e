"""What a frozen encoder makes of a split: made once, kept on disk, and mapped into memory by every later run."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor

from fuselab.data.cache import cached_folder
from fuselab.data.progress import progress_bar
from fuselab.errors import DataError
from fuselab.types import ModalityInput, Origin

VERSION = 1  # of what a cached folder holds; raise it when that changes
FILE, ABOUT = "features.safetensors", "about.json"
Chunks = Callable[[], Iterable[ModalityInput]]
Prepare = Callable[[ModalityInput], ModalityInput]

_log = logging.getLogger("fuselab.data")


class FeatureCache:
    """Lets a frozen encoder read a split, once for all runs that give it the same.

    Its key is a hash of the very numbers that the encoder is given, row by row, and of the encoder: another row, split,
    tokenizer or step before the encoder gives other numbers, and so another key. What is random gives others in every
    epoch: the chain of a modality doesn't come here with them.

    Args:
        modality: its name
        origin: the frozen encoder
        release: gives back the encoder's memory
        store: keep features on disk; without it they are made in every run

    Example:
        >>> from fuselab.types import Origin
        >>> mine = Origin("mine", "0" * 64, "", frozen=True)
        >>> keep = FeatureCache(modality="text", origin=mine, release=lambda: None, store=False)
        >>> one = ModalityInput(torch.ones(2, 3), None, torch.ones(2).bool())
        >>> keep(lambda: [one], lambda given: given._replace(values=given.values.sum(1, keepdim=True))).values.tolist()
        [[3.0], [3.0]]
    """

    def __init__(self, *, modality: str, origin: Origin, release: Callable[[], None], store: bool) -> None:
        self.modality = modality
        self.origin = origin
        self.release = release
        self.store = store
        self.device = torch.device("cpu")

    def __call__(self, chunks: Chunks, prepare: Prepare) -> ModalityInput:
        """Return the features of a split.

        Args:
            chunks: gives what the encoder is given, from the first row on, every time that it is called
            prepare: runs the encoder

        Raises:
            DataError: the cache folder can't be written, or a damaged file
        """
        if not self.store:
            return self._made(chunks, prepare)
        key = self._key(chunks())
        made = False

        def build(folder: Path) -> None:
            nonlocal made
            made = True
            self._write(folder, self._made(chunks, prepare))

        folder = cached_folder(f"features-{key}", build)
        found = _read(folder / FILE)
        size = (folder / FILE).stat().st_size / 2**20
        done = "made and kept" if made else "read"
        _log.info("features of %s (%s): %s, %.0f MiB in %s", self.modality, self.origin.name, done, size, folder)
        return found

    def _made(self, chunks: Chunks, prepare: Prepare) -> ModalityInput:
        parts = []
        total = sum(len(one.values) for one in chunks())
        with progress_bar(f"{self.origin.name} reads {self.modality} (samples)", total=total) as show:
            for one in chunks():
                parts.append(prepare(one.to(self.device)).to("cpu"))
                show(sum(len(part.values) for part in parts))
        values, masks, present = zip(*parts, strict=True)
        mask = None if masks[0] is None else torch.cat(masks)
        return ModalityInput(torch.cat(values), mask, torch.cat(present))

    def _key(self, chunks: Iterable[ModalityInput]) -> str:
        # A GPU reckons in half precision, and another release of torch in another order.
        digest = hashlib.sha256(json.dumps([VERSION, self.origin, self.device.type, torch.__version__]).encode())
        for one in chunks:
            for tensor in one:
                digest.update(_bytes(tensor))
        return digest.hexdigest()[:16]

    def _write(self, folder: Path, made: ModalityInput) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        tensors = {name: one.contiguous() for name, one in made._asdict().items() if one is not None}
        about = {"modality": self.modality, **self.origin._asdict(), "shape": list(made.values.shape)}
        try:
            (folder / ABOUT).write_text(json.dumps(about, indent=2), encoding="utf-8")
            save_file(tensors, folder / FILE)
            shutil.copymode(folder / ABOUT, folder / FILE)  # safetensors shuts others out of what it writes
        except (OSError, SafetensorError) as error:
            size = made.values.nbytes / 2**20
            raise DataError(
                f"the cache folder ({folder.parent}) must have room for {size:.0f} MiB of features; set "
                f"FUSELAB_CACHE to another folder, or feature_cache=false ({error})"
            ) from error


def _read(file: Path) -> ModalityInput:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:  # mapped: runs on one machine share its pages
            found = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 no mapping
        return ModalityInput(found["values"], found.get("mask"), found["present"])
    except (OSError, KeyError, SafetensorError) as error:
        raise DataError(
            f"the cached file ({file}) must be whole; delete {file.parent} and it is built anew ({error})"
        ) from error


def _bytes(tensor: Tensor | None) -> bytes:
    if tensor is None:
        return b"none"
    head = f"{tensor.dtype}|{tuple(tensor.shape)}|".encode()
    return head + tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
