"""What steps learned from the train split, as a file of the run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fuselab.data.transforms.base import FittedTransform
from fuselab.data.transforms.chain import Chain
from fuselab.errors import DataError
from fuselab.runs.files import write_whole


def save(path: Path, chains: Iterable[Chain]) -> None:
    """Write what all steps learned, each number below ``<modality>.<step>.<name>``.

    Args:
        path: of the file (safetensors: opening it runs no code)
        chains: fitted

    Raises:
        RunFolderError: the folder can't be written
    """
    from safetensors.torch import save_file

    learned = {f"{key}.{name}": one for key, step in _fitted(chains).items() for name, one in step.state.items()}
    write_whole(path, lambda temporary: save_file({name: one.contiguous() for name, one in learned.items()}, temporary))


def load(path: Path, chains: Iterable[Chain]) -> None:
    """Give steps what they learned before.

    Args:
        path: of a file that :func:`save` wrote
        chains: with the same steps

    Raises:
        DataError: a broken file, or one of other steps
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        learned = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"the file ({path}) must be whole; delete it, and the steps learn again from the train split ({error})"
        ) from error
    for key, step in _fitted(chains).items():
        step.state = {name.removeprefix(f"{key}."): one for name, one in learned.items() if name.startswith(f"{key}.")}
        if not step.state:
            raise DataError(
                f"the file ({path}) must hold what transform.{key} learned; delete it, and the steps learn again from "
                "the train split"
            )


def _fitted(chains: Iterable[Chain]) -> dict[str, FittedTransform]:
    return {f"{chain.modality}.{name}": step for chain in chains for name, step in chain.fitted.items()}
