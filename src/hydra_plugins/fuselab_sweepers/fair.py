"""The sweeper of ``fuselab train -m hydra/sweeper=fair``: an equal search for all that is compared, then the refits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from fuselab.runs.trials import SearchPlan

# What a sweep file or `hydra.sweeper.…` may say; see fuselab.runs.fair.
ConfigStore.instance().store(
    group="hydra/sweeper",
    name="fair",
    node={
        "_target_": "hydra_plugins.fuselab_sweepers.fair.FairSweeper",
        "params": {},
        "compare": ["fusion"],
        "space": {},
        "trials": 10,
        "batch": 2,
        "sampler": "tpe",
        "sampler_seed": 0,
        "trial_seed": 1000,
        "seeds": None,
    },
    provider="fuselab",
)


class FairSweeper(Sweeper):
    """The same number of trials over the same space for each compared value, chosen on validation, then refitted.

    Args:
        asked: see ``fuselab.runs.fair``
    """

    def __init__(self, **asked: Any) -> None:
        self._asked = asked

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra has prepared."""
        from hydra.core.plugins import Plugins

        self._config, self._loader = config, hydra_context.config_loader
        self._launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Do the search of a command line.

        Args:
            arguments: its overrides
        """
        from fuselab.launch import require_writable
        from fuselab.runs.search import search, show
        from fuselab.runs.stop import STOP
        from fuselab.sweeps import OUTCOME, keeping_refusal

        with keeping_refusal(), STOP.heeding_signals():
            plan = self._plan(arguments)
            if self._config.dry_run:
                show(plan)
            else:
                require_writable(plan.folder)
                OUTCOME.planned, OUTCOME.folder = search(plan).planned, plan.folder
        return OUTCOME

    def _plan(self, arguments: list[str]) -> SearchPlan:
        from omegaconf import OmegaConf

        from fuselab.runs.fair import read_asked
        from fuselab.runs.trials import Goal, SearchPlan
        from fuselab.sweeps import Sweep

        config = self._config
        runner = Sweep(config=config, loader=self._loader, launcher=self._launcher)
        sweeper: Any = OmegaConf.to_container(OmegaConf.create(self._asked))
        asked = read_asked(sweeper, arguments, parse=runner.parse, seed=config.seed)
        return SearchPlan(
            asked=asked,
            values=asked.values(runner.parse),
            goal=Goal(metric=config.monitor.metric, mode=config.monitor.mode),
            runner=runner,
            name=str(config.name),
            folder=Path(str(config.hydra.sweep.dir)),
            rerun=config.rerun,
        )
