from __future__ import annotations

import pandas as pd
import pytest

from fuselab.reports.aggregate import list_metrics
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


@pytest.mark.parametrize(
    ("metrics", "shown"),
    [
        (
            ["loss", "subset_accuracy", "micro_f1", "macro_f1", "mean_average_precision", "slices.old.subset_accuracy"],
            ["subset accuracy", "micro-F1", "macro-F1", "mAP", "old"],
        ),
        (["loss", "mae", "rmse", "pearson_r", "r2", "slices.old.mae"], ["MAE", "RMSE", "Pearson r", "R2", "old"]),
    ],
    ids=["multilabel", "regression"],
)
def test_a_task_leads_with_the_metric_that_its_slices_have(metrics, shown):
    """Metrics come from a result in any order; the table's is that of the runs' frame."""
    runs = pd.DataFrame([{f"test.{name}": 0.5 for name in metrics}])
    columns = choose_columns(list_metrics(runs, split="test"))
    assert [column.heading for column in (*columns.main, *columns.others, *columns.slices)] == shown
