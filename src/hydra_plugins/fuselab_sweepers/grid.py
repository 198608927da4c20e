"""The sweeper of ``fuselab train -m``: Hydra finds it here, and asks it for a whole sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

# What a sweep file may say below `hydra.sweeper`.
ConfigStore.instance().store(
    group="hydra/sweeper",
    name="grid",
    node={
        "_target_": "hydra_plugins.fuselab_sweepers.grid.GridSweeper",
        "params": {},
        "blocks": [],
        "exclude": [],
    },
    provider="fuselab",
)


class GridSweeper(Sweeper):
    """Grids of values, in one block or several: what is done is skipped, what was cut off goes on.

    Args:
        params: of every block
        blocks: see ``fuselab.runs.grid``
        exclude: settings left out
    """

    def __init__(self, *, params: DictConfig, blocks: Any, exclude: Any) -> None:
        self._given = {"params": params, "blocks": blocks, "exclude": exclude}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra has prepared."""
        from hydra.core.plugins import Plugins

        self._config, self._loader = config, hydra_context.config_loader
        self._launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Do the sweep of a command line.

        Args:
            arguments: its overrides
        """
        from fuselab.runs.grid import expand
        from fuselab.sweeps import OUTCOME, Sweep, keeping_refusal

        with keeping_refusal():
            sweep = Sweep(config=self._config, loader=self._loader, launcher=self._launcher)
            jobs = expand(**_plain(self._given), command=arguments, parse=sweep.parse)
            sweep.run(jobs, folder=Path(str(self._config.hydra.sweep.dir)))
        return OUTCOME


def _plain(config: Any) -> Any:
    from omegaconf import OmegaConf

    return {
        key: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value for key, value in config.items()
    }
