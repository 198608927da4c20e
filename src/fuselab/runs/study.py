"""``search.db``: what a search has asked for and what that gave, an Optuna study for each compared value in one file.

What is asked for next depends on the trials before it alone, never on who runs them, when they end, or how often the
search was stopped: the sampler is seeded afresh for every trial, and a trial sees the outcomes of earlier batches only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from fuselab.errors import RunFolderError
from fuselab.runs.fair import Settings
from fuselab.runs.space import Choices, Dimension

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

SETUP = "search"  # the user attribute with what a study began with
Outcome = Literal["asked", "done", "failed"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial of one compared value.

    Args:
        number: from 0
        drawn: by key, as the sampler gave it
        outcome: ``asked`` until its run has ended
        value: the validation metric, where it is done
        run: its folder's name
        identity: of its run
    """

    number: int
    drawn: dict[str, Any]
    outcome: Outcome
    value: float | None
    run: str
    identity: str


def suggest(
    earlier: Sequence[Trial], *, space: Mapping[str, Dimension], settings: Settings, maximize: bool
) -> dict[str, Any]:
    """Return what the next trial tries.

    Args:
        earlier: all trials before it, in order
        space: what is searched
        settings: sampler, seed and batch
        maximize: whether a larger value is better
    """
    from optuna.trial import TrialState, create_trial

    optuna = _optuna()
    number = len(earlier)
    first = number - number % settings.batch  # of its batch, in which no trial knows of another's outcome
    distributions = {key: _distribution(one) for key, one in space.items()}
    study = optuna.create_study(direction=_direction(maximize), sampler=_sampler(settings, number))
    for trial in earlier:
        outcome = trial.outcome if trial.number < first else "asked"
        state = {"asked": TrialState.RUNNING, "done": TrialState.COMPLETE, "failed": TrialState.FAIL}[outcome]
        value = trial.value if outcome == "done" else None
        study.add_trial(create_trial(state=state, value=value, params=trial.drawn, distributions=distributions))
    return dict(study.ask(distributions).params)


class SearchFile:
    """The file.

    Args:
        path: ``search.db``
        space: what is searched
        maximize: whether a larger value is better

    Raises:
        RunFolderError: no such file, or one that can't be written
    """

    def __init__(self, path: Path, *, space: Mapping[str, Dimension], maximize: bool) -> None:
        self._path = path
        self._distributions = {key: _distribution(one) for key, one in space.items()}
        self._direction = _direction(maximize)
        self._studies: dict[str, Study] = {}
        with self._said():
            self._storage = _optuna().storages.RDBStorage(f"sqlite:///{path}")

    def close(self) -> None:
        """Let the file go."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def names(self) -> list[str]:
        """Return the compared values that have trials."""
        with self._said():
            return [one.study_name for one in self._storage.get_all_studies()]

    def setup(self, name: str) -> dict[str, Any] | None:
        """Return what a compared value's search began with; None where it has not begun."""
        if name not in self.names():
            return None
        with self._said():
            return self._study(name).user_attrs.get(SETUP)

    def begin(self, name: str, setup: Mapping[str, Any]) -> None:
        """Begin the search of a compared value, or go on with it."""
        with self._said():
            self._study(name).set_user_attr(SETUP, dict(setup))

    def trials(self, name: str) -> list[Trial]:
        """Return a compared value's trials in order."""
        with self._said():
            return [_trial(one) for one in self._study(name).get_trials(deepcopy=False)]

    def add(self, name: str, *, drawn: Mapping[str, Any], run: str, identity: str) -> None:
        """Write the next trial down, whole or not at all."""
        from optuna.trial import TrialState, create_trial

        one = create_trial(
            state=TrialState.RUNNING,
            params=dict(drawn),
            distributions=self._distributions,
            user_attrs={"run": run, "identity": identity},
        )
        with self._said():
            self._study(name).add_trial(one)

    def tell(self, name: str, number: int, value: float | None) -> None:
        """Write down how a trial ended.

        Args:
            name: of the compared value
            number: of the trial
            value: the validation metric; None where it failed
        """
        from optuna.trial import TrialState

        with self._said():
            self._study(name).tell(number, value, state=TrialState.FAIL if value is None else TrialState.COMPLETE)

    def forget(self, name: str) -> None:
        """Let a compared value begin anew."""
        with self._said():
            self._storage.delete_study(self._study(name)._study_id)
        del self._studies[name]

    def _study(self, name: str) -> Study:
        if name not in self._studies:
            self._studies[name] = _optuna().create_study(
                study_name=name, storage=self._storage, direction=self._direction, load_if_exists=True
            )
        return self._studies[name]

    @contextmanager
    def _said(self) -> Iterator[None]:
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (StorageInternalError, SQLAlchemyError, RuntimeError) as error:
            cause = error.__cause__ or error
            first_line = next(iter(str(cause).splitlines()), type(cause).__name__)
            raise RunFolderError(
                f"the file ({self._path}) must be a search's own and writable; free the disk, or move it away to "
                f"search anew ({first_line})"
            ) from error


def _optuna() -> ModuleType:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would tell of every study and trial
    return optuna


def _trial(one: FrozenTrial) -> Trial:
    from optuna.trial import TrialState

    outcomes: dict[TrialState, Outcome] = {TrialState.COMPLETE: "done", TrialState.FAIL: "failed"}
    return Trial(
        number=one.number,
        drawn=one.params,
        outcome=outcomes.get(one.state, "asked"),
        value=one.value,
        run=one.user_attrs["run"],
        identity=one.user_attrs["identity"],
    )


def _distribution(one: Dimension) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(one, Choices):
        return CategoricalDistribution(one.texts)
    if isinstance(one.low, int) and isinstance(one.high, int):
        return IntDistribution(one.low, one.high, log=one.log, step=1 if one.step is None else int(one.step))
    return FloatDistribution(one.low, one.high, log=one.log, step=one.step)


def _sampler(settings: Settings, number: int) -> BaseSampler:
    import numpy as np
    from optuna.samplers import RandomSampler, TPESampler

    (seed,) = np.random.SeedSequence((settings.sampler_seed, number)).generate_state(1)
    return TPESampler(seed=int(seed)) if settings.sampler == "tpe" else RandomSampler(seed=int(seed))


def _direction(maximize: bool) -> str:
    return "maximize" if maximize else "minimize"
