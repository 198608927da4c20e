"""The kinds of question of trio_digits, their wordings and their answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fuselab.data.paired import Array

WORDINGS: dict[str, tuple[str, ...]] = {
    "unique_image": (
        "which digit do you see",
        "what number is in the picture",
        "name the written digit",
        "read the handwriting",
        "what does the image show",
        "which figure was drawn by hand",
        "tell me the number you see in the image",
        "look at the picture and name the digit",
    ),
    "unique_audio": (
        "which digit do you hear",
        "what number is in the recording",
        "name the spoken digit",
        "what does the voice say",
        "which figure was said aloud",
        "tell me the number you hear in the audio",
        "listen to the recording and name the digit",
        "what did the speaker say",
    ),
    "redundant": (
        "which digit is it",
        "what number do you see and hear",
        "name the digit that is written and spoken",
        "both show the same number, which one",
        "picture and recording agree on which digit",
        "tell me the one digit that both of them give",
        "what is the number in the image and the audio",
    ),
    "synergy_max": (
        "which digit is larger",
        "what is the greater of the two numbers",
        "name the bigger digit",
        "which of both numbers is the highest",
        "what is the maximum of picture and recording",
        "take the larger of what you see and hear",
        "tell me the bigger number of image and audio",
    ),
    "synergy_add": (
        "add both digits, what is the last digit",
        "what is the sum of the two numbers modulo ten",
        "see one number, hear one, add them and drop the tens",
        "which digit ends the sum of picture and recording",
        "sum image and audio, give the last digit",
        "tell me the last digit of the total",
        "what is picture plus recording modulo ten",
    ),
}
KINDS = tuple(WORDINGS)

ANSWERS: dict[str, Callable[[Array, Array], Array]] = {
    "unique_image": lambda seen, _: seen,
    "unique_audio": lambda _, heard: heard,
    "redundant": lambda seen, _: seen,
    "synergy_max": np.maximum,
    "synergy_add": lambda seen, heard: (seen + heard) % 10,
}

# For people: what the answer is, and where it comes from once the question is read.
DEFINITIONS: dict[str, tuple[str, str]] = {
    "unique_image": ("the digit in the image", "image alone; the audio says another digit nine times in ten"),
    "unique_audio": ("the digit in the audio", "audio alone; the image shows another digit nine times in ten"),
    "redundant": ("the digit that both show", "image or audio, each noisier than elsewhere; both together say more"),
    "synergy_max": ("the larger of the two digits", "image and audio; either one narrows it down"),
    "synergy_add": ("the last digit of the sum", "image and audio together; either one alone says nothing"),
}
