from __future__ import annotations

import json

import numpy as np
import pytest

from ..conftest import make_report, write


def said(sweep, **changes) -> tuple[str, ...]:
    made = make_report(sweep.path, **changes)
    return tuple(one for one in made.table(made.columns.chosen).footnotes if "bold" in one or "samples could" in one)


RULE = "5 seeds, Holm-corrected over 3 methods, alpha 0.05"


@pytest.mark.parametrize(
    ("test", "over"),
    [("crossed", "over seeds and test samples"), ("t", "over seeds, for these test samples")],
)
def test_the_rule_is_said(answered_sweep, test, over):
    assert said(answered_sweep, test=test) == (
        f"bold: may be the best in that column, and no other may (each tested against all others {over}, {RULE})",
    )


def test_where_nobody_is_worse_that_is_said(answered_sweep):
    over = "over seeds by signed ranks, for these test samples"
    assert said(answered_sweep, test="wilcoxon") == (
        f"no bold: every method may be the best (each tested against all others {over}, {RULE})",
    )


def test_columns_without_marks_are_named(sweep):
    """Methods that differ in one slice alone."""
    generator = np.random.default_rng(0)
    first_slice = np.arange(600) % 3 == 0
    for method, skill in (("early/sum", 0.9), ("early/concat", 0.1)):
        for seed in range(5):
            sweep.answered(method, seed, generator.random(600) < np.where(first_slice, skill, 0.5))
    assert said(sweep)[1] == "no bold where every method may be the best: unique audio, unique image"


def test_a_slice_without_samples_is_no_column_without_marks(sweep):
    generator = np.random.default_rng(0)
    for method, skill in (("early/sum", 0.9), ("early/concat", 0.5)):
        for seed in range(4):
            folder = sweep.answered(method, seed, generator.random(300) < skill)
            result = json.loads((folder / "result.json").read_text())
            result["test"]["slices"]["redundant"]["accuracy"] = float("nan")
            (folder / "result.json").write_text(json.dumps(result))
    (rule,) = said(sweep)
    assert rule.startswith("bold: may be the best")


def test_predictions_that_could_not_be_used_are_said(answered_sweep):
    folder = next(answered_sweep.path.glob("early-sum-s3-*"))
    (folder / "predictions.parquet").unlink()
    assert said(answered_sweep)[-1] == f"test samples could not be counted: predictions are missing: {folder.name}"


def test_one_seed_is_said(sweep):
    sweep.finished("early/sum", 0)
    sweep.finished("early/concat", 0, 0.9)
    assert said(sweep) == ("no bold: with one seed no difference between methods can be claimed",)


def test_one_method_needs_no_rule(sweep):
    sweep.finished("early/sum", 0)
    sweep.finished("early/sum", 1, 0.9)
    assert said(sweep) == ()


def test_a_method_with_fewer_seeds_is_named(answered_sweep):
    answered_sweep.answered("late/mean", 7, [True] * 600)
    assert said(answered_sweep)[-1] == (
        "not tested, for want of common seeds or of a spread, and never bold: late/mean"
    )
    assert "0 to 5 seeds" in said(answered_sweep)[0]


def test_a_method_that_found_no_number_is_never_bold(answered_sweep):
    for seed in range(5):
        answered_sweep.finished("late/mean", seed, float("nan") if seed == 2 else 0.99)
    made = make_report(answered_sweep.path)
    assert said(answered_sweep)[-2].endswith("never bold: late/mean")
    assert "late/mean" not in made.statistics.best["accuracy"].names


@pytest.mark.parametrize(
    ("metric", "words"),
    [("loss", "there is no metric but the loss"), ("auroc", "whether more auroc is better is not known")],
)
def test_a_metric_that_cannot_be_compared_is_said(sweep, metric, words):
    for method in ("early/sum", "early/concat"):
        for seed in range(3):
            sweep.finished(method, seed, test={metric: 0.1 * seed})
    assert said(sweep) == (f"no bold: {words}",)
    assert [path.name for path in write(sweep.path)] == [
        "table.md", "table.tex", "table.html", "table.csv", "runs.csv", "sources.csv", "index.html",
    ]  # fmt: skip
