"""Make three small recordings of which clocks, rates and gaps differ, align them, print what came out and draw it.

    python scripts/stream_example.py --folder outputs/talks --picture outputs/talks.svg

The folder then holds the recordings and a config of them: `fuselab doctor --config-dir outputs/talks/conf data=talks
data.folder=outputs/talks` looks at the same data.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from fuselab.data.paired import PairedData
from fuselab.data.streams.offset import estimate_offset
from fuselab.data.streams.signal import Signal
from fuselab.data.streams.source import Streams
from fuselab.instantiate import instantiate
from fuselab.runs.compose import composer, resolved

CONFIG = """\
# @package _global_
# Three talks: a hand, a gaze whose clock is late, a voice, and a table of when each word was said.
defaults:
  - streams
  - /stream@data.source.modalities.hand: numbers
  - /encoder/sequence@encoder.hand: gru
  - /stream@data.source.modalities.gaze: numbers
  - /encoder/vector@encoder.gaze: linear
  - /stream@data.source.modalities.voice: audio
  - /encoder/audio@encoder.voice: logmel_cnn
  - /column@data.source.modalities.word: text
  - /encoder/text@encoder.word: gru
  - _self_

data:
  name: talks
  outputs: 2
  audio: {sample_rate: 4000, seconds: 0.8}
  text: {vocab_size: 64, max_length: 4}
  tokenizers: {word: "${data.tokenizer}"}
  source:
    intervals: {file: words.csv, recording: talk, begin: begin, end: end}
    modalities:
      hand: {file: "hand/{recording}.npy", rate: 25, size: 1, resample: 10, pool: null, steps: 10}
      gaze: {file: "gaze/{recording}.csv", columns: [x], times: seconds, size: 1, offset: -0.4, max_gap: 0.5}
      voice: {file: "voice/{recording}.wav"}
      word: {column: word}
    target: {column: points, classes: ["no", "yes"]}
    standardise: false # so that the picture shows what was measured
encoder:
  hand: {size: 1}
  gaze: {size: 1}
"""
SECONDS = 6.0
LATE = 0.4  # clock of the gaze
WORDS = {
    "t0": [("look", 0.5, 0.95), ("over", 1.3, 1.9), ("there", 2.35, 3.4), ("a", 3.75, 3.95), ("bird", 4.5, 5.1)],
    "t1": [("now", 0.8, 1.3), ("left", 2.1, 2.6), ("again", 3.9, 4.6)],
    "t2": [("and", 0.4, 0.8), ("up", 1.9, 2.2), ("here", 4.2, 5.0)],
}
HAND, GAZE, VOICE, OFF = "#0072b2", "#d55e00", "#009e73", "#9a9a9a"  # colours that all eyes can tell apart


def main() -> None:
    """Make, align, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("outputs/talks"), help="for the recordings")
    parser.add_argument("--picture", type=Path, default=Path("outputs/talks.svg"), help="to be drawn")
    options = parser.parse_args()
    make(options.folder)
    source = load(options.folder)
    data = source.load()
    hand, gaze = (
        source.streams[name].open(source.streams[name].path(options.folder, "t0")) for name in ("hand", "gaze")
    )
    print(*report(data, hand, gaze), sep="\n")
    options.picture.parent.mkdir(parents=True, exist_ok=True)
    draw(options.picture, options.folder, data, hand, gaze)


def make(folder: Path) -> None:
    """Write the recordings, the table of their words and the config."""
    for kind in ("hand", "gaze", "voice", "conf/data"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "conf" / "data" / "talks.yaml").write_text(CONFIG, encoding="utf-8")
    rows = [("talk", "word", "begin", "end", "points")]
    for number, (talk, words) in enumerate(WORDS.items()):
        rows += [(talk, *word, ("no", "yes")[place % 2]) for place, word in enumerate(words)]
        noise = np.random.default_rng(number)
        np.save(folder / "hand" / f"{talk}.npy", raised(np.arange(0, SECONDS, 1 / 25), words) * 12)
        times = np.arange(0, SECONDS, 1 / 12) + noise.uniform(-0.02, 0.02, int(SECONDS * 12))
        seen = raised(times, words) * 8 + noise.normal(0, 0.25, len(times)) - 2
        lines = [f"{time + LATE:.3f},{x:.2f}" for time, x in zip(times, seen, strict=True)]
        if talk == "t0":  # the eye tracker loses the eye around "a", and once writes nothing
            lines = [line for time, line in zip(times, lines, strict=True) if not 3.5 < time < 4.3]
            lines[7] = lines[7].split(",")[0] + ","
        (folder / "gaze" / f"{talk}.csv").write_text("\n".join(["seconds,x", *lines]) + "\n", encoding="utf-8")
        moments = np.arange(round(SECONDS * 16000)) / 16000
        loud = sum(np.where((moments >= begin) & (moments < end), 0.6, 0.0) for _, begin, end in words)
        voice = loud * np.sin(2 * np.pi * 170 * moments) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * moments))
        soundfile.write(folder / "voice" / f"{talk}.wav", voice + 0.01 * noise.normal(size=len(voice)), 16000)
    with (folder / "words.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def raised(times: Any, words: list[tuple[str, float, float]]) -> Any:
    """Return 1 in the middle of each word, and less around it."""
    return sum(np.exp(-(((times - (begin + end) / 2) / 0.28) ** 2)) for _, begin, end in words)


def load(folder: Path) -> Streams:
    """Return the source that the folder's config describes."""
    with composer(config_dir=folder / "conf", config_name="train", searchpath=()) as hydra:
        config = resolved(hydra.compose(["data=talks", f"data.folder={folder.resolve().as_posix()}"]))
    source = instantiate(config["data"]["source"])
    assert isinstance(source, Streams)
    return source


def words_of(data: PairedData, talk: str) -> dict[str, dict[str, Any]]:
    """Return what each word of a talk became, by word."""
    found = {}
    for split in data.splits.values():
        for place, word in enumerate(split.values["word"].tolist()):
            found[word] = {
                "hand": split.values["hand"][place, :, 0],
                "hand_mask": split.masks["hand"][place],
                "gaze": float(split.values["gaze"][place, 0]) if split.present["gaze"][place] else None,
                "voice": int(split.masks["voice"][place].sum()),
            }
    return {word: found[word] for word, _, _ in WORDS[talk]}


def report(data: PairedData, hand: Signal, gaze: Signal) -> list[str]:
    """Return the lines that say what came out."""
    lines = [*data.account, *data.notes, "", "talk t0     begin    end  hand (10, 1)  gaze (1,)  voice (3200,)"]
    for (word, begin, end), one in zip(WORDS["t0"], words_of(data, "t0").values(), strict=True):
        gaze_mean = "missing" if one["gaze"] is None else f"{one['gaze']:.2f}"
        steps = f"{one['hand_mask'].sum()} steps"
        lines.append(f"{word:10}  {begin:5.2f}  {end:5.2f}  {steps:>12}  {gaze_mean:>9}  {one['voice']:>13,}")
    found = estimate_offset(hand, gaze, rate=25, longest=1.0, max_gap=0.5)
    lines += ["", f"estimated from hand and gaze: {found.seconds:.2f} s, correlation {found.correlation:.2f}"]
    return lines


def draw(picture: Path, folder: Path, data: PairedData, hand: Signal, gaze: Signal) -> None:
    """Draw the streams of a talk, and over them what each word took of them."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": "fuselab", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
    figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(9, 5.6), sharex=True, layout="constrained")
    cut = words_of(data, "t0")
    for axes in (top, middle, bottom):
        axes.spines[["top", "right"]].set_visible(False)
        for _, begin, end in WORDS["t0"]:
            axes.axvspan(begin, end, color="#000000", alpha=0.07, linewidth=0)
    for word, begin, end in WORDS["t0"]:
        top.text((begin + end) / 2, 1.02, word, ha="center", va="bottom", transform=top.get_xaxis_transform())

    top.plot(hand.times, hand.values[:, 0], ".", color=OFF, markersize=3, label="recorded, 25 a second")
    for (_, begin, _), one in zip(WORDS["t0"], cut.values(), strict=True):
        steps = begin + np.flatnonzero(one["hand_mask"]) / 10
        last = top.plot(steps, one["hand"][one["hand_mask"]], "o-", color=HAND, markersize=4)[0]
    last.set_label("kept: steps of 0.1 s from each word's begin")
    top.set_ylabel("hand (cm)")

    middle.plot(gaze.times, gaze.values[:, 0], ".", color=OFF, markersize=4, label="recorded, by its late clock")
    middle.plot(gaze.times - LATE, gaze.values[:, 0], ".", color=GAZE, markersize=4, label="0.4 s earlier")
    for (_, begin, end), one in zip(WORDS["t0"], cut.values(), strict=True):
        if one["gaze"] is None:
            middle.text((begin + end) / 2, 2, "missing", ha="center", va="center", color=GAZE, rotation=90)
        else:
            last = middle.plot([begin, end], [one["gaze"]] * 2, color=GAZE, linewidth=3, solid_capstyle="butt")[0]
    last.set_label("kept: mean over each word")
    middle.set_ylabel("gaze (degrees)")

    voice, rate = soundfile.read(folder / "voice" / "t0.wav")
    low, high = (pick(voice.reshape(-1, rate // 100), axis=1) for pick in (np.min, np.max))
    moments = np.arange(len(low)) / 100
    bottom.fill_between(moments, low, high, color=OFF, linewidth=0.5, label="recorded, 16,000 a second")
    for (_, begin, _), one in zip(WORDS["t0"], cut.values(), strict=True):
        inside = (moments >= begin) & (moments <= begin + one["voice"] / 4000)
        last = bottom.fill_between(moments[inside], low[inside], high[inside], color=VOICE, linewidth=0.5)
    last.set_label("kept: 4,000 a second, at most 0.8 s")
    bottom.set_ylabel("voice")
    bottom.set_xlabel("seconds")
    bottom.set_xlim(0, SECONDS + LATE)
    for axes in (top, middle, bottom):
        axes.margins(y=0.12)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
