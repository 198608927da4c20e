"""Check the publishers' files of av_mnist, fetch those that lack, and build both data sets.

    python scripts/prepare_av_mnist.py --folder data --download

Without `--download` nothing is fetched: what lacks is named, with where it comes from, its checksum and where it
belongs. Data that is built already is read from the cache.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fuselab.data.av_mnist.download import download
from fuselab.data.av_mnist.originals import read_originals
from fuselab.data.av_mnist.place import CLIPS, MNIST, MNIST_ADDRESS, RECORDINGS, RECORDINGS_ADDRESS
from fuselab.data.av_mnist.source import AvMnist
from fuselab.data.paired import SPLITS
from fuselab.errors import DataError, exit_code
from fuselab.instantiate import instantiate
from fuselab.runs.compose import composer, resolved

CONFIGS = ("av_mnist", "av_mnist_by_speaker")


def main() -> int:
    """Fetch, check, build, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("FUSELAB_DATA", "data")
    parser.add_argument("--folder", type=Path, default=Path(default), help=f"with the files (default: {default})")
    parser.add_argument("--download", action="store_true", help="fetch what lacks")
    options = parser.parse_args()
    return exit_code(lambda: prepare(options.folder, fetch=options.download))


def prepare(folder: Path, *, fetch: bool) -> int:
    """Fetch where asked to, check every file, build both data sets.

    Args:
        folder: with the publishers' files
        fetch: what lacks

    Raises:
        DataError: a file that lacks, is broken or is not the publisher's, or an address that can't be read
    """
    sources = [source(name, folder) for name in CONFIGS]
    recipe = sources[0].recipe
    try:
        if fetch:
            download(
                folder,
                checksums=recipe.checksums,
                mnist=MNIST_ADDRESS,
                recordings=RECORDINGS_ADDRESS,
                clips=CLIPS,
                told=lambda address: print(f"fetching {address}", flush=True),
            )
        read_originals(
            folder,
            checksums=recipe.checksums,
            image_size=recipe.image_size,
            speakers=recipe.slices,
            sample_rate=recipe.sample_rate,
        )
    except DataError:
        print(by_hand(folder, recipe.checksums), flush=True)
        raise
    print(f"{folder}: all files are the publishers'")
    for one in sources:
        describe(one)
    return 0


def source(name: str, folder: Path) -> AvMnist:
    """Return the source that a data config makes."""
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        config: Any = resolved(hydra.compose([f"data={name}"]))["data"]["source"]
    made: AvMnist = instantiate({**config, "folder": str(folder)})
    return made


def by_hand(folder: Path, checksums: Mapping[str, str]) -> str:
    """Return what comes from where, what it must be, and where it belongs."""
    lines = ["The files, where they come from and where they belong (SHA-256 of what is inside the gzip files):"]
    for name, place in MNIST.items():
        lines += [f"  {MNIST_ADDRESS}{Path(place).name}", f"    to {folder / place}", f"    SHA-256 {checksums[name]}"]
    lines += [
        f"  {RECORDINGS_ADDRESS}",
        f"    the clips of its folder recordings to {folder / RECORDINGS}/",
        f"    SHA-256 {checksums['recordings']} (names and samples of all clips)",
    ]
    return "\n".join(lines)


def describe(source: AvMnist) -> None:
    """Print what was built."""
    arrays, data = source.arrays(), source.load()
    print(f"{data.name}: fingerprint {data.fingerprint}, split {data.split_hash}")
    print(f"  images keep {int(arrays['components'])} components, {float(arrays['kept']):.1%} of their variance")
    for split in SPLITS:
        speakers = [data.slices[one] for one in np.unique(arrays[f"{split}.slice"])]
        clips = {
            *zip(*(arrays[f"{split}.{field}"].tolist() for field in ("target", "slice", "clip_index")), strict=True)
        }
        print(f"  {split}: {len(data.splits[split]):,} samples, {len(clips):,} clips of {', '.join(speakers)}")


if __name__ == "__main__":
    sys.exit(main())
