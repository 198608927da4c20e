from __future__ import annotations

from fuselab.reports.statistics.section import write_statistics

from ..conftest import make_report


def section(sweep, **changes) -> str:
    made = make_report(sweep.path, **changes)
    return write_statistics(made.statistics, title=made.title)[0]


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines() if line[:2] == "| "]


def test_all_parts_of_a_whole_sweep(answered_sweep):
    text = section(answered_sweep)
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Statistics: trio_digits-v1, test split, 15 runs with batch_size 128, max_epochs 15, train_samples 4096",
        "## What holds in accuracy",
        "## How it was tested",
        "## Against early/sum, which leads",
        "## Ranks over slices",
    ]
    assert "- 2 of 3 pairs of methods differ\n" in text
    assert "may be the best; so may early/concat, and no other" in text
    assert "The slices of one test set are no independent sets of data" in text
    assert "the leader was chosen by these very numbers" in text
    assert "\n\n\n" not in text


def test_the_table_has_a_row_for_every_other_method_and_bold_where_it_holds(answered_sweep):
    head, _, *body = rows(section(answered_sweep))[:4]
    assert head == ["method", "seeds", "difference", "95 % interval", "p", "g", "better in", "bootstrap", "McNemar"]
    assert [row[0] for row in body] == ["early/concat", "unimodal/image"]
    assert ["**" in row[2] for row in body] == [False, True]


def test_a_method_that_was_not_tested_does_not_lead_though_its_mean_is_higher(answered_sweep):
    answered_sweep.answered("late/mean", 7, [True] * 600)
    text = section(answered_sweep)
    assert "## Against early/sum, which leads" in text
    assert "positive where early/sum is better" in text
    assert [row[0] for row in rows(text)[2:4]] == ["early/concat", "unimodal/image"]
    assert "not tested against early/sum, for want of common seeds or of a spread: late/mean" in text


def test_a_baseline_takes_the_place_of_the_leader(answered_sweep):
    text = section(answered_sweep, baseline="early/concat")
    assert "## Against the baseline early/concat" in text
    assert "which leads" not in text
    assert [row[0] for row in rows(text)[2:4]] == ["early/sum", "unimodal/image"]
    assert rows(text)[3][2].startswith("**-")


def test_the_test_is_explained_and_so_is_its_limit(answered_sweep):
    assert "other test samples would do to it" in section(answered_sweep)
    assert "can't go below p = 0.0625 with 5 seeds" in section(answered_sweep, test="t")
    assert "0.0625 with 5 seeds, 0.002 with 10" in section(answered_sweep, test="wilcoxon")
    assert "share of false claims among all claims" in section(answered_sweep, correction="benjamini_hochberg")


def test_missing_seeds_missing_predictions_and_runs_without_a_number_are_named(answered_sweep):
    answered_sweep.finished("late/mean", 0, 0.7)
    answered_sweep.finished("late/mean", 1, 0.71)
    answered_sweep.finished("late/max", 0, float("nan"))
    text = section(answered_sweep)
    assert "- late/mean has no run of seeds 2, 3, 4: its pairs are over the seeds that both methods have.\n" in text
    assert "- late/max found no number with seed 0 and is not compared" in text
    assert "| early/sum | " in text.partition("## Ranks over slices")[2]
    assert "late/max" not in text.partition("## Ranks over slices")[2]
    assert "Test samples could not be counted: predictions are missing: late-m" in text


def test_what_needs_predictions_has_no_column_without_them(full_sweep):
    assert "bootstrap" not in section(full_sweep)
    assert "McNemar" not in section(full_sweep)


def test_a_single_method_and_a_single_seed_have_a_section_too(sweep):
    sweep.finished("early/sum", 0)
    assert section(sweep).endswith("\n- one method, early/sum: there is nothing to compare\n")
    sweep.finished("early/concat", 0, 0.9)
    assert "- with one seed no difference between methods can be claimed" in section(sweep)


def test_names_are_shown_as_they_are(sweep):
    for seed in range(3):
        for method in ("early/a|b", "early/*c*", "early/<i>"):
            sweep.finished(method, seed, 0.7 + 0.01 * seed * len(method))
    text = section(sweep, baseline="early/a|b")
    assert r"early/a\|b" in text
    assert r"| early/\*c\* |" in text
    assert r"\<i\>" in text
