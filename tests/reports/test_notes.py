from __future__ import annotations

from fuselab.reports.aggregate import frame_methods, frame_runs, list_metrics
from fuselab.reports.columns import choose_columns
from fuselab.reports.labels import label_runs
from fuselab.reports.notes import footnotes, notes, title
from fuselab.reports.statistics.analyse import analyse

from .conftest import load_one, make_layout, make_report, make_settings


def notes_of(sweep) -> tuple[str, ...]:
    loaded = load_one(sweep.path)
    return notes(loaded, label_runs(loaded.runs))


def footnotes_of(sweep, layout: int = 0) -> tuple[str, ...]:
    loaded = load_one(sweep.path)
    runs = frame_runs(loaded.runs, label_runs(loaded.runs), families=())
    columns = choose_columns(
        list_metrics(runs, split="test"), ("parameters", "flops", "fit_seconds"), layout=make_layout()
    )
    statistics = analyse(loaded.runs, runs, columns.compared(), split="test", settings=make_settings(test="t"))
    return footnotes(
        frame_methods(runs, split="test"),
        columns.in_terminal()[layout],
        columns,
        split="test",
        statistics=statistics,
        settings=make_settings(),
    )


def test_a_whole_sweep_needs_no_note(full_sweep):
    assert notes_of(full_sweep) == ()


def test_the_title_says_what_every_run_was_given(full_sweep):
    runs = load_one(full_sweep.path).runs
    expected = "trio_digits-v1, test split, 12 runs with batch_size 128, max_epochs 15, train_samples 4096"
    assert title(runs, split="test") == expected
    assert title(runs[:1], split="val").startswith("trio_digits-v1, val split, 1 run with ")


def test_runs_that_do_not_count_are_named(full_sweep):
    failed = [full_sweep.other("failed", "late/average", seed).name for seed in (0, 1)]
    running = full_sweep.other("running", "late/average", 2).name
    full_sweep.asked_for(*failed, running, "a-s0", "a-s1", "a-s2")
    assert notes_of(full_sweep) == (f"left out: 2 failed, 1 running, 3 not begun: {', '.join([*failed, running])}",)


def test_runs_that_have_not_begun_have_no_name(full_sweep):
    full_sweep.asked_for("a-s0", "a-s1", "a-s2")
    assert notes_of(full_sweep) == ("left out: 3 not begun",)


def test_methods_that_lack_seeds_are_named(sweep):
    for seed in (0, 1, 2):
        sweep.finished("early/concat", seed)
    sweep.finished("early/sum", 1)
    sweep.finished("late/average", 0)
    sweep.finished("late/average", 1)
    assert notes_of(sweep) == ("seeds differ: early/sum lacks 0, 2; late/average lacks 2",)


def test_a_difference_besides_the_fusion_is_said(sweep):
    sweep.finished("early/concat", 0)
    sweep.finished("early/sum", 0, config={"optimizer": {"lr": 0.1}})
    assert notes_of(sweep) == ("methods differ in more than their fusion: optimizer.lr",)


def test_runs_of_different_code_are_said(sweep):
    sweep.finished("early/concat", 0)
    sweep.finished("early/concat", 1, git_commit="other", versions={"torch": "2.12.0"})
    assert notes_of(sweep) == ("the runs come from 2 commits", "the runs come from 2 sets of package versions")


def test_footnotes_say_what_the_numbers_are_and_what_was_tested(full_sweep):
    assert footnotes_of(full_sweep) == (
        "mean ± sample standard deviation over 3 seeds",
        "no bold: nothing could be tested, since differences between methods don't vary with the seed",
        "accuracy per slice of the test split: redundant, unique audio, unique image",
    )


def test_slices_are_named_without_their_unit(full_sweep):
    made = make_report(full_sweep.path, percent=True)
    said = made.table(made.columns.chosen).footnotes[-1]
    assert said == "accuracy per slice of the test split: redundant, unique audio, unique image"


def test_footnotes_say_where_the_rest_is(full_sweep):
    assert footnotes_of(full_sweep, layout=2)[2].endswith("; their deviations are in table.md")
    assert footnotes_of(full_sweep, layout=3)[2] == "slices are in table.md, or in a wider terminal"


def test_one_seed_has_no_deviation(sweep):
    sweep.finished("early/concat", 0)
    assert footnotes_of(sweep)[0] == "one seed, so no deviation"


def test_rows_with_and_without_deviation(sweep):
    sweep.finished("early/concat", 0)
    for method, seeds in (("early/sum", 2), ("late/average", 3)):
        for seed in range(seeds):
            sweep.finished(method, seed)
    assert footnotes_of(sweep)[:2] == (
        "mean ± sample standard deviation over 2 to 3 seeds",
        "a row with one seed has no deviation",
    )
