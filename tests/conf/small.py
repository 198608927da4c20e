"""Data as small as a test's for options that need other data than trio_digits: files, and what a run says to read them.

A run of one epoch on them takes two steps and tests 48 samples, as on the ``TINY`` trio_digits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from ..conftest import TINY
from ..data.av_mnist.conftest import write_originals
from ..encoders import tiny

# What binds files of a user's own, and leaves to him what only he knows; tests of the sources train with it.
OF_HIS_DATA = ("column/", "split/", "target/", "data/manifest")
STEPS_AND_WIDTH = (6, 5)  # of the sequences
# What a step on a modality leaves to the user, and what the encoder has to know of it.
OF_A_STEP = {
    "image/resize": ("transform.image.step.size=4", "encoder.image.size=4"),
    "audio/length": ("transform.audio.step.seconds=0.5",),
    "audio/resample": ("transform.audio.step.after=4000", "encoder.audio.sample_rate=4000"),
    "vector/pca": ("transform.text.step.size=3", "encoder.text.size=3"),
    "vector/lda": ("transform.text.step.size=1", "encoder.text.size=1"),
}


def overrides(option: str, folder: Path) -> tuple[str, ...]:
    """Choose an option, with data that it goes with.

    Args:
        option: such as ``encoder/sequence/gru``
        folder: for the files
    """
    group, _, name = option.rpartition("/")
    if option == "data/features" or option in ("encoder/sequence/gru", "encoder/sequence/transformer"):
        encoder = name if group == "encoder/sequence" else "gru"
        return (*_features(folder), f"+encoder/sequence@encoder.steps={encoder}", "encoder.steps.size=5")
    if option == "data/streams" or group == "stream":
        return _streams(folder, name if group == "stream" else "numbers")
    if option == "data/tables":
        return _tables(folder)
    if option == "data/uci_handwritten":
        return _uci_handwritten(folder)
    if option == "data/cmu_mosi_dialogue" or group == "encoder/sequence":
        chosen = () if group == "data" else (f"encoder/sequence@encoder.text={name}",)
        return (*_cmu_mosi(folder), "data=cmu_mosi_dialogue", *chosen)
    if option == "data/cmu_mosi" or group == "encoder/vector" or option == "fusion/unimodal/video":
        chosen = {"encoder/vector": f"encoder/vector@encoder.text={name}", "fusion/unimodal": "fusion=unimodal/video"}
        return (*_cmu_mosi(folder), "data=cmu_mosi", *([chosen[group]] if group in chosen else []))
    if group.startswith("transform/"):
        kind = group.removeprefix("transform/")
        chosen = f"+{group}@transform.{'text' if kind == 'vector' else kind}.step={name}"
        data = (*_cmu_mosi(folder), "data=cmu_mosi") if kind == "vector" else TINY
        return (*data, chosen, *OF_A_STEP.get(f"{kind}/{name}", ()))
    if name.startswith("av_mnist"):
        return (*TINY, choose(option), *_av_mnist(folder))
    modality = group.rpartition("/")[2]
    told = tiny.chosen(f"{modality}/{name}") if group.startswith("encoder/") else {}
    return (*TINY, choose(option), *(f"encoder.{modality}.{key}={value}" for key, value in told.items()))


def choose(option: str) -> str:
    """Return the override that chooses an option: a group that the defaults lack is added."""
    group, _, name = option.rpartition("/")
    if group.startswith("fusion/"):
        return f"fusion={option.removeprefix('fusion/')}"
    return f"{'+' if group in ('sweep', 'experiment', 'column', 'split', 'stream', 'target') else ''}{group}={name}"


def _features(folder: Path) -> tuple[str, ...]:
    draw = np.random.default_rng(0)
    lengths = draw.integers(0, STEPS_AND_WIDTH[0], 240)
    np.savez(folder / "small.npz", x=draw.random((240, *STEPS_AND_WIDTH)), n=lengths, y=np.arange(240) % 3)
    return (
        "data=features",
        f"data.folder={folder}",
        "data.outputs=3",
        "+data.source.modalities.steps={file: small.npz, array: x, size: 5, lengths: n}",
        "data.source.target={file: small.npz, array: y}",
        "data.batch_size=64",
        "trainer.max_epochs=1",
    )


def _streams(folder: Path, kind: str) -> tuple[str, ...]:
    draw, words = np.random.default_rng(0), ["recording,begin,end,label"]
    for recording in "abcdefghij":
        np.save(folder / f"{recording}.npy", draw.integers(0, 3, 240))
        soundfile.write(folder / f"{recording}.wav", draw.normal(0, 0.1, 6 * 8000), 8000)
        words += [f"{recording},{place / 4},{(place + 1) / 4},{place % 3}" for place in range(24)]
    (folder / "words.csv").write_text("\n".join(words))
    file = {"audio": "{recording}.wav"}.get(kind, "{recording}.npy")
    settings = {
        "numbers": "rate: 40, size: 1, parts: 10",
        "categories": "rate: 40, categories: [0, 1, 2], parts: 10",
    }.get(kind, "offset: 0")
    encoder = {"audio": "audio@encoder.a=logmel_cnn"}.get(kind, "sequence@encoder.a=gru")
    return (
        "data=streams",
        f"data.folder={folder}",
        "data.outputs=3",
        "data.audio={sample_rate: 8000, seconds: 0.3}",
        "data.source.intervals={file: words.csv, recording: recording, begin: begin, end: end}",
        f"+stream@data.source.modalities.a={kind}",
        f"data.source.modalities.a={{file: '{file}', {settings}}}",
        f"+encoder/{encoder}",
        *([] if kind == "audio" else [f"encoder.a.size={3 if kind == 'categories' else 1}"]),
        "data.source.target={column: label, classes: [0, 1, 2]}",
        "data.batch_size=64",
        "trainer.max_epochs=1",
    )


def _tables(folder: Path) -> tuple[str, ...]:
    draw = np.random.default_rng(0)
    texts = [f"{row},remark {row}" for row in draw.permutation(240)]
    labels = [f"{row},{row},{row % 3}" for row in range(240)]
    (folder / "texts.csv").write_text("\n".join(["id,text", *texts]))
    (folder / "labels.csv").write_text("\n".join(["id,age,label", *labels]))
    return (
        "data=tables",
        "data.outputs=3",
        *(f"+data.source.file.tables.{name}={{file: {folder / name}.csv, key: id}}" for name in ("texts", "labels")),
        "+column@data.source.modalities.text=text",
        "data.source.modalities.text.column=texts.text",
        "+encoder/text@encoder.text=gru",
        "data.text={vocab_size: 64, max_length: 4}",
        "+data.tokenizers.text=${data.tokenizer}",
        "+column@data.source.modalities.age=tabular",
        "data.source.modalities.age={numeric: [labels.age], size: 1}",
        "+encoder/vector@encoder.age=linear",
        "encoder.age.size=1",
        "data.source.target={column: labels.label, classes: [0, 1, 2]}",
        "data.batch_size=64",
        "trainer.max_epochs=1",
    )


def _uci_handwritten(folder: Path) -> tuple[str, ...]:
    draw, widths = np.random.default_rng(0), (240, 76, 216, 47, 64, 6)
    rows = draw.permutation(128)
    np.savez(
        folder / "uci_handwritten_six_views.npz",
        **{f"x{view}": draw.random((128, width)) for view, width in enumerate(widths)},
        y=np.arange(128) % 10,
        t4c_train_idx=rows[:80],
        t4c_test_idx=rows[80:],
    )
    return ("data=uci_handwritten", f"data.folder={folder}", "data.batch_size=32", "trainer.max_epochs=1")


def _cmu_mosi(folder: Path) -> tuple[str, ...]:
    draw, found = np.random.default_rng(0), {}
    for split, videos in (("train", 12), ("test", 6)):
        ids = [f"{split}{video}_{number}" for video in range(videos) for number in range(8)]
        widths = {"text": 100, "audio": 73, "video": 100}
        found |= {f"{name}_{split}": draw.random((len(ids), width)) for name, width in widths.items()}
        found |= {f"y_{split}": np.arange(len(ids)) % 2, f"utt_id_{split}": np.array(ids)}
    np.savez(folder / "cmu_mosi_utterance_features.npz", **found)
    return (f"data.folder={folder}", "data.batch_size=32", "trainer.max_epochs=1")


def _av_mnist(folder: Path) -> tuple[str, ...]:
    checksums = write_originals(folder / "data")
    return (
        f"data.folder={folder / 'data'}",
        *(f"data.source.checksums.{one}={sum_}" for one, sum_ in checksums.items()),
    )
