"""Digits spoken by eSpeak NG through its C API.

The synthesiser keeps the phase of its oscillators from one clip to the next and draws from a random stream of its
own, so a clip depends on all that were spoken before it. The same list of clips in a fresh process with a set seed
gives the same bytes; that is why :func:`speak` starts one.
"""

from __future__ import annotations

import ctypes
import io
import math
import subprocess
import sys
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
    request = io.BytesIO()
    np.savez(request, clips=clips, sample_rate=sample_rate, length=length)
    command = [sys.executable, "-m", "fuselab.data.trio_digits.speech"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        if child.stdin is None or child.stdout is None or child.stderr is None:
            raise DataError("the speech process must have pipes; this platform gave none")
        child.stdin.write(request.getvalue())
        child.stdin.close()
        for start in range(0, len(clips), _REPORT_EVERY):
            if not child.stdout.read(1):
                break
            progress(min(start + _REPORT_EVERY, len(clips)))
        answer = child.stdout.read()
        message = child.stderr.read().decode(errors="replace").strip()
    if child.returncode != 0:
        raise DataError(f"eSpeak NG must run to build the speech; reinstall espeakng-loader ({message})")
    with np.load(io.BytesIO(answer), allow_pickle=False) as spoken:
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
        """Return one word as int16 samples at ``self.sample_rate``.

        Raises:
            DataError: no such voice
        """
        self._chunks.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise DataError(f"the voice ({voice}) must be one that eSpeak NG ships; reinstall espeakng-loader")
        self._library.espeak_SetParameter(RATE, rate, 0)
        self._library.espeak_SetParameter(PITCH, pitch, 0)
        text = word.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, BY_CHARACTER, 0, UTF8, None, None)
        return np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16)


def _without_silence(clip: Array) -> Array:
    loud = np.flatnonzero(np.abs(clip.astype(np.int32)) > np.abs(clip.astype(np.int32)).max(initial=0) * 0.02)
    return clip[loud[0] : loud[-1] + 1] if len(loud) else clip[:0]


def _serve() -> None:
    """Answer one request on standard input: a byte for each group of clips, then the arrays."""
    from scipy.signal import resample_poly

    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as request:
        clips, length = request["clips"], int(request["length"])
        sample_rate = int(request["sample_rate"])
    synthesiser = Synthesiser(seed=0)
    ratio = Fraction(sample_rate, synthesiser.sample_rate)
    longest = math.ceil(length / ratio)
    audio = np.zeros((len(clips), length), np.int16)
    lengths = np.zeros(len(clips), np.int32)
    out = sys.stdout.buffer
    for start in range(0, len(clips), _REPORT_EVERY):
        group = clips[start : start + _REPORT_EVERY]
        raw = np.zeros((len(group), longest), np.float32)
        for row, clip in enumerate(group):
            voice, rate, pitch = str(clip["voice"]), int(clip["rate"]), int(clip["pitch"])
            word = synthesiser.say(WORDS[int(clip["digit"])], voice=voice, rate=rate, pitch=pitch)
            word = _without_silence(word)[:longest]
            raw[row, : len(word)] = word
            lengths[start + row] = min(round(len(word) * ratio), length)
        # One call for the group: the filter is designed once a call, and that costs more than a clip.
        low = resample_poly(raw, ratio.numerator, ratio.denominator, axis=1)[:, :length]
        audio[start : start + len(group)] = np.clip(np.round(low), -32768, 32767)
        out.write(b".")
        out.flush()
    answer = io.BytesIO()
    np.savez(answer, audio=audio, lengths=lengths)
    out.write(answer.getvalue())


if __name__ == "__main__":
    _serve()
