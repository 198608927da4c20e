from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from fuselab.data.datamodule import InMemoryDataModule
from fuselab.data.paired import PairedData, Split
from fuselab.data.tokenizer import WordPiece
from fuselab.errors import DataError
from fuselab.types import ModalityInput

WORDS = {"train": ["one two", "two", "", "one"], "val": ["one seven"], "test": ["eight", "one", "two one"]}


def split(name: str) -> Split:
    count = len(WORDS[name])
    rows = np.arange(count)
    return Split(
        values={
            "image": rows[:, None].astype(np.float32) + np.zeros((1, 2), np.float32),
            "audio": np.stack([rows * 0 + 16384, rows - 32768], 1).astype(np.int16),
            "text": np.array(WORDS[name]),
        },
        present={"image": rows > 0, "audio": rows >= 0, "text": np.array([text != "" for text in WORDS[name]])},
        target=rows * 2,
        slice=rows % 2,
    )


class Shut(Mapping):
    """Splits of which some must not be opened yet."""

    def __init__(self, *shut: str) -> None:
        self.shut = set(shut)

    def __getitem__(self, name: str) -> Split:
        if name in self.shut:
            raise AssertionError(f"the {name} split was read")
        return split(name)

    def __iter__(self):
        return iter(WORDS)

    def __len__(self) -> int:
        return len(WORDS)


class Memory:
    """A source that counts how often it is read."""

    def __init__(self, splits: Mapping[str, Split]) -> None:
        self.splits = splits
        self.loads = 0

    def load(self) -> PairedData:
        self.loads += 1
        return PairedData(name="memory", splits=self.splits, slices=("a", "b"), fingerprint="f", split_hash="h")


def make(*shut: str, **changes: Any) -> InMemoryDataModule:
    parts = {
        "source": Memory(Shut(*shut)),
        "tokenizers": {"text": WordPiece(vocab_size=30, max_length=3)},
        "modalities": ("text", "audio", "image"),
        "batch_size": 2,
        "eval_batch_size": 3,
        "seed": 5,
        "sampling": "shuffled",
        "prepare": dict,
    }
    return InMemoryDataModule(**(parts | changes))


def attach(module: InMemoryDataModule, *, rank: int = 0, world_size: int = 1, epoch: int = 0) -> None:
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    module.trainer = SimpleNamespace(strategy=strategy, global_rank=rank, world_size=world_size, current_epoch=epoch)  # type: ignore[assignment]


def test_the_test_split_stays_shut_until_the_test():
    module = make("test")
    attach(module)
    module.prepare_data()
    module.setup("fit")
    list(module.train_dataloader())
    list(module.val_dataloader())
    module.one_sample()
    module.setup("validate")
    with pytest.raises(AssertionError, match="the test split was read"):
        module.setup("test")
    module.source.splits.shut.clear()
    module.data = None
    module.setup("test")
    assert [batch.target.tolist() for batch in module.test_dataloader()] == [[0, 2, 4]]


def test_a_test_alone_reads_no_other_split_into_tensors():
    module = make("val")
    attach(module)
    module.setup("test")
    with pytest.raises(KeyError):
        module.train_dataloader()


def test_the_source_is_read_once_and_each_split_prepared_once():
    prepared = []
    module = make(prepare=lambda inputs: prepared.append(len(inputs["image"].values)) or dict(inputs))
    for stage in ("fit", "validate", "validate", "test", "test"):
        module.setup(stage)
    assert module.source.loads == 1
    assert sorted(prepared) == sorted(len(texts) for texts in WORDS.values())


def test_the_tokenizer_knows_the_train_split_only():
    module = make()
    attach(module)
    module.setup("fit")
    module.setup("test")
    val, test = (next(iter(loader)).inputs["text"] for loader in (module.val_dataloader(), module.test_dataloader()))
    one, seven = val.values[0, :2].tolist()
    assert one > 1
    assert seven == 1
    assert test.values[0].tolist() == [1, 0, 0]
    assert test.values[1].tolist() == [one, 0, 0]
    assert test.mask.tolist() == [[True, False, False], [True, False, False], [True, True, False]]


def test_a_batch_carries_the_modalities_asked_for_in_their_order():
    module = make(modalities=("image", "text"))
    attach(module)
    module.setup("fit")
    batch = next(iter(module.val_dataloader()))
    assert list(batch.inputs) == ["image", "text"]
    assert batch.target.dtype == torch.int64
    assert batch.inputs["image"].mask is None


def test_values_presence_target_and_slice_keep_together():
    module = make()
    attach(module)
    module.setup("fit")
    for batch in module.train_dataloader():
        rows = batch.index
        assert torch.equal(batch.inputs["image"].values, rows[:, None].float().expand(-1, 2))
        assert torch.equal(batch.inputs["image"].present, rows > 0)
        assert torch.equal(batch.inputs["text"].present, rows != 2)
        assert torch.equal(batch.target, rows * 2)
        assert torch.equal(batch.slice, rows % 2)


def test_pcm_is_brought_between_minus_one_and_one():
    module = make()
    attach(module)
    module.setup("test")
    audio = next(iter(module.test_dataloader())).inputs["audio"].values
    assert audio.dtype == torch.float32
    assert audio.tolist() == [[0.5, -1.0], [0.5, -32767 / 32768], [0.5, -32766 / 32768]]


def test_encoders_prepare_what_the_data_gives():
    def prepare(inputs: Mapping[str, ModalityInput]) -> dict[str, ModalityInput]:
        audio = inputs["audio"]
        assert audio.values.dtype == torch.float32
        return {"audio": audio._replace(values=audio.values.abs().sum(1))}

    module = make(prepare=prepare)
    attach(module)
    module.setup("fit")
    assert next(iter(module.val_dataloader())).inputs["audio"].values.tolist() == [1.5]
    assert module.one_sample()["audio"].values.shape == (1,)


def test_training_shuffles_full_batches_and_evaluation_keeps_the_order():
    module = make(batch_size=3, eval_batch_size=2)
    module.setup("fit")
    module.setup("test")

    def epochs() -> str:
        seen = []
        for epoch in range(8):
            attach(module, epoch=epoch)
            seen += [batch.index.tolist() for batch in module.train_dataloader()]
        assert [len(batch) for batch in seen] == [3] * 8
        assert len({str(batch) for batch in seen}) > 1
        return str(seen)

    first = epochs()
    module.seed += 1
    assert epochs() != first
    module.seed -= 1
    assert epochs() == first
    assert [batch.index.tolist() for batch in module.test_dataloader()] == [[0, 1], [2]]


def test_a_process_gets_its_share():
    shares = []
    for rank in range(2):
        module = make(batch_size=4)
        attach(module, rank=rank, world_size=2)
        module.setup("fit")
        shares.append(next(iter(module.train_dataloader())).index.tolist())
    assert sorted(itertools.chain(*shares)) == [0, 1, 2, 3]
    assert [len(share) for share in shares] == [2, 2]


def test_a_modality_that_the_data_lack_is_refused():
    module = make(modalities=("image", "txt"))
    with pytest.raises(DataError, match=r"modality 'txt' must be in the data \(memory\); did you mean 'text'\?"):
        module.setup("fit")


@pytest.mark.parametrize(("batch_size", "world_size"), [(5, 1), (1, 2), (3, 2)])
def test_a_batch_that_can_not_be_filled_or_shared_is_refused(batch_size, world_size):
    module = make(batch_size=batch_size)
    attach(module, world_size=world_size)
    module.setup("fit")
    with pytest.raises(DataError, match=rf"batch_size \({batch_size}\) .* {world_size} processes .* 4 train samples"):
        module.train_dataloader()


def test_without_a_trainer_there_are_no_batches():
    module = make()
    module.setup("fit")
    with pytest.raises(DataError, match="must be attached to a Trainer; pass it"):
        module.val_dataloader()


def test_balanced_sampling_is_of_training_alone():
    module = make(sampling="balanced", batch_size=4)
    attach(module)
    module.setup("fit")
    module.setup("test")
    seen = set()
    for epoch in range(20):
        attach(module, epoch=epoch)
        (batch,) = module.train_dataloader()
        seen.add(tuple(batch.index.tolist()))
    assert any(len(set(rows)) < 4 for rows in seen)
    assert len(seen) > 10
    assert [batch.index.tolist() for batch in module.test_dataloader()] == [[0, 1, 2]]


def test_the_targets_of_train_are_those_of_no_other_split():
    module = make("test")
    attach(module)
    module.setup("fit")
    assert module.train_target().tolist() == [0, 2, 4, 6]
