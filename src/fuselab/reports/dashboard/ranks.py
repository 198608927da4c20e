"""Average ranks as the page draws them: the best first, with the groups that are not told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fuselab.reports.dashboard.numbers import short, shorts
from fuselab.reports.plots.ranks import alike
from fuselab.reports.statistics.omnibus import Omnibus


def plain_ranks(found: Omnibus, over: tuple[str, str]) -> dict[str, Any]:
    """Return what a page needs of ranks, as plain data.

    Args:
        found: ranks, and their tests
        over: what they are over, and what that means for a test
    """
    return {
        "names": list(found.names),
        "rank": found.rank.tolist(),
        "critical_difference": found.critical_difference,
        "blocks": list(found.blocks),
        "p": found.p,
        "over": list(over),
    }


def tell_ranks(ranks: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return ranks as JSON; None where there are none.

    Args:
        ranks: ``names`` and ``rank`` of the methods, ``critical_difference``, ``blocks`` (what they were ranked over),
            Friedman's ``p``, and ``over``: what the blocks are, and what that means for a test

    Example:
        >>> ranks = {"names": ["a", "b"], "rank": [2.0, 1.0], "critical_difference": 0.5, "blocks": ["x", "y"]}
        >>> told = tell_ranks(ranks | {"p": 0.04, "over": ["sets of data", ""]})
        >>> told["names"], told["rank"], told["groups"]
        (['b', 'a'], [1, 2], [])
    """
    if ranks is None:
        return None
    order = sorted(range(len(ranks["names"])), key=lambda one: (ranks["rank"][one], one))
    at = [float(ranks["rank"][one]) for one in order]
    return {
        "names": [str(ranks["names"][one]) for one in order],
        "rank": shorts(at),
        "critical_difference": short(ranks["critical_difference"]),
        "blocks": [str(one) for one in ranks["blocks"]],
        "p": short(ranks["p"]),
        "over": [str(said) for said in ranks["over"]],
        "groups": [list(ends) for ends in alike(at, float(ranks["critical_difference"]))],
    }
