from __future__ import annotations

import itertools

import pytest
import torch

from fuselab.data.table import BatchLoader, Table, balancing_weights
from fuselab.errors import DataError
from fuselab.types import ModalityInput

SAMPLES = 23


@pytest.fixture
def table() -> Table:
    """Each value says which row it stands in."""
    rows = torch.arange(SAMPLES)
    present = rows % 3 > 0
    inputs = {
        "image": ModalityInput(rows[:, None, None].expand(-1, 2, 2).float(), None, present),
        "text": ModalityInput(rows[:, None].expand(-1, 3).clone(), rows[:, None] > torch.arange(3)[None], ~present),
    }
    return Table(inputs=inputs, target=rows * 10, slice=rows % 4)


def loader(table: Table, *, epoch: int = 0, **changes) -> BatchLoader:
    parts = {"batch_size": 6, "shuffle": True, "drop_last": False, "seed": 0, "rank": 0, "world_size": 1}
    return BatchLoader(table, epoch=lambda: epoch, **(parts | changes))


def order(table: Table, **options) -> list[list[int]]:
    return [batch.index.tolist() for batch in loader(table, **options)]


def test_a_batch_holds_its_rows_and_nothing_else(table):
    for batch in loader(table):
        rows = batch.index
        assert torch.equal(batch.target, rows * 10)
        assert torch.equal(batch.slice, rows % 4)
        image, text = batch.inputs["image"], batch.inputs["text"]
        assert torch.equal(image.values, rows[:, None, None].expand(-1, 2, 2).float())
        assert image.mask is None
        assert torch.equal(image.present, rows % 3 > 0)
        assert torch.equal(text.values, rows[:, None].expand(-1, 3))
        assert torch.equal(text.mask, rows[:, None] > torch.arange(3)[None])
        assert torch.equal(text.present, rows % 3 == 0)


def test_without_slices_a_batch_has_none(table):
    bare = Table(inputs=table.inputs, target=table.target, slice=None)
    assert all(batch.slice is None for batch in loader(bare))


def test_every_sample_comes_once_an_epoch(table):
    for epoch in range(3):
        batches = order(table, epoch=epoch)
        assert [len(batch) for batch in batches] == [6, 6, 6, 5]
        assert sorted(itertools.chain(*batches)) == list(range(SAMPLES))


def test_the_order_is_a_function_of_seed_and_epoch(table):
    torch.manual_seed(1)
    one = order(table, seed=2, epoch=5)
    torch.manual_seed(3)
    outside = torch.rand(1)
    torch.manual_seed(3)
    assert order(table, seed=2, epoch=5) == one
    assert torch.equal(torch.rand(1), outside)
    orders = [order(table, seed=seed, epoch=epoch) for seed in range(4) for epoch in range(4)]
    assert len({str(one) for one in orders}) == 16


def test_the_epoch_is_asked_for_anew_at_each_pass(table):
    now = iter([3, 4])
    one = BatchLoader(
        table,
        batch_size=6,
        shuffle=True,
        drop_last=False,
        seed=0,
        epoch=lambda: next(now),
        rank=0,
        world_size=1,
    )
    passes = [[batch.index.tolist() for batch in one] for _ in range(2)]
    assert passes == [order(table, epoch=3), order(table, epoch=4)]


def test_without_shuffling_the_rows_stand_in_their_order(table):
    assert list(itertools.chain(*order(table, shuffle=False, seed=9, epoch=9))) == list(range(SAMPLES))


@pytest.mark.parametrize(("batch_size", "sizes"), [(6, [6] * 3), (23, [23]), (1, [1] * 23), (24, [])])
def test_the_last_batch_is_left_out_where_it_is_not_full(table, batch_size, sizes):
    full = loader(table, drop_last=True, batch_size=batch_size)
    assert [len(batch.index) for batch in full] == sizes
    assert len(full) == len(sizes)


@pytest.mark.parametrize("batch_size", [5, 6, 23, 40])
def test_its_length_is_the_number_of_its_batches(table, batch_size):
    assert len(loader(table, batch_size=batch_size)) == len(order(table, batch_size=batch_size))


@pytest.mark.parametrize("world_size", [2, 3])
@pytest.mark.parametrize("options", [{"shuffle": True, "drop_last": True}, {"shuffle": False}])
def test_what_processes_get_is_together_what_one_would_get(table, world_size, options):
    alone = order(table, epoch=2, **options)
    shares = [order(table, epoch=2, rank=rank, world_size=world_size, **options) for rank in range(world_size)]
    for step, batch in enumerate(alone):
        parts = [share[step] for share in shares]
        assert sorted(itertools.chain(*parts)) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_process_without_a_share_of_the_last_batch_gets_none(table):
    shares = [order(table, batch_size=11, shuffle=False, rank=rank, world_size=2) for rank in range(2)]
    assert [[len(batch) for batch in share] for share in shares] == [[6, 6, 1], [5, 5]]


def test_a_table_moves_as_a_whole(table):
    moved = table.to(torch.device("meta"))
    tensors = [moved.target, moved.slice, *moved.inputs["text"], *moved.inputs["image"]]
    assert {str(one.device) for one in tensors if one is not None} == {"meta"}
    here = table.to(torch.device("cpu"))
    assert here.inputs["image"].values.data_ptr() == table.inputs["image"].values.data_ptr()
    assert len(here) == len(table) == SAMPLES


def test_balanced_draws_give_every_class_its_turn_as_often():
    target = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
    big = Table(inputs={}, target=target, slice=None)
    weights = balancing_weights(target)
    drawn = [torch.cat([b.target for b in loader(big, epoch=epoch, weights=weights)]) for epoch in range(10)]
    counts = torch.bincount(torch.cat(drawn))
    # 10,000 draws: 3,333 a class, standard deviation 47
    assert (counts - 10_000 / 3).abs().max() < 200
    rows = torch.cat([b.index for b in loader(big, weights=weights)])
    assert len(rows) == 1000
    assert len(rows.unique()) < 700


def test_draws_are_a_function_of_seed_and_epoch(table):
    weights = balancing_weights(table.target % 20)
    torch.manual_seed(1)
    one = order(table, seed=2, epoch=5, weights=weights)
    torch.manual_seed(3)
    outside = torch.rand(1)
    torch.manual_seed(3)
    assert order(table, seed=2, epoch=5, weights=weights) == one
    assert torch.equal(torch.rand(1), outside)
    draws = [order(table, seed=seed, epoch=epoch, weights=weights) for seed in range(4) for epoch in range(4)]
    assert len({str(one) for one in draws}) == 16


@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_share_the_draws_of_one(table, world_size):
    options = {"weights": balancing_weights(table.target % 20), "drop_last": True, "epoch": 2}
    alone = order(table, **options)
    shares = [order(table, rank=rank, world_size=world_size, **options) for rank in range(world_size)]
    for step, batch in enumerate(alone):
        assert sorted(itertools.chain(*(share[step] for share in shares))) == sorted(batch)
        assert [share[step] for share in shares] == [batch[rank::world_size] for rank in range(world_size)]


def test_without_shuffling_nothing_is_drawn(table):
    weights = balancing_weights(table.target % 20)
    assert order(table, shuffle=False, weights=weights) == order(table, shuffle=False)


@pytest.mark.parametrize("target", [torch.rand(4), torch.zeros(4, 2).long()], ids=["values", "labels"])
def test_only_classes_can_be_balanced(target):
    with pytest.raises(
        DataError, match=r"the targets .* must be one class a sample to be balanced; set sampling=shuff"
    ):
        balancing_weights(target)
