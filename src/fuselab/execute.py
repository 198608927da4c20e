"""One run, from a resolved config to its result: every process of it comes through here."""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuselab.errors import ConfigError
from fuselab.runs.attempt import begun, record_failure
from fuselab.runs.files import write_json
from fuselab.runs.folder import RunFolder
from fuselab.runs.leave import LEFT_IN_ORDER, Left, leave_at_sigterm
from fuselab.runs.lock import at_work
from fuselab.runs.process import die_with_owner

if TYPE_CHECKING:
    import pytorch_lightning as pl

    from fuselab.callbacks.resume import Resume
    from fuselab.data.datamodule import InMemoryDataModule
    from fuselab.data.feature_cache import FeatureCache
    from fuselab.runs.status import Status
    from fuselab.tasks.base import Task


def work(path: str) -> None:
    """Do the run of a folder in a process made for it, and leave with a status that says how it went.

    Args:
        path: the run's folder, with its ``config.yaml``
    """
    from omegaconf import OmegaConf

    folder = RunFolder(Path(path))
    leave_at_sigterm()
    die_with_owner()
    first = int(os.environ.get("RANK", "0")) == 0
    try:
        with at_work(folder.path) if first else nullcontext():
            execute(OmegaConf.to_container(OmegaConf.load(folder.config)), folder)  # type: ignore[arg-type]
    except Left:
        sys.exit(LEFT_IN_ORDER)
    except Exception as error:
        record_failure(folder, error)
        sys.exit(1)


def execute(config: Mapping[str, Any], folder: RunFolder) -> None:
    """Train, or go on where the last checkpoint left it; choose on validation, then, if at all, open the test set once.

    Args:
        config: resolved config of the run, plain values only
        folder: the run's; ``result.json`` appears there last of all

    Raises:
        ConfigError: devices that this machine lacks
    """
    began = time.perf_counter()
    import pytorch_lightning as pl
    import torch

    from fuselab.callbacks.resume import Resume
    from fuselab.data.datamodule import InMemoryDataModule
    from fuselab.data.doctor.examine import look_over
    from fuselab.instantiate import get_class, instantiate
    from fuselab.runs.steps import chosen_steps
    from fuselab.runs.tracking import finish_tracking, sweep_name, track_result

    _quiet(folder)
    if config["threads"]:
        torch.set_num_threads(config["threads"])
    check_devices(config["trainer"])
    # Deterministic mode fills memory that nobody has written yet, to show who reads it; our models don't, and it takes
    # one twentieth of a step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    pl.seed_everything(config["seed"], workers=True, verbose=False)
    task: Task = get_class(config["task"])(config=dict(config))
    data = config["data"]
    source = instantiate(data["source"])
    warned = look_over(source.load()) if config["examine"] else []
    datamodule = InMemoryDataModule(
        source=source,
        tokenizers={name: instantiate(one) for name, one in _tokenizers(config).items()},
        modalities=task.model.modalities,
        batch_size=data["batch_size"],
        eval_batch_size=data["eval_batch_size"],
        seed=config["seed"],
        sampling=config["sampling"],
        transforms={
            name: {step: instantiate(one) for step, one in steps.items()}
            for name, steps in chosen_steps(config).items()
        },
        learned=folder.transforms,
        prepare=task.model.prepare,
        keep=_feature_caches(config, task),
    )
    status = folder.status() or begun(config)
    status.pid, status.host = os.getpid(), socket.gethostname()
    resume = Resume(began=began)
    folder.path.mkdir(parents=True, exist_ok=True)
    logger = instantiate(config["logger"], save_dir=str(folder.path))
    try:
        trainer = _trainer(config, folder, status, resume, logger)
        if trainer.is_global_zero:
            status.write(folder.path)
        if logger:
            # What dashboards group by stands at the top: method, scheme and seed do, the others here.
            logger.log_hyperparams(
                {**config, "family": _family(config), "data_name": data["name"], "sweep": sweep_name(folder.path)}
            )
        last = folder.checkpoints / "last.ckpt"
        trainer.fit(task, datamodule=datamodule, ckpt_path=str(last) if last.exists() else None, weights_only=True)
        fitted, resumed_at, tested = resume.seconds(), list(resume.epochs), time.perf_counter()
        epochs, steps = trainer.current_epoch, trainer.global_step
        best = str(folder.checkpoints / "best.ckpt")
        found = {
            "val": trainer.validate(task, datamodule=datamodule, ckpt_path=best, verbose=False, weights_only=True)[0]
        }
        if config["test"]:  # only now is the test split read
            found["test"] = trainer.test(task, datamodule=datamodule, verbose=False)[0]
        total = fitted + time.perf_counter() - tested  # a checkpoint opened for testing brings its callbacks' states
        if trainer.is_global_zero:
            if config["test"] and config["excerpt"]:
                _keep_excerpt(config, folder, datamodule)
            result = _result(config, folder, task, datamodule) | {
                "warnings": warned,
                **{split: _nested(metrics) for split, metrics in found.items()},
                "epochs": epochs,
                "steps": steps,
                "resumed_at": resumed_at,
                "seconds": {"fit": fitted, "test": total - fitted, "total": total},
            }
            write_json(folder.result_file, result)
            track_result(result)
    finally:
        finish_tracking()


def _trainer(config: Mapping[str, Any], folder: RunFolder, status: Status, resume: Resume, logger: Any) -> pl.Trainer:
    import pytorch_lightning as pl
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

    from fuselab.callbacks.finite import StopAtNonFinite
    from fuselab.callbacks.leave import LeaveWhenAsked
    from fuselab.callbacks.predictions import SavePredictions
    from fuselab.callbacks.progress import RecordProgress
    from fuselab.callbacks.whole import WholeCheckpoints
    from fuselab.instantiate import instantiate

    bar = config["progress"] and sys.stdout.isatty()
    trainer: pl.Trainer = instantiate(
        config["trainer"],
        callbacks=[
            *(instantiate(one, **_dirpath(one, folder)) for one in config["callbacks"].values()),
            LeaveWhenAsked(),
            StopAtNonFinite(),
            resume,
            RecordProgress(folder=folder, status=status),
            SavePredictions(path=folder.predictions, slices=tuple(config["data"]["slices"])),
            *([pl.callbacks.RichProgressBar()] if bar else []),
        ],
        logger=logger,
        default_root_dir=str(folder.path),
        enable_progress_bar=bar,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        # Lightning would take a cluster's job for its own to spread and requeue; that is the launcher's business.
        plugins=[WholeCheckpoints(), *([] if TorchElasticEnvironment.detect() else [LightningEnvironment()])],
    )
    return trainer


def check_devices(trainer: Mapping[str, Any]) -> None:
    """Refuse devices that this machine lacks.

    Raises:
        ConfigError: more devices than there are
    """
    if trainer["accelerator"] not in ("gpu", "cuda"):
        return
    import torch

    asked, there = trainer["devices"], torch.cuda.device_count()
    need = max(asked) + 1 if isinstance(asked, list) else 1 if asked == "auto" else int(asked)
    if need > there:
        raise ConfigError(
            f"trainer.devices ({asked} on {trainer['accelerator']}) must exist; this machine has {there}: lower it, or "
            "choose trainer=cpu"
        )


def _quiet(folder: RunFolder) -> None:
    """Send what libraries say to the run's log; the screen is for the run's own words."""
    import logging

    folder.path.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(folder.log, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    for name in ("pytorch_lightning", "py.warnings", "wandb", "fuselab"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING if name == "wandb" else logging.INFO)
        for old in list(logger.handlers):
            logger.removeHandler(old)
            old.close()
        logger.addHandler(handler)
        logger.propagate = False
    logging.captureWarnings(True)
    warnings.simplefilter("default")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _dirpath(callback: Mapping[str, Any], folder: RunFolder) -> dict[str, str]:
    takes_folder = callback["_target_"].endswith("ModelCheckpoint") and "dirpath" not in callback
    return {"dirpath": str(folder.checkpoints)} if takes_folder else {}


def _nested(metrics: Mapping[str, float]) -> dict[str, Any]:
    """Turn ``test/accuracy/easy`` into ``{"slices": {"easy": {"accuracy": …}}}``."""
    nested: dict[str, Any] = {"slices": {}}
    for key, value in metrics.items():
        _, metric, *group = key.split("/", 2)
        if group:
            nested["slices"].setdefault(group[0], {})[metric] = value
        else:
            nested[metric] = value
    return nested


def _family(config: Mapping[str, Any]) -> str:
    return str(config["method"]).split("/")[0]


def _tokenizers(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return each text's tokenizer: the data's, or the one that its encoder was trained with."""
    used = {name: config["encoder"].get(name) or {} for name in config["fusion"]["modalities"]}
    brought = {name: one["tokenizer"] for name, one in used.items() if one.get("tokenizer")}
    return {**config["data"]["tokenizers"], **brought}


def _feature_caches(config: Mapping[str, Any], task: Task) -> dict[str, FeatureCache]:
    from fuselab.data.feature_cache import FeatureCache

    caches = {}
    for name, encoder in task.model.by_modality().items():
        origin = encoder.origin()
        if origin is not None and origin.frozen:
            caches[name] = FeatureCache(
                modality=name, origin=origin, release=encoder.release, store=config["feature_cache"]
            )
    return caches


def _keep_excerpt(config: Mapping[str, Any], folder: RunFolder, datamodule: InMemoryDataModule) -> None:
    """Keep some test samples beside the sweep's runs, once for all of them."""
    from fuselab.data.excerpt import take_excerpt
    from fuselab.runs.excerpt import excerpt_file, write_excerpt

    paired = datamodule.loaded()
    file = excerpt_file(folder.path.parent, paired.fingerprint)
    if not file.exists():
        # The data's rate, not the encoder's: a transform may lie between them.
        rate: int | None = (config["data"].get("audio") or {}).get("sample_rate")
        heard = [name for name, one in config["encoder"].items() if one and "sample_rate" in one]
        rates = {} if rate is None else dict.fromkeys(heard, rate)
        write_excerpt(file, take_excerpt(paired.splits["test"], config["excerpt"], sample_rates=rates))


def _result(config: Mapping[str, Any], folder: RunFolder, task: Task, datamodule: InMemoryDataModule) -> dict[str, Any]:
    from fuselab.evaluation.cost import forward_flops, frozen_flops, frozen_parameters, parameters
    from fuselab.runs.due import config_digest
    from fuselab.runs.identity import identity
    from fuselab.runs.provenance import git_commit, versions
    from fuselab.runs.tracking import tracking_id

    paired = datamodule.loaded()
    origins = {name: encoder.origin() for name, encoder in task.model.by_modality().items()}
    tracked = "wandb" in config["logger"]["_target_"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "method": config["method"],
        "family": _family(config),
        "scheme": config["scheme_name"],
        "seed": config["seed"],
        "identity": identity(config),
        "config_digest": config_digest(folder) if folder.config.exists() else None,
        "data": paired.name,
        "data_fingerprint": paired.fingerprint,
        "split_hash": paired.split_hash,
        "budget": {
            "max_epochs": config["trainer"]["max_epochs"],
            "batch_size": config["data"]["batch_size"],
            "train_samples": len(paired.splits["train"]),
        },
        "parameters": parameters(task.model),
        "frozen_parameters": frozen_parameters(task.model),
        "flops": forward_flops(task.model, datamodule.one_sample()) + frozen_flops(task.model, datamodule.one_given()),
        "pretrained": {
            name: {"model": one.name, "sha256": one.sha256, "frozen": one.frozen}
            for name, one in origins.items()
            if one
        },
        "peak_memory_bytes": peak,
        "git_commit": git_commit(),
        "versions": versions(),
        "wandb_id": tracking_id(folder.path) if tracked else None,
    }


if __name__ == "__main__":
    work(sys.argv[1])
