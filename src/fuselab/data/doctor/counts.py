"""How many samples of each class and of each modality every split has."""

from __future__ import annotations

import numpy as np

from fuselab.data.doctor.finding import Examined, Finding, Sheet
from fuselab.data.paired import Array, PairedData

SHOWN = 30  # classes in the table
NAMED = 5  # classes in a sentence
RARE = 10  # samples of a class in a split below which its figures say little
UNEQUAL = 10  # times as many samples in the most frequent class as in the rarest


def classes(data: PairedData) -> Examined:
    """Count samples by split and class."""
    targets = {name: np.asarray(split.target) for name, split in data.splits.items()}
    if any(one.ndim != 1 or one.dtype.kind not in "iu" for one in targets.values()):
        totals = [(name, str(len(one))) for name, one in targets.items()]
        return Examined(sheets=[Sheet(title="samples", headings=("split", "samples"), rows=totals)])
    known = np.unique(np.concatenate(list(targets.values())))
    counts = {name: np.array([(one == number).sum() for number in known]) for name, one in targets.items()}
    findings = []
    for name, number in counts.items():
        if len(none := known[number == 0]):
            said = f"{_named(none)} {'has' if len(none) == 1 else 'have'} no sample in {name}"
            findings.append(Finding(level="error" if name == "train" else "warning", said=said))
        if name != "train" and len(rare := known[(number > 0) & (number < RARE)]):
            said = f"{_named(rare)} {'has' if len(rare) == 1 else 'have'} fewer than {RARE} samples in {name}"
            findings.append(Finding(level="warning", said=said))
    most, least = counts["train"].max(), max(counts["train"].min(), 1)
    if most >= UNEQUAL * least:
        said = f"classes of train are unequal: {most} samples of the most frequent, {least} of the rarest"
        findings.append(Finding(level="warning", said=f"{said}; read macro-F1, or weigh the classes"))
    rows = [("all", *(str(number.sum()) for number in counts.values()))]
    rows += [
        (str(which), *(str(number[place]) for number in counts.values())) for place, which in enumerate(known[:SHOWN])
    ]
    if len(known) > SHOWN:
        rows.append((f"and {len(known) - SHOWN} more", *("" for _ in counts)))
    sheet = Sheet(title="samples by class", headings=("class", *counts), rows=rows)
    return Examined(findings=findings, sheets=[sheet])


def _named(classes: Array) -> str:
    more = f" and {len(classes) - NAMED} more" if len(classes) > NAMED else ""
    return f"class{'es' if len(classes) > 1 else ''} {', '.join(map(str, classes[:NAMED]))}{more}"


def missing(data: PairedData) -> Examined:
    """Count missing modalities, and say where being there tells the class."""
    findings, rows = [], []
    for name in data.splits["train"].present:
        shares = {split: 1 - float(np.asarray(one.present[name]).mean()) for split, one in data.splits.items()}
        rows.append((name, *(f"{share:.1%}" for share in shares.values())))
        for split, share in shares.items():
            if share == 1:
                level = "error" if split == "train" else "warning"
                findings.append(Finding(level=level, said=f"modality '{name}' is missing in all of {split}"))  # type: ignore[arg-type]
        findings += _telling(data, name)
    sheet = Sheet(title="missing", headings=("modality", *data.splits), rows=rows)
    return Examined(findings=findings, sheets=[sheet])


def _telling(data: PairedData, name: str) -> list[Finding]:
    """Say where the share of missing samples differs between classes by more than chance explains."""
    train = data.splits["train"]
    target, there = np.asarray(train.target), np.asarray(train.present[name])
    if target.ndim != 1 or target.dtype.kind not in "iu" or there.all() or not there.any():
        return []
    known, number = np.unique(target, return_inverse=True)
    seen, total = np.bincount(number, there), np.bincount(number)
    expected = total * there.mean()
    statistic = float(((seen - expected) ** 2 / (expected * (1 - there.mean()))).sum())
    # A chi-square statistic has mean k and variance 2 k; six deviations above it are no chance.
    freedom = len(known) - 1
    if freedom == 0 or statistic < freedom + 6 * np.sqrt(2 * freedom):
        return []
    lowest, highest = (seen / total).argmin(), (seen / total).argmax()
    said = (
        f"whether '{name}' is there tells the class: it is missing in {1 - seen[lowest] / total[lowest]:.0%} of class "
        f"{known[lowest]} and {1 - seen[highest] / total[highest]:.0%} of class {known[highest]} of train"
    )
    return [Finding(level="warning", said=said)]


def lengths(data: PairedData) -> Examined:
    """Show how long padded sequences are, and which were cut."""
    rows, findings = [], []
    train = data.splits["train"]
    for name, mask in train.masks.items():
        steps = np.asarray(mask).sum(1)[np.asarray(train.present[name])]
        if not len(steps):
            continue
        full = float((steps == mask.shape[1]).mean())
        shown = (steps.min(), np.median(steps), steps.max(), mask.shape[1])
        rows.append((name, *(f"{value:g}" for value in shown), f"{full:.1%}"))
        if full > 0.2:
            said = f"{full:.0%} of '{name}' in train are as long as there is room, and may be cut; give more steps"
            findings.append(Finding(level="warning", said=said))
    headings = ("sequences of train", "shortest", "median", "longest", "room", "full")
    return Examined(findings=findings, sheets=[Sheet(title="lengths", headings=headings, rows=rows)] if rows else [])
