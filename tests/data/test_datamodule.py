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
from fuselab.data.transforms.base import (
    IMAGES,
    NUMBERS,
    WAVES,
    FittedTransform,
    FixedTransform,
    RandomTransform,
    TextTransform,
)
from fuselab.data.transforms.draws import Draws
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
        "transforms": {},
        "learned": None,
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
    module = make(prepare=lambda inputs: prepared.extend(inputs) or dict(inputs))
    for stage in ("fit", "validate", "validate", "test", "test"):
        module.setup(stage)
    assert module.source.loads == 1
    assert sorted(prepared) == sorted(["image", "audio", "text"] * 3)


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

    module = make(prepare=prepare, modalities=("audio",))
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


class Louder(FixedTransform):
    takes = WAVES

    def apply(self, modality: ModalityInput) -> ModalityInput:
        return modality._replace(values=modality.values * 4)


class Noise(RandomTransform):
    takes = NUMBERS

    def apply(self, modality: ModalityInput, draws: Draws) -> ModalityInput:
        return modality._replace(values=modality.values + draws.uniform(*modality.values.shape[1:]))


class Centre(FittedTransform):
    takes = NUMBERS

    def fit(self, train: ModalityInput, target: torch.Tensor) -> None:
        self.state = {"mean": train.values[train.present].mean(0), "target": target.clone()}

    def apply(self, modality: ModalityInput) -> ModalityInput:
        return modality._replace(values=modality.values - self.state["mean"])


class Lower(TextTransform):
    def __call__(self, text: str) -> str:
        return text.replace("one", "two")


def epoch_of(module: InMemoryDataModule, epoch: int, name: str, **world: int) -> dict[int, torch.Tensor]:
    """Return what each row of training looks like in an epoch."""
    attach(module, epoch=epoch, **world)
    return {
        int(row): one
        for batch in module.train_dataloader()
        for row, one in zip(batch.index, batch.inputs[name].values, strict=True)
    }


def test_what_is_not_random_is_done_once_and_in_every_split():
    calls = []

    class Counted(Louder):
        def apply(self, modality: ModalityInput) -> ModalityInput:
            calls.append(len(modality.values))
            return super().apply(modality)

    module = make(transforms={"audio": {"louder": Counted()}})
    module.setup("fit")
    module.setup("test")
    assert calls == [4, 1, 3]
    attach(module)
    for loader in (module.train_dataloader(), module.val_dataloader(), module.test_dataloader()):
        assert all(one[0] == 2 for batch in loader for one in batch.inputs["audio"].values)
    assert calls == [4, 1, 3]


def test_what_is_random_differs_by_sample_and_epoch_and_is_of_training_alone():
    plain, module = make(), make(transforms={"audio": {"noise": Noise()}})
    for one in (plain, module):
        one.setup("fit")
        one.setup("test")
    bare, first, second = epoch_of(plain, 0, "audio"), epoch_of(module, 0, "audio"), epoch_of(module, 1, "audio")
    added = [first[row] - bare[row] for row in range(4)] + [second[row] - bare[row] for row in range(4)]
    assert len({str(one) for one in added}) == 8
    assert all((one >= 0).all() and (one < 1).all() for one in added)
    for loader in ("val_dataloader", "test_dataloader"):
        (expected,), (found,) = getattr(plain, loader)(), getattr(module, loader)()
        for name in expected.inputs:
            assert torch.equal(found.inputs[name].values, expected.inputs[name].values)


def test_a_resumed_run_draws_what_it_would_have_drawn_and_another_seed_something_else():
    module = make(transforms={"audio": {"noise": Noise()}})
    module.setup("fit")
    whole = [epoch_of(module, epoch, "audio") for epoch in range(3)]
    torch.manual_seed(99)
    resumed = make(transforms={"audio": {"noise": Noise()}})
    resumed.setup("fit")
    later = epoch_of(resumed, 2, "audio")
    assert all(torch.equal(later[row], whole[2][row]) for row in range(4))
    other = make(transforms={"audio": {"noise": Noise()}}, seed=6)
    other.setup("fit")
    assert not any(torch.equal(epoch_of(other, 2, "audio")[row], whole[2][row]) for row in range(4))


def test_what_a_sample_draws_does_not_depend_on_its_batch_or_process():
    module = make(transforms={"audio": {"noise": Noise()}, "image": {"noise": Noise()}})
    module.setup("fit")
    alone = epoch_of(module, 3, "audio")
    for batch_size, world_size in ((4, 1), (4, 2), (2, 2), (1, 1)):
        module.batch_size = batch_size
        shares = [epoch_of(module, 3, "audio", rank=rank, world_size=world_size) for rank in range(world_size)]
        together = {row: one for share in shares for row, one in share.items()}
        assert together.keys() == alone.keys()
        assert all(torch.equal(together[row], alone[row]) for row in alone)


def test_steps_of_two_names_or_modalities_draw_apart():
    twice = {"first": Noise(), "second": Noise()}
    module = make(transforms={"audio": {"first": Noise()}})
    module.setup("fit")
    both = make(transforms={"audio": twice})
    both.setup("fit")
    plain = make()
    plain.setup("fit")
    bare, one, two = (epoch_of(each, 0, "audio") for each in (plain, module, both))
    assert not any(torch.allclose(two[row] - one[row], one[row] - bare[row], atol=1e-3) for row in range(4))


def test_a_row_that_is_drawn_twice_in_an_epoch_is_changed_in_two_ways():
    module = make(transforms={"audio": {"noise": Noise()}}, sampling="balanced", batch_size=4)
    module.setup("fit")
    attach(module, epoch=0)
    repeated = 0
    for epoch in range(20):
        attach(module, epoch=epoch)
        (batch,) = module.train_dataloader()
        rows, values = batch.index.tolist(), {str(one) for one in batch.inputs["audio"].values}
        repeated += len(set(rows)) < 4
        assert len(values) == 4
    assert repeated > 5


def test_repeated_rows_draw_the_same_however_many_processes_share_them():
    module = make(transforms={"audio": {"noise": Noise()}}, sampling="balanced", batch_size=4)
    module.setup("fit")
    for epoch in range(10):
        drawn = []
        for world_size in (1, 2):
            values = []
            for rank in range(world_size):
                attach(module, epoch=epoch, rank=rank, world_size=world_size)
                values += [str(one) for batch in module.train_dataloader() for one in batch.inputs["audio"].values]
            drawn.append(sorted(values))
        assert drawn[0] == drawn[1]


def test_whole_numbers_wait_for_their_batch_where_the_first_step_is_random():
    module = make(transforms={"audio": {"noise": Noise()}})
    module.setup("fit")
    assert module._tables["train"].inputs["audio"].values.dtype == torch.int16
    assert module._tables["val"].inputs["audio"].values.dtype == torch.float32
    assert epoch_of(module, 0, "audio")[0].dtype == torch.float32


def test_the_encoder_prepares_what_is_augmented_batch_by_batch_and_the_rest_once():
    calls = []

    def prepare(inputs: Mapping[str, ModalityInput]) -> dict[str, ModalityInput]:
        calls.extend((name, len(one.values)) for name, one in inputs.items())
        return dict(inputs)

    module = make(transforms={"audio": {"noise": Noise()}}, modalities=("audio", "image"), prepare=prepare)
    module.setup("fit")
    assert sorted(calls) == [("audio", 1), ("image", 1), ("image", 4)]
    calls.clear()
    epoch_of(module, 0, "audio")
    assert calls == [("audio", 2)] * 2


def test_steps_learn_from_train_alone_and_from_what_stands_before_them():
    steps = {"louder": Louder(), "noise": Noise(), "centre": Centre()}
    module = make("val", "test", transforms={"audio": steps})
    module.loaded()
    assert torch.allclose(steps["centre"].state["mean"], torch.tensor([2.0, 4 * (-32768 + 1.5) / 32768]))
    assert steps["centre"].state["target"].tolist() == [0, 2, 4, 6]
    module.source.splits.shut.clear()
    module.data = None
    module.setup("test")
    attach(module)
    (batch,) = module.test_dataloader()
    assert torch.allclose(batch.inputs["audio"].values[:, 0], torch.zeros(3))


def test_texts_are_changed_before_the_tokenizer_learns_from_them():
    module = make(transforms={"text": {"lower": Lower()}})
    attach(module)
    module.setup("fit")
    module.setup("test")
    assert "one" not in module.tokenizers["text"]._tokenizer.get_vocab()
    (batch,) = module.test_dataloader()
    two = batch.inputs["text"].values[1, 0].item()
    assert two > 1
    assert batch.inputs["text"].values[2].tolist() == [two, two, 0]


def test_a_step_on_texts_is_refused_where_there_are_none():
    module = make(transforms={"audio": {"lower": Lower()}})
    with pytest.raises(
        DataError, match=r"transform\.audio \(with a step on texts\) .* 'audio' is int16; leave the step out"
    ):
        module.setup("fit")


def test_a_step_for_another_kind_of_values_is_refused_with_its_key():
    class Flip(FixedTransform):
        takes = IMAGES

        def apply(self, modality: ModalityInput) -> ModalityInput:
            return modality

    module = make(transforms={"audio": {"flip": Flip()}})
    with pytest.raises(
        DataError, match=r"transform\.audio\.flip \(Flip\) must be given images .* float32 of shape \(4, 2"
    ):
        module.setup("fit")


def test_what_steps_learned_is_kept_and_given_back_without_the_train_split(tmp_path):
    file = tmp_path / "transforms.safetensors"
    first = make(transforms={"audio": {"centre": Centre()}, "image": {"mean": Centre()}}, learned=file)
    first.loaded()
    assert file.exists()
    again = make(transforms={"audio": {"centre": Centre()}, "image": {"mean": Centre()}}, learned=file)
    again.chains["audio"].fit = None  # type: ignore[method-assign,assignment]
    again.loaded()
    for name, step in (("audio", "centre"), ("image", "mean")):
        old, new = (one.chains[name].fitted[step].state for one in (first, again))
        assert old.keys() == new.keys() == {"mean", "target"}
        assert all(torch.equal(old[key], new[key]) for key in old)


def test_steps_that_learn_nothing_leave_no_file(tmp_path):
    make(transforms={"audio": {"noise": Noise()}}, learned=tmp_path / "file").loaded()
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_broken_or_of_other_steps_is_refused(tmp_path):
    file = tmp_path / "transforms.safetensors"
    make(transforms={"audio": {"centre": Centre()}}, learned=file).loaded()
    with pytest.raises(
        DataError, match=r"transforms\.safetensors\) must hold what transform\.image\.mean learned; delete"
    ):
        make(transforms={"image": {"mean": Centre()}}, learned=file).loaded()
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(
        DataError, match=r"transforms\.safetensors\) must be whole; delete it, and the steps learn again"
    ):
        make(transforms={"audio": {"centre": Centre()}}, learned=file).loaded()
