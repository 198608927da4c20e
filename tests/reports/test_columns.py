from __future__ import annotations

import pandas as pd
import pytest

from fuselab.errors import ConfigError
from fuselab.reports.aggregate import list_metrics
from fuselab.reports.columns import Columns, choose_columns

from .conftest import make_layout

METRICS = ["accuracy", "macro_f1", "loss", "slices.unique_image.accuracy", "slices.unique_image.macro_f1"]


COSTS = ("parameters", "flops", "fit_seconds", "peak_memory_bytes")


def chosen(metrics: list[str], **changes: object) -> Columns:
    return choose_columns(metrics, COSTS, layout=make_layout(**changes))


def test_paper_shows_everything_but_the_loss():
    columns = chosen(METRICS).chosen
    assert [column.heading for column in columns] == [
        "accuracy", "macro-F1", "unique image", "parameters", "FLOPs", "fit s", "memory MiB",
    ]  # fmt: skip
    assert [column.name for column in columns][2] == "unique_image.accuracy"


def test_terminal_layouts_get_narrower():
    columns = chosen(METRICS)
    layouts = columns.in_terminal()
    assert layouts[0] == columns.chosen
    assert [column.heading for column in layouts[1]] == ["accuracy", "unique image", "parameters", "fit s"]
    assert [column.spread for column in layouts[2]] == ["deviation", "none", "none", "deviation"]
    assert [column.heading for column in layouts[3]] == ["accuracy", "parameters", "fit s"]


def test_a_task_without_accuracy_leads_with_its_own_metric():
    columns = chosen(["loss", "mae", "slices.old.mae", "slices.old.loss"])
    assert [column.heading for column in columns.chosen] == ["MAE", "old", "parameters", "FLOPs", "fit s", "memory MiB"]


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
    columns = chosen(list_metrics(runs, split="test"))
    assert [column.heading for column in (*columns.main, *columns.others, *columns.slices)] == shown


def test_a_layout_says_which_columns_stand_in_which_order_and_under_which_name():
    names = {"unique_image": "seen", "fit_seconds": "Fit", "macro_f1": "F1"}
    columns = chosen(METRICS, columns=("fit_seconds", "slices", "macro_f1", "main", "loss", "slices"), names=names)
    assert [column.heading for column in columns.chosen] == ["Fit", "seen", "F1", "accuracy", "loss"]
    assert [column.heading for column in columns.every()] == [
        "accuracy", "F1", "seen", "parameters", "FLOPs", "Fit", "memory MiB",
    ]  # fmt: skip
    assert columns.compared() == ("accuracy", "slices.unique_image.accuracy")


def test_a_column_that_is_no_measure_is_refused():
    with pytest.raises(ConfigError, match=r"columns \(macro_f2\) must be measures .* did you mean 'macro_f1'"):
        chosen(METRICS, columns=("macro_f2",))


def test_what_was_not_measured_yet_is_left_out():
    columns = choose_columns(METRICS, ("parameters",), layout=make_layout(columns=("main", "test_seconds", "costs")))
    assert [column.heading for column in columns.chosen] == ["accuracy", "parameters"]


def test_fractions_can_stand_in_per_cent():
    columns = chosen(["mae", "accuracy", "loss"], columns=("metrics",), percent=True, digits=4)
    assert [(column.heading, column.say(0.12345)) for column in columns.chosen] == [
        ("MAE", "0.1235"),
        ("accuracy %", "12.35"),
    ]
