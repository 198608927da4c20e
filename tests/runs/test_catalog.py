from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from fuselab.errors import ConfigError
from fuselab.runs.catalog import Option, groups, options, render, render_methods
from fuselab.runs.conf import conf_folder


def write(folder: Path, name: str, text: str) -> None:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    write(folder, "train", "defaults:\n  - _self_\n  - data: toy\n  - fusion: early/b\n  - override /hydra/x: y\n")
    write(folder, "data/toy", "# A toy.\ndefaults:\n  - /encoder/text@_global_.encoder.text: gru\nname: toy\n")
    write(folder, "encoder/text/gru", "# A GRU.\n_target_: fuselab.encoders.text.gru.Gru\n")
    write(folder, "fusion/late/mean", "# @package _global_\n# Mean of “them”.\n_target_: fuselab.fusion.Mean # why\n")
    write(folder, "fusion/early/b", "_target_: fuselab.B\n")
    write(folder, "fusion/early/a", "# A.\n\n# B.\n_target_: 'fuselab.A'\n")
    write(folder, "fusion/zoo/a", "# Z.\ninner:\n  _target_: fuselab.Not\n")
    write(folder, "fusion/book/a", "# Z.\n")
    write(folder, "fusion/attention/x", "# X.\n")
    write(folder, "fusion/unimodal/text", "# T.\n")
    write(folder, "sweep/demo", "# @package _global_\n# Demo.\nhydra:\n  mode: MULTIRUN\n")
    (folder / "experiment").mkdir()
    return folder


def test_an_option_is_read_from_its_yaml(ours: Path):
    assert options("encoder/text", [ours]) == [
        Option(name="gru", family="", target="fuselab.encoders.text.gru.Gru", summary="A GRU.")
    ]
    by_name = {one.name: one for one in options("fusion", [ours])}
    assert by_name["late/mean"] == Option(
        name="late/mean", family="late", target="fuselab.fusion.Mean", summary="Mean of “them”."
    )
    assert by_name["early/a"].summary == "A."
    assert by_name["early/a"].target == "fuselab.A"
    assert by_name["early/b"].summary == ""
    assert by_name["zoo/a"].target is None


def test_fusions_come_in_the_order_of_the_tables(ours: Path):
    names = [one.name for one in options("fusion", [ours])]
    assert names == ["unimodal/text", "early/a", "early/b", "attention/x", "late/mean", "book/a", "zoo/a"]


def test_a_users_folder_adds_options_and_cannot_replace_ours(ours: Path, tmp_path: Path):
    write(tmp_path / "mine", "fusion/early/mine", "# Mine.\n")
    write(tmp_path / "mine", "fusion/early/a", "# Not ours.\n")
    found = {one.name: one.summary for one in options("fusion", [ours, tmp_path / "mine"])}
    assert found["early/mine"] == "Mine."
    assert found["early/a"] == "A."


def test_groups_are_what_a_command_line_chooses_from(ours: Path, tmp_path: Path):
    assert groups([ours]) == ["data", "encoder/text", "fusion", "sweep"]
    write(tmp_path / "mine", "experiment/deep", "# Deep.\n")
    assert groups([ours, tmp_path / "mine"]) == ["data", "encoder/text", "experiment", "fusion", "sweep"]


def test_the_real_groups():
    assert {"fusion", "encoder/text", "encoder/audio", "data", "trainer", "sweep"} <= set(groups([conf_folder()]))
    assert "fusion/early" not in groups([conf_folder()])


@pytest.mark.parametrize("group", groups([conf_folder()]))
def test_every_option_of_ours_says_what_it_is(group: str):
    for option in options(group, [conf_folder()]):
        assert len(option.summary) > 5, option
        assert len(option.summary) < 130, option


def test_an_unknown_group_gets_the_nearest_name(ours: Path):
    with pytest.raises(ConfigError, match=r"the group \(fuson\) must be .*did you mean 'fusion'\?"):
        options("fuson", [ours])
    with pytest.raises(ConfigError, match=r"\(experiment\).*choose one of: data, encoder/text, fusion, sweep"):
        options("experiment", [ours])


@pytest.mark.parametrize("group", ["", "."])
def test_the_root_is_no_group(group: str, ours: Path):
    with pytest.raises(ConfigError, match="choose one of: data, encoder/text, fusion, sweep"):
        options(group, [ours])


def test_a_missing_config_folder_is_said(ours: Path, tmp_path: Path):
    with pytest.raises(ConfigError, match=r"the config folder \(.*nothing\) must exist"):
        options("fusion", [ours, tmp_path / "nothing"])
    with pytest.raises(ConfigError, match="must exist"):
        groups([tmp_path / "nothing"])


def test_a_yaml_in_another_encoding_is_said(ours: Path):
    (ours / "fusion" / "early" / "odd.yaml").write_bytes(b"# \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"the config \(.*odd\.yaml\) must be readable as UTF-8"):
        options("fusion", [ours])


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_fits_the_terminal(width: int):
    console = Console(width=width, record=True, force_terminal=False)
    console.print(render_methods(options("fusion", [conf_folder()])))
    console.print(render(options("encoder/text", [conf_folder()])))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert text.index("unimodal/text") < text.index("early/concat") < text.index("late/mean")
    assert "Arevalo et al. 2017" in text
    assert "40,960" in text
    assert "fuselab.encoders.text.transformer.Transformer" in text


def test_the_table_shows_brackets_as_they_are(ours: Path):
    write(ours, "head/x", "# Shape [bold]B[/bold].\n")
    console = Console(width=80, record=True)
    console.print(render(options("head", [ours])))
    text = console.export_text()
    assert "Shape [bold]B[/bold]." in text
    assert "None" not in text


def test_the_catalog_needs_neither_hydra_nor_torch():
    code = "import sys, fuselab.runs.catalog; print(sorted({'torch','hydra','omegaconf','pandas'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
