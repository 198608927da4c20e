from __future__ import annotations

from .conftest import write

FIGURES = [
    {"label": "Theirs, with <context>", "metric": "accuracy", "value": 0.8034, "source": "Them et al. 2017"},
    {"label": "Other", "metric": "mae", "value": 0.1, "source": "nobody"},
]


def test_published_figures_stand_below_ours_with_their_source(sweep):
    for method in ("early/sum", "early/concat"):
        for seed in range(3):
            sweep.finished(method, seed, 0.7 + 0.01 * seed, config={"published": FIGURES})
    markdown, latex, *_ = (file.read_text(encoding="utf-8") for file in write(sweep.path))
    (row,) = (line for line in markdown.splitlines() if line.startswith("| Theirs"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == r"Theirs, with \<context\>"
    assert cells[1:3] == ["—", "0.803"]
    assert set(cells[3:]) == {"—"}
    assert r"not run here, no test compares with it: Theirs, with \<context\> (Them et al. 2017)" in markdown
    assert r"Theirs, with \textless{}context\textgreater{} & {---} & 0.803" in latex
    assert "nobody" not in markdown
    validation = write(sweep.path, split="val")[0].read_text(encoding="utf-8")
    assert "Theirs" not in validation
