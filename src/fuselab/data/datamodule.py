"""A LightningDataModule for paired data that fits in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from fuselab.data.feature_cache import FeatureCache
from fuselab.data.lazy import Changed
from fuselab.data.paired import Array, PairedData, Split
from fuselab.data.table import BatchLoader, Table, balancing_weights
from fuselab.data.tokenizer import WordPiece
from fuselab.data.transforms.chain import Chain, Step
from fuselab.data.transforms.stored import load, save
from fuselab.errors import DataError, nearest
from fuselab.types import Batch, ModalityInput

_log = logging.getLogger("fuselab.data")
Prepare = Callable[[Mapping[str, ModalityInput]], dict[str, ModalityInput]]


class Source(Protocol):
    """Where paired data comes from."""

    def load(self) -> PairedData:
        """Return the data, building or reading it where needed."""


class InMemoryDataModule(pl.LightningDataModule):
    """Paired data held as tensors, on the model's device, and cut into batches.

    Args:
        source: where the data comes from
        tokenizers: for each text modality its tokenizer, fitted here on the train split
        modalities: that the batches carry
        batch_size: of all processes together
        eval_batch_size: the same in validation and test
        seed: of the order of training samples
        sampling: ``shuffled``, each once an epoch, or ``balanced``, drawn so that classes come equally often
        transforms: steps on each modality, by their names and in order
        learned: file for what steps learn from the train split; where it is there already, they learn nothing
        prepare: what the encoders do to inputs before their first parameter, of the modalities that it is given
        keep: for each modality whose encoder is frozen, what keeps its features; None where none is

    Raises:
        ConfigError: steps in an order that can't be
        DataError: a modality that the data lacks, steps that can't go with it, or a broken file of what they learned
    """

    def __init__(
        self,
        *,
        source: Source,
        tokenizers: Mapping[str, WordPiece],
        modalities: tuple[str, ...],
        batch_size: int,
        eval_batch_size: int,
        seed: int,
        sampling: str,
        transforms: Mapping[str, Mapping[str, Step]],
        learned: Path | None,
        prepare: Prepare,
        keep: Mapping[str, FeatureCache] | None = None,
    ) -> None:
        super().__init__()
        self.source = source
        self.tokenizers = tokenizers
        self.modalities = modalities
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.seed = seed
        self.sampling = sampling
        self.learned = learned
        self.keep = keep or {}
        self.chains = {
            name: Chain(
                modality=name,
                steps=transforms.get(name, {}),
                prepare=lambda one, name=name: prepare({name: one})[name],  # type: ignore[misc]
                keep=self.keep.get(name),
            )
            for name in modalities
        }
        self.data: PairedData | None = None
        self._tables: dict[str, Table] = {}

    def prepare_data(self) -> None:
        """Build or download once a machine."""
        self.source.load()

    def setup(self, stage: str) -> None:
        """Read train and val for fitting, test for testing: the test split stays unread until then."""
        for one in self.keep.values():
            one.device = torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device
        if stage == "fit":
            self._say_what_is_not_kept()
        data = self.loaded()
        for split in {"fit": ("train", "val"), "validate": ("val",), "test": ("test",)}.get(stage, ()):
            if split not in self._tables:
                self._tables[split] = self._table(split, data.splits[split])
        for one in self.keep.values():
            one.release()

    def loaded(self) -> PairedData:
        """Return the data, with tokenizers fitted on its train split."""
        if self.data is None:
            data = self.source.load()
            train = data.splits["train"]
            for name in self.modalities:
                if name not in train.values:
                    raise DataError(
                        f"modality '{name}' must be in the data ({data.name}); {nearest(name, train.values)}"
                    )
                if train.values[name].dtype.kind == "U":
                    self.tokenizers[name].fit(self._texts(name, train))
                elif self.chains[name].changes_texts:
                    raise DataError(
                        f"transform.{name} (with a step on texts) must be of a modality that is text, and '{name}' is "
                        f"{train.values[name].dtype}; leave the step out"
                    )
            self._fit(train)
            self.data = data
        return self.data

    def train_dataloader(self) -> BatchLoader:
        """Shuffled or balanced batches, all full."""
        return self._loader("train", self.batch_size, training=True)

    def train_target(self) -> Tensor:
        """Return the targets of the train split, from which losses may be weighted."""
        return self._tables["train"].target

    def val_dataloader(self) -> BatchLoader:
        """All validation samples, once each."""
        return self._loader("val", self.eval_batch_size, training=False)

    def test_dataloader(self) -> BatchLoader:
        """All test samples, once each."""
        return self._loader("test", self.eval_batch_size, training=False)

    def one_sample(self) -> dict[str, ModalityInput]:
        """Return the prepared inputs of one validation sample, to count what a forward pass costs."""
        table = self._tables["val"]
        return table.rows(torch.zeros(1, dtype=torch.long, device=table.target.device)).inputs

    def one_given(self) -> dict[str, ModalityInput]:
        """Return what the encoders prepare of one validation sample, to count what that costs."""
        val = self.loaded().splits["val"]
        one = Split(
            values={name: val.values[name][:1] for name in self.modalities},
            present={name: val.present[name][:1] for name in self.modalities},
            target=val.target[:1],
            slice=None,
            masks={name: mask[:1] for name, mask in val.masks.items()},
        )
        return {name: self.chains[name].given(self._given(name, one)) for name in self.modalities}

    def _say_what_is_not_kept(self) -> None:
        for name, cache in self.keep.items():
            if self.chains[name].prepares_anew:
                _log.info(
                    "features of %s (%s) are not kept for train: a random step stands before the encoder, which reads "
                    "every batch anew; transform.%s has it",
                    name,
                    cache.origin.name,
                    name,
                )

    def _loader(self, split: str, batch_size: int, *, training: bool) -> BatchLoader:
        trainer = self.trainer
        if trainer is None:
            raise DataError("the DataModule must be attached to a Trainer; pass it to trainer.fit or trainer.test")
        table = self._tables[split] = self._tables[split].to(trainer.strategy.root_device)
        if training and (batch_size % trainer.world_size or batch_size > len(table)):
            # Gradients are averaged process by process: in unequal shares samples would count unequally.
            raise DataError(
                f"data.batch_size ({batch_size}) must be a multiple of the {trainer.world_size} processes and at most "
                f"the {len(table)} train samples; change it"
            )
        # On the CPU, where the draws are made: the same ones whatever the device.
        weights = balancing_weights(table.target.cpu()) if training and self.sampling == "balanced" else None
        return BatchLoader(
            table,
            batch_size=batch_size,
            shuffle=training,
            drop_last=training,
            seed=self.seed,
            epoch=lambda: trainer.current_epoch,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            weights=weights,
            augment=self._augmented if training and any(one.augmented for one in self.chains.values()) else None,
        )

    def _fit(self, train: Split) -> None:
        """Let steps learn from the train split, or give them what they learned before."""
        learning = {name: chain for name, chain in self.chains.items() if chain.fitted}
        if not learning:
            return
        if self.learned is not None and self.learned.exists():
            load(self.learned, learning.values())
            return
        for name, chain in learning.items():
            chain.fit(self._given(name, train), torch.from_numpy(np.array(train.target)))
        if self.learned is not None and (self.trainer is None or self.trainer.is_global_zero):
            save(self.learned, learning.values())

    def _table(self, split: str, rows: Split) -> Table:
        inputs = {name: self._settled(name, split, rows) for name in self.modalities}
        group = None if rows.slice is None else torch.from_numpy(np.array(rows.slice))
        return Table(inputs=inputs, target=torch.from_numpy(np.array(rows.target)), slice=group)

    def _settled(self, name: str, split: str, rows: Split) -> ModalityInput:
        """Return a modality of a split with all done to it that is done once."""
        return self.chains[name].once(self._given(name, rows), training=split == "train")

    def _given(self, name: str, rows: Split) -> ModalityInput:
        """Return a modality as the data gives it, as tensors."""
        values, mask = rows.values[name], rows.masks.get(name)
        if values.dtype.kind == "U":
            values, mask = self.tokenizers[name](self._texts(name, rows))
        return ModalityInput(
            torch.from_numpy(np.array(values)),
            None if mask is None else torch.from_numpy(np.array(mask)),
            torch.from_numpy(np.array(rows.present[name])),
        )

    def _texts(self, name: str, rows: Split) -> Array:
        texts, chain = rows.values[name], self.chains[name]
        return Changed(texts, chain.change_text) if chain.changes_texts else texts  # type: ignore[return-value]

    def _augmented(self, batch: Batch, names: Sequence[str]) -> Batch:
        """Do to a batch of training what is done anew in every epoch."""
        changed = {
            name: self.chains[name].anew(one, names) if self.chains[name].augmented else one
            for name, one in batch.inputs.items()
        }
        return replace(batch, inputs=changed)
