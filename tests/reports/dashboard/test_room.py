from __future__ import annotations

import json

import pytest

from fuselab.reports.dashboard import curves, room
from fuselab.reports.dashboard.room import fit


def report(runs: int, epochs: int, samples: int, size: int) -> dict:
    curve = {"epoch": list(range(epochs)), "values": [list(range(epochs)), None]}
    return {
        "curves": ["train/loss", "val/loss"],
        "runs": [{"name": str(one), "curves": curve} for one in range(runs)],
        "samples": [{"index": one, "shown": [{"modality": "x", "text": "x" * size}]} for one in range(samples)],
    }


def test_a_report_that_fits_stays_as_it_is():
    one = report(2, 500, 3, 10)
    assert fit([one]) == [one]
    assert fit([]) == []


def test_several_share_the_points_of_their_curves(monkeypatch):
    monkeypatch.setattr(curves, "POINTS", 400)
    first, second = fit([report(1, 100, 0, 0), report(3, 30, 0, 0)])
    thin = first["runs"][0]["curves"]
    assert len(thin["epoch"]) == 50  # 400 of 4 runs with 2 curves
    assert (thin["epoch"][0], thin["epoch"][-1]) == (0, 99)
    assert thin["values"] == [thin["epoch"], None]
    assert len(second["runs"][2]["curves"]["epoch"]) == 30


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(("each", "kept"), [(5, [0, 1, 2, 3, 4]), (3, [0, 2, 4]), (0, [])])
def test_pictures_have_the_room_that_the_rest_leaves(monkeypatch, number, each, kept):
    reports = [report(1, 1, 5, 70)] * number
    bare = json.dumps([report(1, 1, 5, 70) | {"samples": [{"index": one, "shown": []} for one in range(5)]}] * number)
    one = len(json.dumps([{"modality": "x", "text": "x" * 70}], separators=(",", ":")))
    monkeypatch.setattr(room, "DATA", len(bare.replace(", ", ",").replace(": ", ":")) + number * each * one)
    for found in fit(reports):
        assert [sample["index"] for sample in found["samples"] if sample["shown"]] == kept
        assert all(sample["shown"] or sample["left_out"] for sample in found["samples"])


def test_where_the_rest_takes_all_room_nothing_is_shown_and_answers_stay(monkeypatch):
    monkeypatch.setattr(room, "DATA", 0)
    (found,) = fit([report(1, 1, 2, 70)])
    assert found["samples"] == [
        {"index": 0, "shown": [], "left_out": True},
        {"index": 1, "shown": [], "left_out": True},
    ]


def test_a_sample_that_showed_nothing_has_nothing_left_out(monkeypatch):
    monkeypatch.setattr(room, "DATA", 0)
    bare = report(1, 1, 1, 0) | {"samples": [{"index": 0, "shown": []}]}
    assert fit([bare, bare])[0]["samples"] == [{"index": 0, "shown": []}]
