"""The order of names: by what is left of them once case, width and ways of writing one character are folded."""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

STEP = 7
"""Bytes compared at a time: with their count they make a number of 64 bits."""

# Keeps the first so many bytes of eight, the highest first.
_FIRST = np.array([(1 << 64) - (1 << 8 * (8 - count)) for count in range(STEP + 1)], np.uint64)


def key(name: str) -> bytes:
    """Return what a name sorts by: its NFKC form, case folded (Unicode Standard 3.13), in UTF-8.

    UTF-8 sorts as the characters' numbers do. ASCII letters may be in lower case before; that changes no key.
    """
    return unicodedata.normalize("NFKC", name).casefold().encode()


def argsort(text: bytes | bytearray, starts: Rows, ends: Rows) -> Rows:
    """Return the order of the keys text[starts[i]:ends[i]], int64 (n,); equal ones stay as they stand.

    It sorts by seven bytes at a time, and each time only those that are equal up to there. Python's own sort of a
    million names takes as long, and lets no other thread do anything meanwhile.
    """
    padded = text + bytes(8)
    eights = np.ndarray((len(text) + 1,), ">u8", padded, strides=(1,))
    order = np.arange(len(starts))
    places, groups = order.copy(), np.zeros(len(order), np.int64)
    for depth in range(0, int((ends - starts).max(initial=0)) + 1, STEP):
        rows = order[places]
        left = np.clip(ends[rows] - starts[rows] - depth, 0, STEP)
        # What is read behind a key's end is masked away; the count tells a key from one that goes on with zeros.
        parts = eights[np.minimum(starts[rows] + depth, len(text))] & _FIRST[left] | left.astype(np.uint64)
        sorting = np.lexsort((parts, groups))
        order[places], parts = rows[sorting], parts[sorting]
        same = (groups[1:] == groups[:-1]) & (parts[1:] == parts[:-1])
        unsettled = (np.append(False, same) | np.append(same, False)) & (parts & np.uint64(0xFF) == STEP)
        groups = np.cumsum(np.append(True, ~same)[: len(parts)])[unsettled]
        places = places[unsettled]
        if not len(places):
            break
    return order
