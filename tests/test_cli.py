"""Mistakes on the command line end in one line, before anything is launched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fuselab import cli
from fuselab.errors import ConfigError
from fuselab.instantiate import instantiate

from .conftest import TINY


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimzer.lr=1", "did you mean 'optimizer"),
        ("sed=1", "did you mean 'seed'"),
        ("fusion=early/concatt", "did you mean 'early/concat'"),
        ("fuson=early/concat", "did you mean 'fusion'"),
        ("seed=abc", "whole number"),
        ("trainer.max_epochs=ten", "trainer.max_epochs (ten)"),
        ("monitor.metric=test/accuracy", "the test set is shut"),
        ("callbacks.early_stopping.monitor=test/loss", "the test set is shut"),
        ("fusion.modalities=[image,smell]", "smell"),
        ("trainer=gpu", "choose trainer=cpu"),
        ("fusion._target_=os.system", "trusted"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_remedy(override, said, tmp_path, monkeypatch, capsys):
    import torch

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert cli.main(["train", override, "logger=none"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("fuselab: ")
    assert said in error
    assert error.count("\n") == 1
    assert not list(tmp_path.rglob("*.ckpt"))


def test_an_output_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    assert cli.main(["train", "output_dir=taken/here"]) == 2
    assert "taken/here" in capsys.readouterr().err


def test_a_sweep_that_does_not_exist(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in ("status", "report"):
        assert cli.main([command, "nowhere"]) == 2
        assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["list", "fusion"]])
def test_quick_answers_import_no_torch(arguments):
    """A second is not asserted; what would take several is."""
    code = (
        "import sys; from fuselab.cli import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'pytorch_lightning', 'hydra', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_list_names_every_fusion(capsys):
    assert cli.main(["list", "fusion"]) == 0
    shown = capsys.readouterr().out
    conf = Path(__file__).parents[1] / "conf" / "fusion"
    for file in conf.rglob("*.yaml"):
        assert file.relative_to(conf).with_suffix("").as_posix() in shown


def test_the_command_line_wins_over_a_sweep_file(shell, tmp_path):
    done = shell("train", "+sweep=demo", "seed=5", "fusion=early/concat,late/mean", *TINY, "logger=none", cwd=tmp_path)
    assert "2/2" in done.stdout
    assert len(list((tmp_path / "outputs" / "demo").glob("*/result.json"))) == 2


def test_a_target_that_leaves_its_package_is_refused():
    with pytest.raises(ConfigError, match=r"torch\.os\.system"):
        instantiate({"_target_": "fuselab.heads.linear.Linear", "outputs": {"_target_": "torch.os.system"}})


def test_overrides_may_stand_behind_a_flag_and_other_words_may_not(capsys):
    assert cli.main(["doctor", "--html", "x.html", "sed=1"]) == 2
    assert "did you mean 'seed'" in capsys.readouterr().err
    for line in (["doctor", "--htlm", "x.html"], ["list", "fusion", "sed=1"]):
        with pytest.raises(SystemExit):
            cli.main(line)
