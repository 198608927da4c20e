"""Every file in conf composes as an option of its group, names what exists, and trains a run to its result."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf
from safetensors.torch import load_file, save_file

from fuselab.data.paired import PairedData
from fuselab.data.trio_digits.source import TrioDigits
from fuselab.errors import ConfigError
from fuselab.execute import execute, work
from fuselab.instantiate import get_class
from fuselab.runs.catalog import options as catalog_options
from fuselab.runs.checks import check_config, leaves
from fuselab.runs.compose import composer, resolved
from fuselab.runs.files import write_whole
from fuselab.runs.folder import RunFolder
from fuselab.runs.process import start

from ..conftest import TINY
from .small import OF_HIS_DATA, choose, overrides

CONF = Path(__file__).parents[2] / "conf"
FILES = [path.relative_to(CONF).with_suffix("").as_posix() for path in sorted(CONF.glob("*/**/*.yaml"))]
# Layouts of reports are no part of a run; tests/reports/test_layout.py makes a table with each.
OPTIONS = [option for option in FILES if not option.startswith("report/")]
# What a run of the method itself does not go through: how jobs are started, and which.
NOT_OF_ONE_RUN = ("launcher/", "sweep/", "sweeper/")
# What needs several processes, a GPU or a service has a test of its own.
OF_THEIR_OWN = ("trainer/gpu", "trainer/ddp", "trainer/ddp_nodes", "trainer/fsdp", "logger/wandb")
TEST_SAMPLES = 48
Compose = Callable[..., DictConfig]
# Tasks whose targets are no classes: what trio_digits has to be told, and what to make of its digits.
OTHER_TARGETS: dict[str, tuple[tuple[str, ...], Callable[[Any], Any]]] = {
    "task/multilabel": ((), lambda digit: (digit[:, None] % np.arange(1, 11) == 0).astype(np.int64)),
    "task/regression": (("data.outputs=1",), lambda digit: (digit / 3).astype(np.float32)),
}


@pytest.fixture(autouse=True)
def _process_as_it_was(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep one cache of data, and take back what a run changes in its process."""
    monkeypatch.setenv("FUSELAB_CACHE", str(cache))
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "py.warnings", "wandb", "fuselab")]
    before = [(one, one.level, one.propagate, list(one.handlers)) for one in loggers]
    yield
    logging.captureWarnings(False)
    for logger, level, propagate, handlers in before:
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.level, logger.propagate, logger.handlers = level, propagate, handlers
    torch.use_deterministic_algorithms(deterministic)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    with composer(config_dir=None, config_name="train", searchpath=()) as hydra:
        yield lambda *overrides: hydra.compose(list(overrides))


def retarget(monkeypatch: pytest.MonkeyPatch, target: Callable[[Any], Any]) -> None:
    """Let trio_digits give other targets, made of its digits."""
    load = TrioDigits.load

    def changed(self: TrioDigits) -> PairedData:
        data = load(self)
        return replace(
            data, splits={name: replace(one, target=target(one.target)) for name, one in data.splits.items()}
        )

    monkeypatch.setattr(TrioDigits, "load", changed)


def run(config: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Train, and check that the run came to its end."""
    folder = RunFolder(path)
    execute(config, folder)
    return finished(folder, config)


def finished(folder: RunFolder, config: Mapping[str, Any]) -> dict[str, Any]:
    result = folder.result()
    assert result is not None
    assert set(result["test"]) == {*config["task"]["metrics"], "slices"}
    assert 0 <= result["test"].get("accuracy", 0) <= 1
    assert 0 < result["test"]["loss"] < 30
    assert (result["epochs"], result["steps"]) == (1, 2)
    assert pd.read_parquet(folder.predictions)["index"].tolist() == list(range(TEST_SAMPLES))
    return result


def test_every_file_is_found():
    assert {"data/trio_digits", "encoder/text/gru", "fusion/early/concat", "trainer/ddp", "sweep/demo"} <= set(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes_and_names_what_exists(option, compose, tmp_path):
    config = compose(*(one for one in overrides(option, tmp_path) if one not in TINY))
    own = OmegaConf.load(CONF / f"{option}.yaml")
    targets = [value for key, value in leaves(OmegaConf.to_container(config)) if key.endswith("_target_")]
    assert len(targets) > 10
    for target in targets:
        assert callable(get_object(target)), target
    if "_target_" in own:
        assert own._target_ in targets
    if not option.startswith(OF_HIS_DATA):
        check_config(resolved(config))


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.startswith("sweep/")])
def test_every_value_of_a_sweep_can_be_chosen(option, compose):
    params = compose(choose(option)).hydra.sweeper.params
    assert params
    for key, values in params.items():
        (parsed,) = OverridesParser.create().parse_overrides([f"{key}={values}"])
        if isinstance(parsed._value, Glob):
            chosen = [f"{key}={one.name}" for one in catalog_options(key, [CONF]) if parsed._value.filter([one.name])]
        else:
            chosen = [f"{key}={value}" for value in parsed.sweep_string_iterator()]
        assert len(chosen) > 1
        for value in chosen:
            check_config(resolved(compose(choose(option), value)))


def test_every_file_says_in_its_first_line_what_it_is():
    for option in OPTIONS:
        first = (CONF / f"{option}.yaml").read_text(encoding="utf-8").splitlines()
        comment = next(line for line in first if not line.startswith("# @package"))
        assert comment.startswith("# "), option
        assert comment.endswith("."), option


@pytest.mark.parametrize(
    "option",
    [one for one in OPTIONS if not one.startswith((*NOT_OF_ONE_RUN, *OF_HIS_DATA)) and one not in OF_THEIR_OWN],
)
def test_every_option_trains_a_run_to_its_result(option, compose, tmp_path, monkeypatch):
    more, target = OTHER_TARGETS.get(option, ((), None))
    if target is not None:
        retarget(monkeypatch, target)
    config = resolved(compose("width=8", "threads=1", "logger=none", *overrides(option, tmp_path), *more))
    result = run(config, tmp_path / "run")
    family = option.removeprefix("fusion/") if option.startswith("fusion/") else "early/concat"
    assert result["method"] == family
    assert RunFolder(tmp_path / "run").transforms.exists() == (
        option in ("transform/vector/pca", "transform/vector/lda")
    )
    logged = {"csv": "csv/metrics.csv", "tensorboard": "tensorboard/events.*"}
    for name, pattern in logged.items():
        assert bool(list((tmp_path / "run").glob(pattern))) == (option == f"logger/{name}")


@pytest.mark.parametrize("step", ["pca", "lda"])
def test_what_a_step_learns_from_train_is_kept_with_the_run(step, compose, tmp_path):
    choices = overrides(f"transform/vector/{step}", tmp_path)
    config = resolved(compose("width=8", "threads=1", "logger=none", *choices))
    first = run(config, tmp_path / "run")
    learned = load_file(RunFolder(tmp_path / "run").transforms)
    assert learned["text.step.mean"].shape == (100,)
    assert learned["text.step.axes"].shape == (100, {"pca": 3, "lda": 1}[step])
    again = tmp_path / "again"
    again.mkdir()
    turned = learned | {"text.step.axes": -learned["text.step.axes"]}
    for axes, same in ((learned, True), (turned, False)):
        save_file(axes, RunFolder(again).transforms)
        assert (run(config, again)["val"] == first["val"]) == same
        for path in [*again.glob("checkpoints/*"), RunFolder(again).result_file]:
            path.unlink()


@pytest.mark.parametrize("choice", ["task.class_weights=inverse_frequency", "task.focal_gamma=2", "sampling=balanced"])
def test_classes_of_unequal_size_are_met_with_what_the_config_chooses(choice, compose, tmp_path):
    more = (choice, "task.label_smoothing=0")
    run(resolved(compose(*TINY, "width=8", "threads=1", "logger=none", *more)), tmp_path / "run")


@pytest.mark.parametrize("task", [option for option in OPTIONS if option.startswith("task/")])
def test_every_task_lists_all_that_it_logs_and_monitors_one_of_it(task, compose):
    config = resolved(compose(choose(task)))
    made = get_class(config["task"])(config=config)
    assert tuple(config["task"]["metrics"]) == made.val_metrics.names
    check_config(config)
    if config["monitor"]["metric"] != "val/accuracy":
        with pytest.raises(ConfigError, match=r"monitor\.metric \(val/accuracy\) must be a metric that the task logs"):
            check_config(resolved(compose(choose(task), "monitor.metric=val/accuracy")))


def test_wandb_writes_a_run_of_its_own_offline(compose, tmp_path):
    config = resolved(compose(*TINY, "width=8", "threads=1"))
    assert config["logger"]["_target_"].endswith("wandb_logger")
    result = run(config, tmp_path / "sweep" / "run")
    (offline,) = (tmp_path / "sweep" / "run").glob("wandb/offline-run-*")
    assert offline.name.endswith(result["wandb_id"])


def test_the_gpu_is_used_where_there_is_one_and_missed_in_words_elsewhere(compose, tmp_path):
    config = resolved(compose(*TINY, "width=8", "threads=1", "logger=none", "trainer=gpu"))
    assert config["trainer"]["accelerator"] == "gpu"
    if torch.cuda.is_available():
        run(config, tmp_path / "run")
        return
    with pytest.raises(
        ConfigError, match=r"trainer\.devices \(1 on gpu\) must exist; this machine has 0: .*trainer=cpu"
    ):
        execute(config, RunFolder(tmp_path / "run"))
    assert RunFolder(tmp_path / "run").result() is None


@pytest.mark.parametrize("fusion", ["early/concat", "attention/cross", "late/weighted"])
def test_what_the_gpu_option_asks_for_trains_on_a_cpu_too(fusion, compose, tmp_path):
    """Precision, clipping and optimizer have to go together, and a CPU shows it."""
    choices = ("logger=none", "trainer=gpu", "trainer.accelerator=cpu", f"fusion={fusion}", "encoder/text=gru")
    run(resolved(compose(*TINY, "width=8", "threads=1", *choices)), tmp_path / "run")


@pytest.mark.cluster
def test_the_ddp_option_trains_in_its_processes(compose, tmp_path):
    config = resolved(compose(*TINY, "width=8", "threads=1", "logger=none", "trainer=ddp"))
    folder = RunFolder(tmp_path / "run")
    write_whole(folder.config, lambda temporary: OmegaConf.save(OmegaConf.create(config), temporary))
    assert start(work, folder, trainer=config["trainer"], threads=1).wait(300) == 0
    finished(folder, config)


@pytest.mark.slow
@pytest.mark.parametrize("encoder", [option for option in OPTIONS if option.startswith("encoder/")])
@pytest.mark.parametrize("fusion", [option for option in OPTIONS if option.startswith("fusion/")])
def test_every_encoder_goes_with_every_fusion(fusion, encoder, compose, tmp_path):
    choices = overrides(encoder, tmp_path)
    if fusion.startswith("fusion/unimodal/"):
        names = resolved(compose(*choices))["data"]["modalities"]
        if fusion.rpartition("/")[2] not in names:
            pytest.skip("the data have no such modality")
    run(resolved(compose("width=8", "threads=1", "logger=none", *choices, choose(fusion))), tmp_path / "run")
