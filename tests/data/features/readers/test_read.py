"""Every format: the same arrays, the same words for what is wrong, and nothing is unpickled."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.torch
import torch

from fuselab.data.features.readers.read import read_array
from fuselab.errors import DataError

ARRAYS = {"text": np.arange(6, dtype=np.float32).reshape(2, 3), "row": np.array([3, 1, 2])}
Write = Callable[[Path, Mapping[str, np.ndarray]], None]


def hdf5(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


WRITERS: dict[str, Write] = {
    "a.npz": lambda path, arrays: np.savez(path, **arrays),
    "a.h5": hdf5,
    "a.hdf5": hdf5,
    "a.safetensors": lambda path, arrays: safetensors.torch.save_file(
        {name: torch.from_numpy(array) for name, array in arrays.items()}, path
    ),
}


@pytest.mark.parametrize("file", WRITERS)
def test_named_arrays_are_read_as_they_were_written(file, tmp_path):
    WRITERS[file](tmp_path / file, ARRAYS)
    for name, array in ARRAYS.items():
        found = read_array(tmp_path / file, name)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("file", WRITERS)
def test_the_only_array_needs_no_name(file, tmp_path):
    WRITERS[file](tmp_path / file, {"row": ARRAYS["row"]})
    np.testing.assert_array_equal(read_array(tmp_path / file, None), ARRAYS["row"])


@pytest.mark.parametrize("file", WRITERS)
def test_of_several_arrays_one_must_be_named(file, tmp_path):
    WRITERS[file](tmp_path / file, ARRAYS)
    with pytest.raises(DataError, match=r"array \(null\) must name one of the arrays in .*; choose one of: row, text"):
        read_array(tmp_path / file, None)
    with pytest.raises(DataError, match=r"array \(txet\) must be in .*; did you mean 'text'\?"):
        read_array(tmp_path / file, "txet")


@pytest.mark.parametrize("file", [*WRITERS, "a.npy"])
@pytest.mark.parametrize("keep", [0, 20, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_told(file, keep, tmp_path):
    large = {"text": np.random.default_rng(0).random((50, 40)), "row": np.arange(2000)}
    path = tmp_path / file
    np.save(path, large["text"]) if file == "a.npy" else WRITERS[file](path, large)
    whole = path.read_bytes()
    path.write_bytes(whole[: keep if isinstance(keep, int) else int(keep * len(whole))])
    with pytest.raises(DataError, match=r"the file \(.*a\.\w+\) must be whole; copy or make it again"):
        read_array(path, None if file == "a.npy" else "row")


def test_npy_has_one_array_without_a_name(tmp_path):
    np.save(tmp_path / "a.npy", ARRAYS["text"])
    np.testing.assert_array_equal(read_array(tmp_path / "a.npy", None), ARRAYS["text"])
    with pytest.raises(DataError, match=r"array \(text\) must be null for .*a\.npy.*leave it out"):
        read_array(tmp_path / "a.npy", "text")


def test_text_is_read_from_npz_and_hdf5(tmp_path):
    ids = np.array(["ä_1", "b_22"])
    np.savez(tmp_path / "a.npz", ids=ids)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["train/ids"] = ids.astype(h5py.string_dtype())
    assert read_array(tmp_path / "a.npz", "ids").tolist() == ids.tolist()
    assert read_array(tmp_path / "a.h5", "train/ids").tolist() == ids.tolist()
    assert read_array(tmp_path / "a.h5", "/train/ids").tolist() == ids.tolist()


def test_bfloat16_is_read_as_float32(tmp_path):
    safetensors.torch.save_file({"a": torch.tensor([1.5, -2.0], dtype=torch.bfloat16)}, tmp_path / "a.safetensors")
    found = read_array(tmp_path / "a.safetensors", "a")
    assert found.dtype == np.float32
    assert found.tolist() == [1.5, -2.0]


@pytest.mark.parametrize("file", ["a.npy", "a.npz"])
def test_pickled_objects_are_refused_unread_and_the_error_says_how_to_convert(file, tmp_path, monkeypatch):
    monkeypatch.setattr(pickle, "load", lambda *_, **__: pytest.fail("something was unpickled"))
    rows = np.array([np.zeros(2), np.zeros(3)], dtype=object)
    np.save(tmp_path / file, rows) if file == "a.npy" else np.savez(tmp_path / file, rows=rows)
    with pytest.raises(DataError, match=r"not Python objects, which only pickle reads.*numpy\.savez\(file, values="):
        read_array(tmp_path / file, None)


def test_ragged_rows_of_hdf5_are_refused_with_the_way_to_store_them(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        ragged = file.create_dataset("a", 2, dtype=h5py.vlen_dtype(np.float32))
        ragged[0], ragged[1] = np.zeros(2), np.zeros(3)
    with pytest.raises(
        DataError, match=r"must hold numbers or text; store ragged rows as flat values and their lengths"
    ):
        read_array(tmp_path / "a.h5", "a")


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("a.pkl", "a pickle can run any code"),
        ("a.pickle", "a pickle can run any code"),
        ("a.mat", "scipy.io.loadmat"),
        ("a.csv", "data=manifest"),
        ("a.pt", "safetensors.torch.save_file"),
        ("a.bmp", "store it as one of these"),
    ],
)
def test_another_ending_is_refused_with_a_way_out(file, remedy, tmp_path):
    (tmp_path / file).write_bytes(b"")
    with pytest.raises(DataError) as error:
        read_array(tmp_path / file, None)
    assert f"{file}) must end in .npy, .npz, .h5, .hdf5, .safetensors; " in str(error.value)
    assert remedy in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match=r"the file \(.*a\.npz\) must exist; set data\.folder, or FUSELAB_DATA"):
        read_array(tmp_path / "a.npz", "a")
