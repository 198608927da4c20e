"""Examine paired data before anybody trains on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from fuselab.data.cache import cached_folder
from fuselab.data.doctor import counts, duplicates, groups, separation
from fuselab.data.doctor.finding import Examined, Finding, Sheet
from fuselab.data.paired import PairedData
from fuselab.errors import DataError

VERSION = 1  # of the cheap checks; raise it when they find something else
FINDINGS = "findings.json"
Check = Callable[[PairedData], Examined]
CHEAP: tuple[Check, ...] = (
    counts.classes,
    counts.missing,
    counts.lengths,
    groups.across_splits,
    duplicates.across_splits,
)
THOROUGH: tuple[Check, ...] = (duplicates.nearly, duplicates.contradictions, separation.alone)


def examine(data: PairedData) -> Examined:
    """Do every check.

    Args:
        data: all splits; of test, counts and digests alone are looked at
    """
    examined = _examined(data, (*CHEAP, *THOROUGH))
    notes = [Finding(level="note", said=said) for said in data.account]
    notes += [Finding(level="warning", said=said) for said in data.notes]
    return Examined(findings=[*notes, *examined.findings], sheets=examined.sheets)


def look_over(data: PairedData) -> list[str]:
    """Do the cheap checks, once for each state of the data, and return what to look at.

    Args:
        data: all splits; of test, counts and digests alone are looked at

    Raises:
        DataError: data on which no training should begin
    """

    def build(folder: Path) -> None:
        found = [vars(one) for one in _examined(data, CHEAP).findings]
        (folder / FINDINGS).write_text(json.dumps(found), encoding="utf-8")

    folder = cached_folder(f"examined-v{VERSION}-{data.fingerprint[:16]}", build)
    findings = [Finding(**one) for one in json.loads((folder / FINDINGS).read_text(encoding="utf-8"))]
    if errors := [one.said for one in findings if one.level == "error"]:
        raise DataError(
            f"the data ({data.name}) must be mended before any training: {'; '.join(errors)}. `fuselab doctor` shows "
            "more; examine=false trains all the same"
        )
    return [one.said for one in findings if one.level == "warning"]


def _examined(data: PairedData, checks: tuple[Check, ...]) -> Examined:
    findings: list[Finding] = []
    sheets: list[Sheet] = []
    for check in checks:
        examined = check(data)
        findings += examined.findings
        sheets += examined.sheets
    return Examined(findings=findings, sheets=sheets)
