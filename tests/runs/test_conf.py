from __future__ import annotations

from pathlib import Path

import pytest

from fuselab.errors import ConfigError
from fuselab.runs import conf


def make_conf(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "train.yaml").write_text("seed: 0\n")
    return folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "src" / "fuselab"
    path.mkdir(parents=True)
    monkeypatch.setattr(conf, "_PACKAGE", path)
    return path


def test_the_repository_has_its_configs_beside_src(package: Path, tmp_path: Path):
    folder = make_conf(tmp_path / "conf")
    assert conf.conf_folder() == folder


def test_a_wheel_has_its_configs_in_the_package(package: Path, tmp_path: Path):
    make_conf(tmp_path / "conf")
    folder = make_conf(package / "conf")
    assert conf.conf_folder() == folder


def test_a_folder_of_that_name_without_the_root_config_is_not_ours(package: Path, tmp_path: Path):
    (package / "conf").mkdir()
    folder = make_conf(tmp_path / "conf")
    assert conf.conf_folder() == folder


def test_no_config_folder_is_said(package: Path):
    with pytest.raises(ConfigError, match=r"the config folder \(.*conf\) must hold train\.yaml; install fuselab again"):
        conf.conf_folder()


def test_the_real_one_is_found():
    assert (conf.conf_folder() / "fusion" / "early" / "concat.yaml").is_file()
