from __future__ import annotations

import io
import json
import wave

import numpy as np
import pytest
from PIL import Image

from fuselab.data import excerpt
from fuselab.data.excerpt import take_excerpt
from fuselab.data.lazy import Picked, Texts
from fuselab.data.paired import Split

SAMPLES = 6
RATES = {"audio": 8000}


def split(masks=None, target=None, slice=None, **values) -> Split:
    return Split(
        values=values,
        present={name: np.ones(SAMPLES, bool) for name in values},
        target=np.arange(SAMPLES) if target is None else target,
        slice=slice,
        masks=masks or {},
    )


def taken(one: Split, count: int = SAMPLES):
    return list(take_excerpt(one, count, sample_rates=RATES))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_small_picture_is_kept_to_the_bit(channels, dtype):
    pixels = np.random.default_rng(0).integers(0, 256, (SAMPLES, channels, 5, 7), np.uint8)
    given = pixels if dtype == np.uint8 else pixels.astype(np.float32) / 255
    for one in taken(split(photo=given)):
        assert one.media_type == "image/png"
        found = np.asarray(Image.open(io.BytesIO(one.content)))
        expected = pixels[one.index]
        np.testing.assert_array_equal(found, expected[0] if channels == 1 else expected.transpose(1, 2, 0))


def test_a_big_picture_is_made_smaller():
    pixels = np.random.default_rng(0).integers(0, 256, (SAMPLES, 3, 300, 600), np.uint8)
    for one in taken(split(photo=pixels)):
        assert one.media_type == "image/jpeg"
        assert Image.open(io.BytesIO(one.content)).size == (256, 128)


def test_pixels_beyond_0_to_1_are_stretched_and_noise_around_it_is_cut():
    noisy = np.array([-0.3, 0.25, 1.3], np.float32).reshape(1, 1, 1, 3).repeat(SAMPLES, 0)
    scores = np.array([-3.0, 0.0, 3.0], np.float32).reshape(1, 1, 1, 3).repeat(SAMPLES, 0)
    for values, expected in ((noisy, [0, 64, 255]), (scores, [0, 128, 255]), (scores * 0 + 7, [0, 0, 0])):
        (first, *_) = taken(split(photo=values))
        assert np.asarray(Image.open(io.BytesIO(first.content))).tolist() == [expected]
        assert first.note == (
            None if values is noisy else f"stretched: black is {values.min():.3g}, white {values.max():.3g}"
        )


def test_a_clip_is_kept_to_the_bit_without_its_padding():
    clips = np.random.default_rng(0).integers(-32768, 32768, (SAMPLES, 40)).astype(np.int16)
    mask = np.arange(40) < np.arange(10, 10 + SAMPLES)[:, None]
    for one in taken(split(audio=clips, masks={"audio": mask})):
        assert one.media_type == "audio/wav"
        with wave.open(io.BytesIO(one.content)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            found = np.frombuffer(sound.readframes(99), "<i2")
        np.testing.assert_array_equal(found, clips[one.index, : 10 + one.index])


def test_texts_are_kept_also_those_on_disk():
    words = [f"größer {number}" for number in range(SAMPLES)]
    data = "".join(words).encode()
    ends = np.cumsum([len(word.encode()) for word in words])
    lazy = Texts(np.frombuffer(data, np.uint8), ends, np.arange(SAMPLES))
    for values in (np.array(words), lazy):
        assert [one.content.decode() for one in taken(split(note=values))] == words


def test_arrays_on_disk_are_read_row_by_row():
    pixels = np.arange(2 * SAMPLES, dtype=np.uint8).reshape(-1, 1, 1, 1)
    picked = Picked(pixels, np.arange(SAMPLES)[::-1] * 2)
    shown = [int(np.asarray(Image.open(io.BytesIO(one.content)))[0, 0]) for one in taken(split(photo=picked))]
    assert shown == [10, 8, 6, 4, 2, 0]


def test_a_missing_modality_is_said_and_its_values_are_not_looked_at():
    one = split(photo=np.full((SAMPLES, 1, 2, 2), np.nan, np.float32), note=np.array(["a"] * SAMPLES))
    one.present["photo"][:] = False
    assert {(shown.modality, shown.media_type, shown.content) for shown in taken(one)} == {
        ("photo", None, None),
        ("note", "text/plain", b"a"),
    }


@pytest.mark.parametrize(
    "values",
    [np.zeros((SAMPLES, 9), np.complex64), np.zeros((SAMPLES, 1, 1, 1, 1, 1), np.float32)],
    ids=["complex", "six axes"],
)
def test_of_what_has_no_form_to_look_at_nothing_is_kept(values):
    assert taken(split(features=values)) == []


@pytest.mark.parametrize(
    ("values", "masked", "kind", "shown"),
    [
        (np.ones(SAMPLES, np.float32), False, "vector", [1]),
        (np.ones((SAMPLES, 3), bool), False, "vector", [1, 1, 1]),
        (np.ones((SAMPLES, 3), np.int16), False, "vector", [1, 1, 1]),  # nobody says that they are a clip
        (np.ones((SAMPLES, 3), np.float32), True, "lines", [[1, 1]]),
        (np.ones((SAMPLES, 3, 2), np.float32), False, "lines", [[1, 1, 1], [1, 1, 1]]),
        (np.ones((SAMPLES, 3, 2), np.float32), True, "lines", [[1, 1], [1, 1]]),
    ],
    ids=["number", "flags", "whole numbers", "numbers over time", "sequence", "padded sequence"],
)
def test_numbers_are_kept_without_their_padding(values, masked, kind, shown):
    masks = {"features": np.tile([True, True, False], (SAMPLES, 1))} if masked else {}
    (first, *_) = taken(split(features=values, masks=masks))
    assert (first.media_type, first.note) == ("application/json", None)
    assert json.loads(first.content) == {"kind": kind, "values": shown}


def test_a_clip_of_floats_is_made_quieter_where_it_is_too_loud_and_says_so():
    quiet = np.tile(np.array([0.5, -1.0, np.nan], np.float32), (SAMPLES, 1))
    for values, expected, note in (
        (quiet, [16384, -32767, 0], None),
        (4 * quiet, [16384, -32767, 0], "made quieter: its peak is 4, and a clip's 1"),
    ):
        (first, *_) = taken(split(audio=values))
        assert (first.media_type, first.note) == ("audio/wav", note)
        with wave.open(io.BytesIO(first.content)) as sound:
            assert np.frombuffer(sound.readframes(9), "<i2").tolist() == expected


def test_what_is_cut_or_made_smaller_says_so():
    clips = np.zeros((SAMPLES, 8000 * 12), np.int16)
    pixels = np.zeros((SAMPLES, 3, 300, 600), np.uint8)
    words = np.array(["x" * 2001] * SAMPLES)
    notes = {one.modality: one.note for one in taken(split(audio=clips, photo=pixels, note=words))}
    assert notes == {
        "audio": "the first 10 of 12.0 seconds",
        "photo": "made smaller, from 600 by 300 pixels",
        "note": "the first 2000 of 2001 characters",
    }


@pytest.mark.parametrize(("channels", "said"), [(2, "2 of 2"), (9, "4 of 9")])
def test_channels_that_are_no_colours_stand_side_by_side(channels, said):
    pixels = np.arange(channels, dtype=np.uint8).reshape(1, -1, 1, 1).repeat(SAMPLES, 0)
    (first, *_) = taken(split(photo=pixels))
    assert np.asarray(Image.open(io.BytesIO(first.content))).tolist() == [list(range(min(channels, 4)))]
    assert first.note == f"{said} channels, side by side"


def test_frames_stand_side_by_side_in_the_order_of_time():
    frames = np.arange(10, dtype=np.uint8).reshape(1, -1, 1, 1, 1).repeat(SAMPLES, 0)
    mask = np.arange(10) < np.array([10, 7, 2, 1, 0, 0])[:, None]
    found = {one.index: one for one in taken(split(film=frames, masks={"film": mask}))}
    shown = [np.asarray(Image.open(io.BytesIO(found[row].content))).tolist() for row in range(4)]
    assert shown == [[[0, 3, 6, 9]], [[0, 2, 4, 6]], [[0, 1]], [[0]]]
    assert [found[row].note for row in (1, 4)] == ["4 of 7 frames", "no frame of it is real"]


def test_every_slice_and_class_has_its_share():
    one = split(note=np.array(list("abcdef")), target=np.array([0, 0, 0, 0, 1, 0]), slice=np.array([0, 0, 0, 0, 0, 1]))
    assert {shown.index for shown in taken(one, 3)} >= {4, 5}


@pytest.mark.parametrize("target", [np.linspace(0, 1, SAMPLES), np.eye(SAMPLES, dtype=int)], ids=["values", "labels"])
def test_targets_that_are_no_class_make_no_groups(target):
    assert len(taken(split(note=np.array(list("abcdef")), target=target), 4)) == 4


def test_there_is_room_for_so_many_bytes_and_no_more(monkeypatch):
    monkeypatch.setattr(excerpt, "ROOM", 25)
    words = np.array(["x" * 10] * SAMPLES)
    assert len(taken(split(one=words))) == 2
    assert len(taken(split(one=words, two=words))) == 2  # a sample is shown whole or not at all
