from __future__ import annotations

import pytest

from fuselab.reports.dashboard.curves import Curves, read_curves


def read(tmp_path, text: str) -> Curves:
    (tmp_path / "metrics.csv").write_text(text)
    return read_curves(tmp_path / "metrics.csv")


def test_metrics_of_slices_are_left_out_and_gaps_stay_gaps(tmp_path):
    text = "epoch,step,train/loss,val/accuracy,val/accuracy/easy\n0,9,,0.5,1\n1,18,nan,0.123456789,1\n3,27,2,no,1\n"
    assert read(tmp_path, text) == Curves(
        (0, 1, 3), {"train/loss": (None, None, 2), "val/accuracy": (0.5, 0.12346, None)}
    )


@pytest.mark.parametrize("text", ["", "epoch,step\n", "a,b\n1,2\n", "epoch,train/loss\n\x00\n", "epoch\n1.5\n"])
def test_a_file_that_makes_no_sense_has_no_curves(text, tmp_path):
    assert read(tmp_path, text) == Curves((), {})


def test_a_row_that_was_cut_off_says_what_it_can(tmp_path):
    assert read(tmp_path, "epoch,step,train/loss\n0,9,1\n1,18").values == {"train/loss": (1, None)}


def test_no_file_has_no_curves(tmp_path):
    assert read_curves(tmp_path / "none.csv") == Curves((), {})


def test_few_points_keep_the_first_and_the_last():
    curves = Curves(tuple(range(1000)), {"x": tuple(range(1000))})
    thin = curves.thinned(20)
    assert len(thin.epoch) == 20
    assert (thin.epoch[0], thin.epoch[-1]) == (0, 999)
    assert thin.values["x"] == thin.epoch
    assert curves.thinned(1000) is curves
