from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from fuselab.reports.plots.style import LOOKS, SHADES, drawable, fitted, look_of_families, styled, width_of


def lightness(color: str) -> float:
    """Return L* of CIE Lab: how light a grey printer makes a colour."""
    linear = [((one + 0.055) / 1.055) ** 2.4 if one > 0.04045 else one / 12.92 for one in to_rgb(color)]
    luminance = float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
    return 116 * np.cbrt(luminance) - 16 if luminance > 0.008856 else 903.3 * luminance


def test_looks_are_told_apart_without_colours():
    assert len({look.marker for look in LOOKS}) == len(LOOKS)
    assert len({look.hatch for look in LOOKS}) == len(LOOKS)
    # The families of the table fill their bars evenly: their greys alone must do.
    greys = sorted(lightness(look.color) for look in LOOKS[:4])
    assert min(np.diff(greys)) > 10


def test_a_map_gets_darker_all_the_way():
    shades = [lightness(matplotlib.colormaps[SHADES](place)) for place in np.linspace(0, 1, 50)]
    assert (np.diff(shades) < 0).all()


def test_families_keep_their_looks_whoever_else_is_there():
    alone, all_of_them = look_of_families(["early"]), look_of_families(["mine", "unimodal", "early", "late"])
    assert alone["early"] == all_of_them["early"]
    assert list(all_of_them) == ["unimodal", "late", "early", "mine"]
    assert len(set(all_of_them.values())) == 4


def test_the_settings_of_the_user_neither_count_nor_change():
    with matplotlib.rc_context({"font.size": 31, "text.usetex": True, "axes.facecolor": "red"}):
        with styled():
            assert matplotlib.rcParams["font.size"] == 8
            assert matplotlib.rcParams["text.usetex"] is False
            assert matplotlib.rcParams["axes.facecolor"] == "white"
        assert matplotlib.rcParams["font.size"] == 31


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("é ñ ß ж λ → ≤ ½ $x_1$ <b>&", "é ñ ß ж λ → ≤ ½ $x_1$ <b>&"), ("中文", r"\u4e2d\u6587"), ("a\nb\t", r"a\nb\t")],
)
def test_characters_that_the_font_lacks_are_told_by_their_codes(text, drawn):
    assert drawable(text) == drawn


def test_names_are_broken_where_they_are_too_wide():
    name = "attention/two_stream · optimizer.lr=0.001, width=64"
    lines = fitted(name, 1.0).split("\n")
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
    assert all(width_of([line], size=7) <= 1.0 for line in lines)
    assert fitted(name, 9.0) == name
