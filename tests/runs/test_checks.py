from __future__ import annotations

import copy
from typing import Any

import pytest

from fuselab.errors import ConfigError
from fuselab.runs.checks import check_config

GOOD: dict[str, Any] = {
    "seed": 0,
    "sampling": "shuffled",
    "rerun": "failed",
    "excerpt": 60,
    "retries": 0,
    "retry_delay": 10.0,
    "dry_run": False,
    "feature_cache": True,
    "test": True,
    "monitor": {"metric": "val/accuracy", "mode": "max", "patience": 6},
    "data": {"modalities": ["image", "text"], "batch_size": 64, "source": {"_target_": "fuselab.data.Source"}},
    "encoder": {"image": {"_target_": "fuselab.encoders.A"}, "text": {"_target_": "torch.nn.GRU"}},
    "fusion": {"_target_": "fuselab.fusion.B", "modalities": ["text"]},
    "callbacks": {
        "stop": {"_target_": "pytorch_lightning.callbacks.EarlyStopping", "monitor": "val/accuracy"},
        "list": [{"_target_": "torchmetrics.X", "monitor": None}],
    },
    "trainer": {"devices": 1, "max_epochs": 15},
    "hydra": {"launcher": {"_target_": "hydra_plugins.X"}, "monitor": "test/accuracy"},
}


def changed(key: str, value: Any) -> dict[str, Any]:
    config = copy.deepcopy(GOOD)
    node = config
    *path, last = key.split(".")
    for part in path:
        node = node[part]
    node[last] = value
    return config


def test_a_config_that_can_be_run_passes():
    check_config(GOOD)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", 7),
        ("rerun", "all"),
        ("rerun", "none"),
        ("retries", 3),
        ("retry_delay", 0),
        ("retry_delay", 0.5),
        ("dry_run", True),
        ("feature_cache", False),
        ("test", False),
        ("monitor.mode", "min"),
        ("monitor.metric", "val/loss"),
        ("trainer.devices", "auto"),
        ("trainer.devices", 8),
        ("trainer.devices", [0, 3]),
        ("fusion.modalities", ["image", "text"]),
        ("transform", {}),
        ("transform", None),
        ("transform", {"text": None}),
        ("transform", {"text": {"clean": {"_target_": "fuselab.data.A"}, "dropout": None}}),
        ("trusted", []),
        ("trusted", None),
    ],
)
def test_a_legal_value_passes(key: str, value: Any):
    check_config(changed(key, value))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sampling", "weighted", r"sampling \(weighted\) must be one of balanced, shuffled; set sampling=shuffled"),
        ("seed", -1, r"seed \(-1\) must be a whole number of at least 0; set seed=0"),
        ("seed", None, r"seed \(None\) must be a whole number"),
        ("seed", True, r"seed \(True\) must be a whole number"),
        ("seed", "3", r"seed \('3'\) must be a whole number"),
        ("data.batch_size", 0, r"data\.batch_size \(0\) must be .* at least 1; set data\.batch_size=1"),
        ("data.batch_size", 1.5, r"data\.batch_size \(1\.5\) must"),
        ("trainer.max_epochs", 0, r"trainer\.max_epochs \(0\) must be .* at least 1"),
        ("trainer.max_epochs", -1, r"trainer\.max_epochs \(-1\) must"),
        ("rerun", "al", r"rerun \(al\) must be one of all, failed, none; set rerun=failed"),
        ("retries", -1, r"retries \(-1\) must be a whole number of at least 0; set retries=0"),
        ("excerpt", -1, r"excerpt \(-1\) must be a whole number of at least 0; set excerpt=0"),
        ("retries", 1.5, r"retries \(1\.5\) must be a whole number"),
        ("retry_delay", -1, r"retry_delay \(-1\) must be a number of seconds of at least 0; set retry_delay=10"),
        ("retry_delay", None, r"retry_delay \(None\) must be a number"),
        ("retry_delay", True, r"retry_delay \(True\) must be a number"),
        ("retry_delay", float("nan"), r"retry_delay \(nan\) must be a number"),
        ("retry_delay", float("inf"), r"retry_delay \(inf\) must be a number"),
        ("feature_cache", "yes", r"feature_cache \(yes\) must be true or false; set feature_cache=false"),
        ("dry_run", 1, r"dry_run \(1\) must be true or false; set dry_run=false"),
        ("test", "no", r"test \(no\) must be true or false"),
        ("trainer.devices", 0, r"trainer\.devices \(0\) must be .*; set trainer\.devices=1"),
        ("trainer.devices", "2", r"trainer\.devices \('2'\) must"),
        ("trainer.devices", True, r"trainer\.devices \(True\) must"),
        ("trainer.devices", [], r"trainer\.devices \(\[\]\) must"),
        ("trainer.devices", [0, "x"], r"trainer\.devices \(\[0, 'x'\]\) must"),
        ("trainer", None, r"trainer\.max_epochs \(None\) must"),
        ("monitor.mode", "maximum", r"monitor\.mode \(maximum\) must be max or min"),
        ("monitor.metric", "test/accuracy", r"monitor\.metric \(test/accuracy\) .*test set is shut.*use val/accuracy"),
        ("monitor.metric", "test_f1", r"monitor\.metric \(test_f1\) .*test set is shut.*use val/f1"),
        ("monitor.metric", "train/loss", r"monitor\.metric \(train/loss\) must be a validation metric"),
        ("monitor.metric", "accuracy", r"monitor\.metric \(accuracy\) must be a validation metric"),
        ("monitor.metric", None, r"monitor\.metric \(None\) must be a validation metric"),
        ("callbacks.stop.monitor", "test/loss", r"callbacks\.stop\.monitor \(test/loss\) must not be a test metric"),
        ("callbacks.list", [{"monitor": "test_loss"}], r"callbacks\.list\.0\.monitor \(test_loss\) must not be"),
        ("scheduler", {"monitor": "epoch"}, r"scheduler\.monitor \(epoch\) must be a validation metric"),
        ("fusion.modalities", ["txt"], r"fusion\.modalities \(txt\) must be modalities .*did you mean 'text'\?"),
        ("fusion.modalities", ["smell"], r"fusion\.modalities \(smell\) must be .*choose one of: image, text"),
        ("fusion.modalities", ["text", "text"], r"fusion\.modalities \(text, text\) must name each modality once"),
        (
            "fusion.modalities",
            "text",
            r"fusion\.modalities \('text'\) must be a list .*fusion\.modalities=\[image,text\]",
        ),
        ("fusion.modalities", [], r"fusion\.modalities \(\[\]\) must be a list"),
        ("data.modalities", [1], r"data\.modalities \(\[1\]\) must be a list"),
        ("encoder", {"image": {"dim": 1}}, r"the modality \(text\) must have an encoder; add encoder\.text"),
        ("encoder.text", None, r"the modality \(text\) must have an encoder"),
        ("encoder", None, r"the modality \(text\) must have an encoder"),
        ("fusion._target_", "mine.fuse.F", r"fusion\._target_ \(mine\.fuse\.F\) .*known package.*add trusted=\[mine\]"),
        ("fusion._target_", "torchhub.F", r"add trusted=\[torchhub\]"),
        ("fusion._target_", "Concat", r"fusion\._target_ \(Concat\) must be a whole path"),
        ("fusion._target_", None, r"fusion\._target_ \(None\) must be a whole path"),
        ("callbacks.list", [{"_target_": "os.system"}], r"callbacks\.list\.0\._target_ \(os\.system\) must come"),
        ("transform", "flip", r"transform \(flip\) must be steps of modalities; write transform=\{\} for none"),
        ("transform", {"txt": {}}, r"transform \(txt\) must be of modalities of the data; did you mean 'text'\?"),
        ("transform", {"text": "clean"}, r"transform\.text must hold steps by names .*@transform\.text\.STEP=OPTION"),
        ("transform", {"text": {"_target_": "fuselab.A"}}, r"transform\.text must hold steps by names of their own"),
        ("transform", {"text": {"a": {"p": 1}}}, r"transform\.text must hold steps by names of their own, or null"),
        ("transform", {"text": {"a": {"_target_": "mine.A"}}}, r"transform\.text\.a\._target_ \(mine\.A\) must come"),
        ("trusted", "mine", r"trusted \('mine'\) must be a list of packages; write trusted=\[mine\]"),
    ],
)
def test_a_config_that_cannot_be_run_is_refused(key: str, value: Any, message: str):
    with pytest.raises(ConfigError, match=message) as caught:
        check_config(changed(key, value))
    assert "\n" not in str(caught.value)


def test_a_package_that_the_user_trusts_may_be_named():
    config = changed("fusion._target_", "mine.fuse.F")
    check_config(config | {"trusted": ["mine"]})
    with pytest.raises(ConfigError, match=r"add trusted=\[other,mine\]"):
        check_config(config | {"trusted": ["other"]})


TASK = {"metrics": ["loss", "mae"], "slices": ["old", "young"], "space": "value"}


@pytest.mark.parametrize("metric", ["val/mae", "val/loss", "val/mae/old"])
def test_a_metric_that_the_task_logs_may_be_monitored(metric: str):
    check_config(changed("callbacks", {}) | {"task": TASK, "monitor": {"metric": metric, "mode": "min"}})


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            "val/accuracy",
            r"monitor\.metric \(val/accuracy\) must be .* the task logs; choose one of: val/loss, val/mae",
        ),
        ("val/mse", r"monitor\.metric \(val/mse\) must be .* the task logs; did you mean 'val/mae'\?"),
        ("val/mae/odl", r"monitor\.metric \(val/mae/odl\) must name a slice of the data; did you mean 'old'\?"),
    ],
)
def test_a_metric_that_the_task_does_not_log_is_refused(metric: str, message: str):
    config = changed("callbacks", {}) | {"task": TASK, "monitor": {"metric": metric, "mode": "min"}}
    with pytest.raises(ConfigError, match=message):
        check_config(config)


def test_a_callback_may_watch_only_what_the_task_logs():
    config = GOOD | {"task": TASK, "monitor": {"metric": "val/mae", "mode": "min"}}
    with pytest.raises(
        ConfigError, match=r"callbacks\.stop\.monitor \(val/accuracy\) must be a metric that the task logs"
    ):
        check_config(config)


def test_only_classes_can_be_balanced():
    check_config(changed("sampling", "balanced"))
    config = changed("callbacks", {}) | {"task": TASK, "monitor": {"metric": "val/mae", "mode": "min"}}
    with pytest.raises(ConfigError, match=r"sampling \(balanced\) must have one class a sample; set sampling=shuffled"):
        check_config(config | {"sampling": "balanced"})
