"""Features that somebody computed before, as a source of paired data.

Shapes: S samples, T steps, F features.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fuselab.data.features.align import order_of
from fuselab.data.features.binding import Place, places
from fuselab.data.features.modality import Modality, modality
from fuselab.data.features.stored import as_column
from fuselab.data.features.target import target_of
from fuselab.data.fingerprint import fingerprint
from fuselab.data.paired import Array, PairedData, Split
from fuselab.data.splits.base import Rows, Splitter, named, split_hash
from fuselab.data.standardise import standardised
from fuselab.errors import ConfigError, DataError

ROLES = ("ids", "lengths", "offsets", "mask")
ON_ERROR = ("raise", "missing", "skip")
HOW = ("same", "left", "inner")
log = logging.getLogger("fuselab.data")


class FeatureFiles:
    """Arrays of features, one or more files, each modality vectors or sequences.

    Rows are put in the target's order. A row is broken where a number that counts is NaN or infinite, or where its
    place in its file can't be; a sequence without steps is a missing modality, not an error.

    Args:
        name: of the data
        folder: that the files are in
        modalities: for each its ``file``, ``array`` and ``size``; ``lengths``, ``offsets`` or ``mask`` of sequences,
            ``ids`` of samples
        target: its ``file``, ``array`` and ``ids``
        classes: their number, their names in order, or None where values are learned
        rows: what ``split`` needs to know of each sample, in the target's order: arrays ``column``, ``group`` and
            ``time``, or ``stored``, a mapping from splits to arrays of row numbers, which become the column
        split: shares the samples out
        on_error: of broken rows: ``raise``, ``missing`` (the modality of the sample), or ``skip`` (the whole sample)
        standardise: each feature by its mean and deviation in train
        how: ids that not all have: ``same`` refuses them; ``left`` keeps the target's, and takes a modality that has
            none of that id as missing; ``inner`` keeps those that the target and every modality have

    Raises:
        ConfigError: a binding that means nothing

    Example:
        >>> import tempfile
        >>> from fuselab.data.splits.random import Random
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(Path(folder) / "all.npz", text=np.ones((8, 3)), y=np.arange(8) % 2)
        ...     data = FeatureFiles(
        ...         name="mine", folder=folder, modalities={"text": {"file": "all.npz", "array": "text", "size": 3}},
        ...         target={"file": "all.npz", "array": "y"}, classes=2, rows={}, on_error="raise", standardise=True,
        ...         split=Random(shares={"train": 0.5, "val": 0.25, "test": 0.25}, seed=0, stratify=False),
        ...     ).load()
        >>> data.splits["train"].values["text"].shape
        (4, 3)
    """

    def __init__(
        self,
        *,
        name: str,
        folder: str,
        modalities: Mapping[str, Mapping[str, Any]],
        target: Mapping[str, Any],
        classes: int | Sequence[str] | None,
        rows: Mapping[str, Any],
        split: Splitter,
        on_error: Literal["raise", "missing", "skip"],
        standardise: bool,
        how: Literal["same", "left", "inner"] = "same",
    ) -> None:
        if how not in HOW:
            raise ConfigError(f"data.source.how ({how}) must be one of {', '.join(HOW)}; choose one")
        if on_error not in ON_ERROR:
            raise ConfigError(f"data.source.on_error ({on_error}) must be one of {', '.join(ON_ERROR)}; choose one")
        if not modalities:
            raise ConfigError("data.source.modalities ({}) must bind at least one modality; name its file and array")
        self.name = name
        self.folder = Path(folder).expanduser()
        self.sizes = {one: _size(one, config) for one, config in modalities.items()}
        self.modalities = {
            one: places(
                f"data.source.modalities.{one}",
                {key: value for key, value in config.items() if key != "size"},
                ROLES,
            )
            for one, config in modalities.items()
        }
        self.target = places("data.source.target", target, ("ids",))
        with_ids = ["ids" in one for one in (self.target, *self.modalities.values())]
        if any(with_ids) and not all(with_ids):
            lacking = [one for one, there in zip(("target", *self.modalities), with_ids, strict=True) if not there]
            raise ConfigError(
                f"data.source ({lacking[0]} without ids) must name ids for the target and every modality, or for none; "
                "add them, also where they stand in the same file"
            )
        if how != "same" and not any(with_ids):
            raise ConfigError(
                f"data.source.how ({how}) must have ids to go by; name them for the target and every modality"
            )
        self.how = how
        self._unmatched: dict[str, tuple[str, ...]] = {}
        self.classes = classes
        self.rows = _row_places(rows)
        self.splitter = split
        self.on_error = on_error
        self.standardise = standardise
        self._data: PairedData | None = None

    def load(self) -> PairedData:
        """Return the data, read once.

        Raises:
            DataError: files that can't be read or don't go together, and broken rows where they are to be raised
        """
        if self._data is None:
            self._data = self._load()
        return self._data

    def _load(self) -> PairedData:
        target, unusable = target_of(self.target["values"].read(self.folder), classes=self.classes)
        ids = self.target["ids"].read(self.folder) if "ids" in self.target else None
        if ids is not None and len(ids) != len(target):
            raise DataError(f"ids of target ({len(ids)}) must be one for each of its {len(target)} samples; store both")
        inputs = {one: self._modality(one, ids, len(target)) for one in self.modalities}
        present = {one: self._present(one, read) for one, read in inputs.items()}
        kept = ~unusable
        if self.how == "inner":
            for read in inputs.values():
                kept &= read.known
        self._judge("target", {"no class of the list, or not finite": unusable}, may_miss=False)
        if self.on_error == "skip":
            for read in inputs.values():
                for rows in read.broken.values():
                    kept &= ~rows
        parts = self._parts(target, np.flatnonzero(~unusable))
        parts = {split: numbers[kept[numbers]] for split, numbers in parts.items()}
        for split, numbers in parts.items():
            if not len(numbers):
                raise DataError(f"the split {split} (0 samples) must keep a sample; mend its rows: all are broken")
        by = self.rows.get("group")
        group = by.read(self.folder) if isinstance(by, Place) else None
        splits = {
            split: Split(
                values={one: read.values[numbers] for one, read in inputs.items()},
                present={one: there[numbers] for one, there in present.items()},
                target=target[numbers],
                slice=None,
                masks={one: read.mask[numbers] for one, read in inputs.items() if read.mask is not None},
                group=None if group is None else group[numbers],
            )
            for split, numbers in parts.items()
        }
        if self.standardise:
            splits = standardised(splits)
        return PairedData(
            name=self.name,
            splits=splits,
            slices=(),
            fingerprint=fingerprint(splits),
            split_hash=split_hash(parts if ids is None else {split: ids[numbers] for split, numbers in parts.items()}),
            notes=tuple(note for notes in self._unmatched.values() for note in notes),
        )

    def _modality(self, name: str, ids: Array | None, samples: int) -> Modality:
        arrays = {role: place.read(self.folder) for role, place in self.modalities[name].items()}
        given = arrays.pop("ids", None)
        layout = {role: arrays.get(role) for role in ROLES if role != "ids"}
        read = modality(name, arrays["values"], size=self.sizes[name], **layout)
        if len(read.values) != samples and (given is None or self.how == "same"):
            raise DataError(
                f"modality '{name}' ({len(read.values)} samples) must have those of the target ({samples}); "
                "store the same samples in both"
            )
        if ids is None or given is None:
            return read
        if len(given) != len(read.values):
            raise DataError(
                f"ids of {name} ({len(given)}) must be one for each of its {len(read.values)} samples; store both"
            )
        order, notes = order_of(name, given, ids, may_differ=self.how != "same")
        self._unmatched[name] = notes
        for note in notes:
            log.warning("%s: %s", self.name, note)
        return read.taken(order)

    def _present(self, name: str, read: Modality) -> Array:
        self._judge(f"modality '{name}'", read.broken, may_miss=True)
        there = ~read.empty
        for rows in read.broken.values():
            there &= ~rows
        return there

    def _judge(self, what: str, broken: Mapping[str, Array], *, may_miss: bool) -> None:
        """Raise for broken rows, or tell the log what becomes of them."""
        for why, rows in broken.items():
            if not rows.any():
                continue
            told = f"{what} ({named(rows)}: {why})"
            if self.on_error == "skip" or (may_miss and self.on_error == "missing"):
                fate = "are left out" if self.on_error == "skip" else "count as missing"
                log.warning("%s: %d of %d rows %s", told, rows.sum(), len(rows), fate)
                continue
            ways = "data.source.on_error=missing or skip" if may_miss else "data.source.on_error=skip"
            raise DataError(f"{told} must hold what can be used; mend these rows, or set {ways}")

    def _parts(self, target: Array, usable: Array) -> dict[str, Array]:
        """Split the samples that have a target; return row numbers among all of them."""
        found = {role: place.read(self.folder) for role, place in self.rows.items() if isinstance(place, Place)}
        stored = self.rows.get("stored")
        if isinstance(stored, dict):
            numbers = {split: place.read(self.folder) for split, place in stored.items()}
            found["column"] = as_column(numbers, len(target))
        for role, values in found.items():
            if len(values) != len(target):
                raise DataError(
                    f"data.source.rows.{role} ({len(values)} values) must have one for each of the {len(target)} "
                    "samples; store it in the target's order"
                )
        rows = Rows(
            samples=len(usable),
            target=target[usable],
            **{role: found[role][usable] if role in found else None for role in ("group", "time", "column")},
        )
        return {split: usable[numbers] for split, numbers in self.splitter.split(rows).items()}


def _size(name: str, config: Mapping[str, Any]) -> int:
    size = config.get("size") if isinstance(config, Mapping) else None
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ConfigError(
            f"data.source.modalities.{name}.size ({size!r}) must be the number of its features; set it, because the "
            "encoder is built before the file is read"
        )
    return size


def _row_places(rows: Mapping[str, Any]) -> dict[str, Place | dict[str, Place]]:
    known = ("column", "group", "time", "stored")
    found: dict[str, Place | dict[str, Place]] = {}
    for role, config in rows.items():
        if role not in known:
            raise ConfigError(f"data.source.rows.{role} must be one of {', '.join(known)}; rename or remove it")
        if config is None:
            continue
        key = f"data.source.rows.{role}"
        if role == "stored":
            if "column" in rows and rows["column"] is not None:
                raise ConfigError("data.source.rows.stored must not stand beside a column; keep one of them")
            if not isinstance(config, Mapping) or not config:
                raise ConfigError(f"{key} ({config!r}) must name an array for each split; write {{train: …, test: …}}")
            found[role] = {split: places(f"{key}.{split}", one, ())["values"] for split, one in config.items()}
        else:
            found[role] = places(key, config, ())["values"]
    return found
