"""Speakers, patients or videos that stand in train and in another split."""

from __future__ import annotations

from fuselab.data.doctor.finding import Examined, Finding
from fuselab.data.paired import PairedData

NAMED = 3


def across_splits(data: PairedData) -> Examined:
    """Find groups of val and test that train holds too: what is measured there says little about new ones."""
    groups = {name: {str(one) for one in split.group} for name, split in data.splits.items() if split.group is not None}
    known = groups.get("train", set())
    shared = {name: found & known for name, found in groups.items() if name != "train" and found & known}
    if not shared:
        return Examined()
    counts = ", ".join(f"{len(found)} of the {len(groups[name])} groups of {name}" for name, found in shared.items())
    names = sorted(set.union(*shared.values()))
    named = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    said = f"{counts} stand in train too ({named}): what is measured there says little about new ones"
    return Examined(findings=[Finding(level="warning", said=f"{said}; split by group")])
