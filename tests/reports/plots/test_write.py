from __future__ import annotations

import pytest

from fuselab.errors import RunFolderError
from fuselab.reports.plots.weights import draw_weights
from fuselab.reports.plots.write import remove_figure, write_figure


def test_a_figure_drawn_again_at_another_hour_has_the_same_bytes(whole_sweep, material, tmp_path, monkeypatch):
    for hour in ("1", "1000000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", hour)
        write_figure(draw_weights(material(whole_sweep)).figure, tmp_path / hour, "weights")
    for kind in ("png", "svg", "pdf"):
        first, second = ((tmp_path / hour / f"weights.{kind}").read_bytes() for hour in ("1", "1000000000"))
        assert len(first) > 1000
        assert first == second


def test_letters_are_paths_in_svg_and_truetype_in_pdf(whole_sweep, material, tmp_path):
    write_figure(draw_weights(material(whole_sweep)).figure, tmp_path, "weights")
    assert "<text" not in (tmp_path / "weights.svg").read_text()
    pdf = (tmp_path / "weights.pdf").read_bytes()
    assert b"/Type3" not in pdf.replace(b" ", b"")
    assert b"/CIDFontType2" in pdf or b"/TrueType" in pdf


def test_only_the_files_of_the_figure_are_removed(tmp_path):
    for name in ("a.png", "a.svg", "a.txt", "ab.png"):
        (tmp_path / name).touch()
    remove_figure(tmp_path, "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "ab.png"]


def test_a_folder_that_cannot_be_written(whole_sweep, material, tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(RunFolderError, match=r"weights\.png\) must be writable"):
        write_figure(draw_weights(material(whole_sweep)).figure, tmp_path / "taken", "weights")
