"""What is written about the methods is what the methods are."""

from __future__ import annotations

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from fuselab.runs.catalog import options
from fuselab.runs.conf import conf_folder
from fuselab.runs.methods import COSTS, method

SCRIPT = Path(__file__).parents[2] / "scripts" / "fusion_table.py"
FUSIONS = options("fusion", [conf_folder()])


@pytest.fixture(scope="module")
def script():
    spec = spec_from_file_location("fusion_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["fusion_table"] = module
    spec.loader.exec_module(module)
    return module


def test_costs_are_those_of_the_methods(script):
    assert json.loads(COSTS.read_text()) == script.costs([one.name for one in FUSIONS])


def test_the_table_is_made_of_docstrings_and_costs(script):
    assert script.README.read_text(encoding="utf-8") == script.table(FUSIONS)


def test_the_short_table_of_the_front_page_is_that_of_the_ablation(script):
    front = script.FRONT.read_text(encoding="utf-8")
    assert script.put(front, script.short(json.loads(script.ABLATION.read_text()))) == front
    assert front.count(script.BEGIN) == front.count(script.END) == 1


def test_the_ablation_has_every_method_that_its_data_have_modalities_for():
    methods = json.loads(COSTS.with_name("ablation.json").read_text())["methods"]
    assert {one.name for one in FUSIONS} - methods.keys() == {"unimodal/video"}


@pytest.mark.parametrize("fusion", FUSIONS, ids=lambda one: one.name)
def test_every_method_names_its_source(fusion):
    known = method(fusion.name, fusion.target)
    assert known.reference.rpartition(" ")[2].isdigit()
    assert known.citation.startswith(known.reference.split(" et al.")[0].split(" and ")[0].rsplit(" ", 1)[0][:4])


def test_weights_are_told_where_a_method_reports_them():
    assert method("early/gated", "fuselab.fusion.early.gated.Gated").weights == (
        "mean gate of each modality as a share of all gates"
    )
    assert method("early/concat", "fuselab.fusion.early.concat.Concat").weights is None


def test_a_method_of_another_package_has_no_costs():
    found = method("mine", "mine.Fusion")
    assert (found.reference, found.parameters, found.flops) == ("", None, None)
