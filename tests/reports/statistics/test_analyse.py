from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fuselab.errors import ConfigError
from fuselab.reports.aggregate import frame_runs, list_metrics
from fuselab.reports.columns import choose_columns
from fuselab.reports.labels import label_runs
from fuselab.reports.statistics.analyse import Statistics, analyse, frame_pairs
from fuselab.reports.statistics.compare import compare
from fuselab.reports.statistics.paired import all_pairs

from ..conftest import load_one, make_layout, make_settings
from .conftest import make_scores


def analysed(sweep, *, split: str = "test", **changes) -> Statistics:
    runs = load_one(sweep.path, split=split).runs
    frame = frame_runs(runs, label_runs(runs), families=())
    metrics = choose_columns(
        list_metrics(frame, split=split), (), layout=make_layout(columns=("metrics", "slices"))
    ).compared()
    return analyse(runs, frame, metrics, split=split, settings=make_settings(**changes))


def test_the_first_metric_and_its_slices_are_tested(answered_sweep):
    found = analysed(answered_sweep)
    assert list(found.best) == [
        "accuracy", "redundant.accuracy", "unique_audio.accuracy", "unique_image.accuracy",
    ]  # fmt: skip
    assert found.pairs.test == "crossed"
    assert found.pairs.scores.samples.shape == (3, 5, 600)
    assert all(best.names == {"early/sum", "early/concat"} for best in found.best.values())
    assert found.to_baseline is None
    assert found.seeds_alone == ""


def test_slices_are_ranked(answered_sweep):
    ranks = analysed(answered_sweep).omnibus
    assert ranks.blocks == ("redundant", "unique_audio", "unique_image")
    assert dict(zip(ranks.names, ranks.rank, strict=True))["unimodal/image"] == 3


def test_two_methods_or_one_slice_have_no_ranks(sweep):
    for seed in range(2):
        sweep.finished("early/sum", seed, 0.8 + 0.01 * seed)
        sweep.finished("early/concat", seed)
    assert analysed(sweep).omnibus is None


def test_a_baseline_is_compared_with_every_method(answered_sweep):
    found = analysed(answered_sweep, baseline="early/concat").to_baseline
    assert {found.names(place) for place in range(len(found))} == {
        ("early/sum", "early/concat"),
        ("unimodal/image", "early/concat"),
    }


def test_a_baseline_that_is_no_method_is_refused(answered_sweep):
    with pytest.raises(ConfigError, match=r"the baseline \(early/conct\) must be a method of the table; did you mean"):
        analysed(answered_sweep, baseline="early/conct")


def test_predictions_that_cannot_be_used_leave_a_test_of_seeds_and_the_reason(answered_sweep):
    folder = next(answered_sweep.path.glob("early-sum-s3-*"))
    (folder / "predictions.parquet").unlink()
    found = analysed(answered_sweep)
    assert found.pairs.test == "t"
    assert found.seeds_alone == f"predictions are missing: {folder.name}"
    assert analysed(answered_sweep, test="wilcoxon").seeds_alone == ""


def test_validation_has_no_predictions(answered_sweep):
    found = analysed(answered_sweep, split="val")
    assert (found.pairs.test, found.seeds_alone) == ("t", "predictions are of the test split alone")


def test_every_pair_has_all_its_numbers(answered_sweep):
    found = analysed(answered_sweep, test="t")
    frame = frame_pairs(found.pairs, settings=found.settings)
    runs = load_one(answered_sweep.path).runs
    values = {
        method: np.array([run.result["test"]["accuracy"] for run in runs if run.method == method])
        for method in ("early/sum", "early/concat", "unimodal/image")
    }
    p = [stats.ttest_rel(values[row["first"]], values[row["second"]]).pvalue for row in frame.to_dict("records")]
    np.testing.assert_allclose(frame["p"], p, rtol=1e-6)
    np.testing.assert_allclose(frame["corrected_p"], multipletests(p, method="holm")[1], rtol=1e-6)
    row = frame.iloc[-1]
    assert row["second"] == "unimodal/image"
    assert row["difference"] == pytest.approx((values[row["first"]] - values["unimodal/image"]).mean())
    assert row["bootstrap_low"] < row["difference"] < row["bootstrap_high"]
    assert (row["cliffs_delta"], row["better_share"], row["holds"]) == (1.0, 1.0, True)
    assert 0 < row["mcnemar_p"] < 1e-6


def test_pairs_without_predictions_lack_what_needs_them_alone(sweep):
    for seed in range(4):
        sweep.finished("early/sum", seed, 0.8 + 0.01 * seed)
        sweep.finished("early/concat", seed, 0.8 - 0.01 * seed**2)
    found = analysed(sweep)
    (row,) = frame_pairs(found.pairs, settings=found.settings).to_dict("records")
    assert math.isnan(row["mcnemar_p"])
    assert math.isnan(row["bootstrap_low"])
    assert not any(math.isnan(row[name]) for name in ("p", "corrected_p", "hedges_g", "cliffs_delta", "better_low"))


def test_a_single_run_can_be_analysed(answered_sweep):
    found = analysed(type("Sweep", (), {"path": next(answered_sweep.path.glob("early-sum-s3-*"))}))
    assert len(found.pairs) == 0
    assert frame_pairs(found.pairs, settings=found.settings).empty


def test_of_errors_every_number_is_positive_where_the_first_is_better():
    scores = make_scores([[0.5, 0.52, 0.53], [0.1, 0.11, 0.13]], metric="mae")
    settings = make_settings(test="t")
    (row,) = frame_pairs(compare(scores, all_pairs(scores), settings=settings), settings=settings).to_dict("records")
    assert (row["first"], row["second"]) == ("b", "a")
    assert (row["cliffs_delta"], row["better_share"]) == (1.0, 1.0)
    assert min(row["difference"], row["low"], row["cohens_dz"], row["hedges_g"]) > 0
