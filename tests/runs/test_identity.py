from __future__ import annotations

import pytest

from fuselab.runs.identity import NEUTRAL, identity, run_folder

CONFIG = {"method": "early/concat", "seed": 3, "name": "sweep", "output_dir": "outputs", "optimizer": {"lr": 0.1}}


@pytest.mark.parametrize("key", sorted(NEUTRAL))
def test_what_cannot_change_the_result_does_not_change_the_identity(key):
    assert identity({**CONFIG, key: "one"}) == identity({**CONFIG, key: "another"})


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"method": "late/mean"}, {"optimizer": {"lr": 0.2}}, {"callbacks": {}}]
)
def test_what_changes_the_result_changes_the_identity(change):
    assert identity({**CONFIG, **change}) != identity(CONFIG)


def test_a_run_folder_is_a_function_of_its_config():
    folder = run_folder(CONFIG).path
    assert folder == run_folder(dict(reversed(CONFIG.items()))).path
    assert folder.parts[:2] == ("outputs", "sweep")
    assert folder.name == f"early-concat-s3-{identity(CONFIG)[:8]}"
