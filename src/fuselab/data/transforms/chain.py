"""All that becomes of one modality between the data and its encoder.

Shapes: S samples of a split, B of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

from fuselab.data.feature_cache import FeatureCache
from fuselab.data.transforms.base import FittedTransform, FixedTransform, RandomTransform, TextTransform, Transform
from fuselab.data.transforms.draws import Draws
from fuselab.errors import ConfigError, DataError
from fuselab.types import ModalityInput

SCALES = {torch.int16: 32768, torch.uint8: 255}
CHUNK = 512  # samples that are worked on at once, so that memory stays small
_WORKS_ON = ("texts", "what the data gives", "what the encoder has prepared")

Step = TextTransform | FixedTransform | RandomTransform
Prepare = Callable[[ModalityInput], ModalityInput]
Link = tuple[str, FixedTransform | RandomTransform | Prepare]


class Chain:
    """Steps on a modality in order, with what its encoder prepares among them.

    What stands before the first random step is done once. From there on everything is done anew for each batch of
    training; validation and test leave the random steps out and have everything done once.

    Args:
        modality: its name
        steps: by their names, in order
        prepare: what the encoder does to inputs before its first parameter
        keep: makes and keeps what a frozen encoder prepares of a split; None where there is nothing worth keeping

    Raises:
        ConfigError: steps in an order that can't be
    """

    def __init__(
        self, *, modality: str, steps: Mapping[str, Step], prepare: Prepare, keep: FeatureCache | None = None
    ) -> None:
        self.modality = modality
        self._prepare = prepare
        self._keep = keep
        for (name, one), (later, other) in pairwise(steps.items()):
            if _rank(other) < _rank(one):
                raise ConfigError(
                    f"transform.{modality}.{later} (of {_WORKS_ON[_rank(other)]}) must stand before {name} (of "
                    f"{_WORKS_ON[_rank(one)]}); change their order"
                )
        self._texts = [step for step in steps.values() if isinstance(step, TextTransform)]
        numeric = [(name, step) for name, step in steps.items() if not isinstance(step, TextTransform)]
        self.fitted = {name: step for name, step in numeric if isinstance(step, FittedTransform)}
        self._links: list[Link] = [
            ("", _scaled),
            *((name, step) for name, step in numeric if not step.after_prepare),
            ("", prepare),
            *((name, step) for name, step in numeric if step.after_prepare),
        ]
        places = [place for place, (_, work) in enumerate(self._links) if isinstance(work, RandomTransform)]
        self.augmented = bool(places)  # whether training sees other values in each epoch, so that none can be kept
        # Whole numbers wait for their batch: floats take more room.
        self._cut = 0 if places[:1] == [1] else places[0] if places else len(self._links)

    def change_text(self, text: str) -> str:
        """Return a text as the steps that work on texts leave it."""
        for step in self._texts:
            text = step(text)
        return text

    @property
    def changes_texts(self) -> bool:
        """Whether there are steps that work on texts."""
        return bool(self._texts)

    @torch.no_grad()
    def fit(self, train: ModalityInput, target: Tensor) -> None:
        """Let steps learn from the train split, one behind the other; those that know already learn nothing.

        Args:
            train: as the data gives it
            target: (S,) or (S, C)
        """
        waiting = [step for step in self.fitted.values() if not step.state]
        for name, work in self._links if waiting else ():
            if isinstance(work, FittedTransform) and work in waiting:
                self._check(name, work, train)
                work.fit(train.cleaned(), target)
                waiting.remove(work)
                if not waiting:
                    return
            train = self._through([(name, work)], train)

    @torch.no_grad()
    def once(self, modality: ModalityInput, *, training: bool) -> ModalityInput:
        """Do what every epoch begins with.

        Args:
            modality: a whole split, as the data gives it
            training: whether what is random, and all behind it, is left for the batches
        """
        return self._through(self._links[: self._cut] if training else self._links, modality)

    @torch.no_grad()
    def given(self, modality: ModalityInput) -> ModalityInput:
        """Return what the encoder prepares in validation and test, of rows as the data gives them."""
        links = self._links[: [work for _, work in self._links].index(self._prepare)]
        return next(self._chunks(links, modality))

    @property
    def prepares_anew(self) -> bool:
        """Whether a random step stands before the encoder, which then reads every batch of training."""
        return self._prepare not in [work for _, work in self._links[: self._cut]]

    @torch.no_grad()
    def anew(self, modality: ModalityInput, names: Sequence[str]) -> ModalityInput:
        """Do what is left for a batch of training.

        Args:
            modality: rows of what :meth:`once` returned
            names: of each sample's random numbers, such as its seed, epoch and row
        """
        for name, work in self._links[self._cut :]:
            if isinstance(work, RandomTransform):
                self._check(name, work, modality)
                own = [f"{one}/{self.modality}/{name}" for one in names]
                changed = work.apply(modality.cleaned(), Draws(own, device=modality.values.device))
                modality = changed._replace(present=modality.present)
            else:
                modality = self._do(name, work, modality)
        return modality

    def _through(self, links: Sequence[Link], whole: ModalityInput) -> ModalityInput:
        """Do links that are not random, in chunks."""
        for place, (_, work) in enumerate(links):
            if work is self._prepare and self._keep is not None:
                whole = self._keep(partial(self._chunks, links[:place], whole), self._prepare)
                return self._through(links[place + 1 :], whole) if links[place + 1 :] else whole
        values, masks, present = zip(*self._chunks(links, whole), strict=True)
        mask = None if masks[0] is None else torch.cat(masks)
        return ModalityInput(torch.cat(values), mask, torch.cat(present))

    def _chunks(self, links: Sequence[Link], whole: ModalityInput) -> Iterator[ModalityInput]:
        for begin in range(0, max(len(whole.values), 1), CHUNK):
            part = _sliced(whole, begin)
            for name, work in links:
                if not isinstance(work, RandomTransform):
                    part = self._do(name, work, part)
            yield part

    def _do(self, name: str, work: FixedTransform | Prepare, modality: ModalityInput) -> ModalityInput:
        if isinstance(work, FixedTransform):
            self._check(name, work, modality)
            return work.apply(modality.cleaned())._replace(present=modality.present)
        return work(modality)

    def _check(self, name: str, step: Transform, modality: ModalityInput) -> None:
        if not step.takes.fits(modality.values):
            shape, kind = tuple(modality.values.shape), str(modality.values.dtype).removeprefix("torch.")
            raise DataError(
                f"transform.{self.modality}.{name} ({type(step).__name__}) must be given {step.takes.words}, and is "
                f"given {kind} of shape {shape}; choose a step for such a modality, or change the order"
            )


def _rank(step: Step) -> int:
    return 0 if isinstance(step, TextTransform) else 1 + step.after_prepare


def _scaled(modality: ModalityInput) -> ModalityInput:
    """Turn PCM into numbers between -1 and 1 and bytes into 0 to 1."""
    values = modality.values
    return modality._replace(values=values / SCALES[values.dtype]) if values.dtype in SCALES else modality


def _sliced(whole: ModalityInput, begin: int) -> ModalityInput:
    rows = slice(begin, begin + CHUNK)
    mask = None if whole.mask is None else whole.mask[rows]
    return ModalityInput(whole.values[rows], mask, whole.present[rows])
