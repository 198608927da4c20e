from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fuselab.errors import ConfigError
from fuselab.reports.layout import read_layout
from fuselab.reports.load import load
from fuselab.reports.report import report
from fuselab.runs.conf import conf_folder

from .conftest import make_layout

SHIPPED = sorted(path.stem for path in (conf_folder() / "report").glob("*.yaml"))


def test_what_tests_take_for_the_shipped_layout_is_it():
    assert read_layout([], config_dir=None) == make_layout()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_layout_makes_a_table(name, full_sweep):
    (loaded,) = load(full_sweep.path, split="test")
    made = report(loaded, split="test", layout=read_layout([f"report={name}"], config_dir=None))
    assert made.columns.chosen
    assert len(made.table(made.columns.chosen).families) == 3


def test_the_command_line_goes_over_the_file_and_the_file_over_the_full_one():
    layout = read_layout(
        ["digits=1", "report=paper", "names.early/sum=Sum", "statistics.baseline=early/sum", "columns=[main]"],
        config_dir=None,
    )
    assert (layout.digits, layout.percent, layout.columns) == (1, True, ("main",))
    assert layout.names == {"early/sum": "Sum"}
    assert (layout.statistics.baseline, layout.statistics.alpha) == ("early/sum", 0.05)


def test_a_layout_of_ones_own_says_only_what_differs(tmp_path: Path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.yaml").write_text(yaml.safe_dump({"names": {"accuracy": "Acc."}, "digits": 2}))
    layout = read_layout(["report=mine"], config_dir=tmp_path)
    assert (layout.names, layout.digits, layout.percent) == ({"accuracy": "Acc."}, 2, False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("report=papr", r"report \(papr\) must be a file of conf/report; did you mean 'paper'"),
        ("digts=3", r"digts \(3\) must be a key of a report's layout; did you mean 'digits'"),
        ("statistics.alfa=3", r"statistics\.alfa \(3\) must be a key .* did you mean 'alpha'"),
        ("statistics=3", r"statistics \(3\) must be a mapping"),
        ("statistics.alpha=3", r"alpha \(3\) must lie between 0 and 1"),
        ("statistics.alpha=much", r"alpha \(much\) must be a number"),
        ("digits=many", r"digits \(many\) must be a whole number"),
        ("digits=-1", r"digits \(-1\) must be a whole number"),
        ("digits=true", r"digits \(True\) must be a whole number"),
        ("statistics.baseline=3", r"baseline \(3\) must be the name of a method"),
        ("names.a={b: c}", r"names\.a \(.*\) must be text"),
        ("percent=2", r"percent \(2\) must be true or false"),
        ("cell=medians", r"cell \(medians\) must be one of deviation, interval, mean"),
        ("columns=main", r"columns \(main\) must be a list; write columns=\[main\]"),
        ("columns=[1]", r"columns \(\[1\]\) must be names"),
        ("columns=[]", r"columns \(\[\]\) must name at least one measure"),
        ("columns=[main", r"columns \(\[main\) must be a value that YAML can read"),
    ],
)
def test_what_cannot_be_is_refused_by_name(change, words):
    with pytest.raises(ConfigError, match=words):
        read_layout([change], config_dir=None)


def test_a_name_may_hold_a_dot_and_is_given_once():
    assert read_layout(["names.easy.accuracy=Easy"], config_dir=None).names == {"easy.accuracy": "Easy"}
    with pytest.raises(ConfigError, match=r"names\.\S+ \(Sum\) must not be what \S+ is called too"):
        read_layout(["names.early/sum=Sum", "names.late/sum=Sum"], config_dir=None)


def test_what_is_given_as_a_value_is_not_read_as_yaml():
    name = "early/sum · width=64, note: x # y"
    assert read_layout([], config_dir=None, baseline=name).statistics.baseline == name


def test_a_layout_of_ones_own_needs_a_name_of_its_own(tmp_path: Path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "full.yaml").write_text("digits: 2")
    with pytest.raises(ConfigError, match=r"full\.yaml\) must have a name of its own"):
        read_layout([], config_dir=tmp_path)


@pytest.mark.parametrize(("text", "words"), [("a: [", "readable YAML"), ("- 1", "must be a mapping")])
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text, words):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError, match=rf"mine\.yaml.*{words}|{words}"):
        read_layout(["report=mine"], config_dir=tmp_path)
