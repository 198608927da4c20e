"""Examine paired data before anybody trains on it."""

from __future__ import annotations

from collections.abc import Callable

from fuselab.data.doctor import counts, duplicates, separation
from fuselab.data.doctor.finding import Examined, Finding, Sheet
from fuselab.data.paired import PairedData

CHECKS: tuple[Callable[[PairedData], Examined], ...] = (
    counts.classes,
    counts.missing,
    counts.lengths,
    duplicates.across_splits,
    duplicates.contradictions,
    separation.alone,
)


def examine(data: PairedData) -> Examined:
    """Do every check.

    Args:
        data: all splits; of test, counts and digests alone are looked at
    """
    findings: list[Finding] = [Finding(level="warning", said=said) for said in data.notes]
    sheets: list[Sheet] = []
    for check in CHECKS:
        examined = check(data)
        findings += examined.findings
        sheets += examined.sheets
    return Examined(findings=findings, sheets=sheets)
