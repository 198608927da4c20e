from __future__ import annotations

import pytest

from fuselab.reports.dashboard.features import name_features


@pytest.mark.parametrize(
    ("given", "number", "names"),
    [
        ({"numeric": ["age", "weight"], "categorical": []}, 2, ["age", "weight"]),
        ({"numeric": ["age"], "categorical": ["colour"]}, 3, ["age", "colour 1", "colour 2"]),
        ({"numeric": ["age"], "categorical": ["colour", "kind"]}, 3, []),  # whose the categories are is not known
        ({"columns": ["x", "y"]}, 2, ["x", "y"]),
        ({"columns": ["x", "y"]}, 3, []),
        ({"columns": None}, 2, []),
        ("a file", 2, []),
    ],
)
def test_names_are_those_of_the_config_where_there_are_as_many(given, number, names):
    config = {"data": {"source": {"modalities": {"one": given}}}}
    assert name_features(config, "one", number) == names


def test_a_config_that_says_nothing():
    assert name_features({}, "one", 2) == []
    assert name_features({"data": {"source": {"modalities": ["one"]}}}, "one", 2) == []
