from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.text import Text

from fuselab import cli
from fuselab.reports.plots.figures import FIGURES, write_figures
from fuselab.reports.plots.material import Drawn
from fuselab.reports.plots.style import SMALL, WIDTH

from .conftest import TASK, add_files, make_ranks

ODD = [
    "early/$x_1^2$ & 50% of # ~{a}",
    "late/<script>alert(1)</script>",
    "attention/größe_λ→中文",
    "unimodal/a_very_long_name_that_nobody_would_give_to_a_method_but_somebody_does",
]
PROGRAM = """
import sys
from pathlib import Path
from fuselab.reports.plots.figures import gather, write_figures
from fuselab.reports.layout import read_layout
from fuselab.reports.load import load
from fuselab.reports.report import report
layout = read_layout(["statistics.test=t"], config_dir=None)
(loaded,) = load(Path(sys.argv[1]), split="test")
write_figures(gather(report(loaded, split="test", layout=layout)), Path(sys.argv[2]))
print([name for name in ("torch", "matplotlib.pyplot", "pytorch_lightning", "wandb") if name in sys.modules])
"""


@pytest.fixture
def odd_sweep(sweep):
    """Names with all that has a meaning somewhere, and a setting in each label."""
    for method in ODD:
        for rate in (0.1, 0.2):
            config = TASK | {"optimizer": {"lr": rate, "name": "$\\alpha$_<b>"}}
            folder = sweep.finished(method, 0, 0.5 + rate, config=config)
            add_files(folder, weights={"größe <i>": [0.25] * 4, "$b$": [0.75] * 4})
    return sweep


def drawn_of(material, sweep, name: str) -> Drawn:
    ranks = make_ranks(ODD, (1.2, 1.8, 3.2, 3.8), 1.0, ("one", "two"))
    drawn = FIGURES[name](material(sweep, ranks=ranks))
    assert isinstance(drawn, Drawn)
    return drawn


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("which", ["whole_sweep", "odd_sweep"])
def test_every_text_is_legible_plain_and_inside_the_figure(name, which, material, request):
    figure = drawn_of(material, request.getfixturevalue(which), name).figure
    figure.draw_without_rendering()
    inside = figure.bbox.padded(1.0)
    assert figure.get_size_inches()[0] <= WIDTH + 1e-9
    texts = shown(figure)
    assert len(texts) > 4
    for text in texts:
        assert text.get_fontsize() >= SMALL
        assert not text.get_parse_math()
        box = text.get_window_extent()
        assert inside.contains(box.x0, box.y0), text.get_text()
        assert inside.contains(box.x1, box.y1), text.get_text()


def shown(figure) -> list[Text]:
    """Return the texts of a figure, without labels of ticks that lie outside their axis."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.texts)]
    for axes in figure.axes:
        found += [*axes.texts, axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            found += [label for tick in ticks for label in (tick.label1, tick.label2)]
    return [text for text in found if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "ranks"])
def test_names_come_out_as_they_are(name, odd_sweep, material):
    figure = drawn_of(material, odd_sweep, name).figure
    figure.draw_without_rendering()
    said = "".join(text.get_text() for text in shown(figure)).replace("\n", "").replace(" ", "")
    for method in ODD:
        assert method.replace(" ", "").replace("中文", r"\u4e2d\u6587") in said
    assert "optimizer.lr=0.1" in said


def test_every_figure_is_written_in_every_format_with_its_caption(whole_sweep, material, tmp_path):
    page = write_figures(material(whole_sweep), tmp_path / "figures")
    assert {path.name for path in page.parent.iterdir()} == {
        "README.md", *(f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg", "pdf")),
    }  # fmt: skip
    text = page.read_text(encoding="utf-8")
    for name in FIGURES:
        assert f"![{name}]({name}.png)\n\n**{name}** ([svg]({name}.svg), [pdf]({name}.pdf)): " in text
        assert (page.parent / f"{name}.svg").read_text(encoding="utf-8").startswith("<?xml")
        assert (page.parent / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert imread(page.parent / f"{name}.png").min() < 0.5
    assert "mean and 95 % t interval over 3 seeds" in text
    assert list(FIGURES) == [line.partition("]")[0][2:] for line in text.splitlines() if line.startswith("![")]


def test_what_cannot_be_drawn_is_said(full_sweep, material, tmp_path):
    page = write_figures(material(full_sweep, ranks="one set of data has no average *rank*"), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert r"**ranks** is not drawn: one set of data has no average \*rank\*." in text
    assert "**curves** is not drawn: val/accuracy must stand in metrics.csv of every run; that of " in text
    assert "**weights** is not drawn: predictions are missing: " in text
    assert {path.stem for path in tmp_path.glob("*.png")} == {"bars", "slices", "cost"}


def test_a_figure_that_can_no_longer_be_drawn_does_not_stay(full_sweep, material, tmp_path):
    for kind in ("png", "svg", "pdf"):
        (tmp_path / f"ranks.{kind}").touch()
    (tmp_path / "ranks.txt").touch()
    write_figures(material(full_sweep, ranks="one set of data has no average rank"), tmp_path)
    assert [path.name for path in tmp_path.glob("ranks.*")] == ["ranks.txt"]


def test_a_task_without_classes_has_the_other_figures(sweep, material):
    for seed in range(2):
        both = {"mae": 2.0 + seed, "rmse": 3.0, "loss": 1.0, "slices": {"easy": {"mae": 1.0}, "hard": {"mae": 2.0}}}
        folder = sweep.finished("late/mean", seed, test=both, val=both, config={"task": {}})
        outputs = {"target": np.array([0.5, 1.5, 2.5, 3.0]), "output": np.array([[0.5], [1.0], [2.5], [3.0]])}
        add_files(folder, **outputs, weights={"a": [0.5] * 4, "b": [0.5] * 4})
        (folder / "metrics.csv").write_text("epoch,val/mae\n0,3.0\n1,2.0\n")
    drawn = {name: draw(material(sweep, ranks="none")) for name, draw in FIGURES.items()}
    assert {name for name, one in drawn.items() if isinstance(one, Drawn)} == {
        "bars", "slices", "cost", "curves", "weights",
    }  # fmt: skip
    assert drawn["confusion"] == "samples have no single class: the first metric is MAE"


def test_where_there_is_only_the_loss_it_is_drawn(sweep, capsys):
    for seed in range(2):
        both = {"loss": 2.0 + seed, "slices": {}}
        sweep.finished("late/mean", seed, test=both, val=both)
    assert cli.main(["report", str(sweep.path)]) == 0
    text = (sweep.path / "report" / "figures" / "README.md").read_text(encoding="utf-8")
    assert "Loss on the test split, mean and 95 % t interval over 2 seeds" in text
    assert "**ranks** is not drawn: there is no metric but the loss." in text


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(whole_sweep, tmp_path):
    found = []
    for number, more in enumerate(
        (
            {"PYTHONHASHSEED": "1"},
            {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1", "LC_ALL": "C.UTF-8"},
        )
    ):
        place = tmp_path / str(number)
        place.mkdir()
        if number:
            (place / "matplotlibrc").write_text("font.size: 20\nsavefig.dpi: 50\nsvg.hashsalt: other\n")
        command = [sys.executable, "-c", PROGRAM, str(whole_sweep.path), str(place / "out")]
        done = subprocess.run(
            command, cwd=place, env=os.environ | more, capture_output=True, text=True, check=True, timeout=300
        )
        assert done.stdout == "[]\n"
        assert done.stderr == ""
        found.append({path.name: path.read_bytes() for path in sorted((place / "out").iterdir())})
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []
    for content in found[0].values():
        assert not any(word in content for word in (b"CreationDate", b"Matplotlib", b"<dc:date>"))


def test_the_command_line_writes_them_beside_the_tables(full_sweep, capsys):
    assert cli.main(["report", str(full_sweep.path)]) == 0
    assert (full_sweep.path / "report" / "figures" / "bars.svg").is_file()
    assert "report/figures/README.md" in capsys.readouterr().out
