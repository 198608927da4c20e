"""Digits spoken by eSpeak NG through its C API.

The synthesiser keeps the phase of its oscillators from one clip to the next and draws from a random stream of its
own, so a clip depends on all that were spoken before it. The same list of clips in a fresh process with a set seed
gives the same bytes; that is why :func:`speak` starts one, and why each split is a list of its own.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from fuselab.data.paired import Array
from fuselab.errors import DataError

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ACCENTS = ("en-us", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029")
SYNCHRONOUS, DONT_EXIT = 2, 0x8000
RATE, PITCH = 1, 3
BY_CHARACTER, UTF8 = 1, 1
_REPORT_EVERY = 64
_SHORTEST = 0.05


def voice_variants() -> list[str]:
    """Return the names of the voice variants that eSpeak NG ships, about 100."""
    import espeakng_loader

    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return sorted(file.name for file in folder.iterdir() if " " not in file.name)


def speak(clips: Array, *, sample_rate: int, length: int, progress: Callable[[int], None]) -> tuple[Array, Array]:
    """Speak a list of clips in a fresh process.

    Args:
        clips: fields ``digit``, ``voice``, ``rate`` (words a minute) and ``pitch`` (0 to 99), one row a clip
        sample_rate: of the clips that come back
        length: samples that a clip is cut to
        progress: is told how many clips are done

    Returns:
        clips (S, length) int16, silence removed from both ends, zeros behind; and their true lengths (S,)

    Raises:
        DataError: the synthesiser failed
    """
    # Files, not pipes: a child that ends early breaks no pipe, and its messages fill none.
    with tempfile.TemporaryDirectory(prefix="fuselab-") as name:
        request, answer, errors = (Path(name) / file for file in ("request.npz", "answer.npz", "errors.txt"))
        np.savez(request, clips=clips, sample_rate=sample_rate, length=length)
        command = [sys.executable, "-m", "fuselab.data.trio_digits.speech", str(request), str(answer)]
        with errors.open("wb") as to, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=to) as child:
            for line in child.stdout or ():
                progress(int(line))
        if child.returncode != 0:
            last = errors.read_text(errors="replace").strip().splitlines()[-1:]
            reason = last[0] if last else f"exit code {child.returncode}"
            raise DataError(f"eSpeak NG must run to build the speech; reinstall espeakng-loader ({reason})")
        with np.load(answer, allow_pickle=False) as spoken:
            return spoken["audio"], spoken["lengths"]


class Synthesiser:
    """eSpeak NG, loaded once; a process holds at most one.

    Args:
        seed: of the synthesiser's own random stream (breath, jitter)
    """

    def __init__(self, *, seed: int) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        # The library keeps only a pointer: the callback must live as long as the object.
        self._callback = callback(self._receive)
        self._chunks: list[Array] = []
        self._variants = frozenset(voice_variants())
        data = Path(espeakng_loader.get_data_path()).parent
        self.sample_rate = int(self._library.espeak_Initialize(SYNCHRONOUS, 0, str(data).encode(), DONT_EXIT))
        if self.sample_rate <= 0:
            raise DataError(f"eSpeak NG must find its voices ({data}); reinstall espeakng-loader")
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed))

    def _receive(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def say(self, word: str, *, voice: str, rate: int, pitch: int) -> Array:
        """Return one word as int16 samples at ``self.sample_rate``, without silence at its ends.

        Args:
            word: to speak
            voice: accent and variant, as in ``en-us+f2``
            rate: words a minute
            pitch: 0 to 99

        Raises:
            DataError: no such voice, or it said nothing
        """
        self._chunks.clear()
        # The library takes an unknown variant for none, in silence.
        known = voice.partition("+")[2] in self._variants
        if not known or self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise DataError(f"the voice ({voice}) must be one that eSpeak NG ships; reinstall espeakng-loader")
        self._library.espeak_SetParameter(RATE, rate, 0)
        self._library.espeak_SetParameter(PITCH, pitch, 0)
        text = word.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, BY_CHARACTER, 0, UTF8, None, None)
        spoken = _without_silence(np.concatenate([np.zeros(0, np.int16), *self._chunks]))
        if len(spoken) < self.sample_rate * _SHORTEST:
            raise DataError(
                f"the voice ({voice}) must say '{word}' in {_SHORTEST} s or more, and took "
                f"{len(spoken) / self.sample_rate:g}; reinstall espeakng-loader"
            )
        return spoken


def _without_silence(clip: Array) -> Array:
    level = np.abs(clip.astype(np.int32))
    loud = np.flatnonzero(level > level.max(initial=0) * 0.02)
    return clip[loud[0] : loud[-1] + 1] if len(loud) else clip[:0]


def _resample(raw: Array, ratio: Fraction) -> Array:
    """Return rows (S, T) at another rate: what lies above half that rate is left out of their spectrum.

    The Fourier transform is exact for any ratio, and takes NumPy alone: the child starts a second sooner.
    """
    blocks = math.ceil(raw.shape[1] / ratio.denominator)
    length = blocks * ratio.numerator
    spectrum = np.fft.rfft(raw, blocks * ratio.denominator, axis=1)[:, : length // 2 + 1]
    return np.fft.irfft(spectrum, length, axis=1) * float(ratio)


def _serve(request: Path, answer: Path) -> None:
    """Speak the clips of a request; print how many are done."""
    with np.load(request, allow_pickle=False) as asked:
        clips, length, sample_rate = asked["clips"], int(asked["length"]), int(asked["sample_rate"])
    synthesiser = Synthesiser(seed=0)
    ratio = Fraction(sample_rate, synthesiser.sample_rate)
    longest = math.ceil(length / ratio)
    audio = np.zeros((len(clips), length), np.int16)
    lengths = np.zeros(len(clips), np.int32)
    for start in range(0, len(clips), _REPORT_EVERY):
        group = clips[start : start + _REPORT_EVERY]
        raw = np.zeros((len(group), longest))
        for row, clip in enumerate(group):
            voice, rate, pitch = str(clip["voice"]), int(clip["rate"]), int(clip["pitch"])
            word = synthesiser.say(WORDS[int(clip["digit"])], voice=voice, rate=rate, pitch=pitch)[:longest]
            raw[row, : len(word)] = word
            lengths[start + row] = min(round(len(word) * ratio), length)
        low = _resample(raw, ratio)[:, :length]
        audio[start : start + len(group)] = np.clip(np.rint(low), -32768, 32767)
        sys.stdout.write(f"{start + len(group)}\n")
        sys.stdout.flush()
    np.savez(answer, audio=audio, lengths=lengths)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
