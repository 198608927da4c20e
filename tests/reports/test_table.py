from __future__ import annotations

import math

import pandas as pd
import pytest

from fuselab.reports.table import Column, group_rows, say_count, say_fraction, say_seconds


def cells(column: Column, **measures: float) -> tuple[str, ...]:
    frame = pd.DataFrame([{"method": "early/sum", "label": "", "family": "early", "seeds": 3, **measures}])
    return tuple(cell.text for cell in group_rows(frame, [column], {}, names={})[0][0].cells)


ACCURACY = Column("accuracy", "accuracy", say_fraction, spread="deviation")


def test_a_cell_has_a_mean_and_its_deviation():
    assert cells(ACCURACY, accuracy_mean=0.8834, accuracy_std=0.0118) == ("3", "0.883 ± 0.012")


def test_a_cell_without_deviation_has_a_mean():
    assert cells(ACCURACY, accuracy_mean=0.8834, accuracy_std=math.nan) == ("3", "0.883")
    lean = Column("accuracy", "accuracy", say_fraction, spread="none")
    assert cells(lean, accuracy_mean=0.8834, accuracy_std=0.0118) == ("3", "0.883")


def test_a_missing_value_is_a_dash():
    assert cells(ACCURACY, accuracy_mean=math.nan, accuracy_std=math.nan) == ("3", "—")
    assert cells(Column("flops", "FLOPs", say_count, spread="none"), flops=math.nan) == ("3", "—")


def test_a_constant_needs_no_mean():
    assert cells(Column("parameters", "parameters", say_count, spread="none"), parameters=1234.0) == ("3", "1.23 k")


def test_rows_are_grouped_by_family_in_their_order():
    frame = pd.DataFrame(
        [{"method": name, "label": "", "family": name[0], "seeds": 1} for name in ("late/a", "early/a", "early/b")]
    )
    assert [[row.method for row in rows] for rows in group_rows(frame, [], {}, names={})] == [
        ["late/a"],
        ["early/a", "early/b"],
    ]


def test_marked_rows_are_marked_in_their_columns_alone():
    frame = pd.DataFrame(
        [{"method": "early/a", "label": label, "family": "early", "seeds": 1} for label in ("lr=1", "lr=2")]
    )
    columns = [Column("flops", "FLOPs", say_count, spread="none"), ACCURACY]
    (rows,) = group_rows(frame, columns, {"accuracy": {"early/a · lr=2"}}, names={})
    assert [row.marked for row in rows] == [frozenset(), {2}]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (640, "640"),
        (999.4, "999"),
        (999.6, "1.00 k"),
        (123_456, "123 k"),
        (999_600, "1.00 M"),
        (2_000_000, "2.00 M"),
        (15_432_100, "15.4 M"),
        (3.1e15, "3.10e+03 T"),
    ],
)
def test_large_numbers_have_three_digits_and_a_unit(value, words):
    assert say_count(value) == words


def test_seconds_have_one_decimal():
    assert say_seconds(12.34) == "12.3"
