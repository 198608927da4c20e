from __future__ import annotations

from fuselab.reports.columns import choose_columns

METRICS = ["accuracy", "macro_f1", "loss", "slices.unique_image.accuracy", "slices.unique_image.macro_f1"]


def test_paper_shows_everything_but_the_loss():
    columns = choose_columns(METRICS).on_paper()
    assert [column.heading for column in columns] == [
        "accuracy", "macro-F1", "unique image", "parameters", "FLOPs", "fit s",
    ]  # fmt: skip
    assert [column.name for column in columns][2] == "unique_image.accuracy"


def test_terminal_layouts_get_narrower():
    layouts = choose_columns(METRICS).in_terminal()
    assert layouts[0] == choose_columns(METRICS).on_paper()
    assert [column.heading for column in layouts[1]] == ["accuracy", "unique image", "parameters", "fit s"]
    assert [column.deviation for column in layouts[2]] == [True, False, False, True]
    assert [column.heading for column in layouts[3]] == ["accuracy", "parameters", "fit s"]


def test_a_task_without_accuracy_leads_with_its_own_metric():
    columns = choose_columns(["loss", "mae", "slices.old.mae", "slices.old.loss"])
    assert [column.heading for column in columns.on_paper()] == ["MAE", "old", "parameters", "FLOPs", "fit s"]
