"""What is wanted of everything within a threshold, and what is answered of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceset.histogram import Histogram

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Want everything but the token `without`, but the nearest `limit` alone, and a histogram if `bins` is given."""

    without: str | None = None
    limit: int | None = None
    bins: int | None = None


@dataclass(frozen=True, slots=True)
class Nearest:
    """Hold the nearest vectors within a threshold, float32 distances ascending, ties by token.

    `total` and `histogram` are of all that are within it, whatever the limit.
    """

    tokens: list[str]
    distances: Floats
    total: int
    histogram: Histogram | None


def up_to(limit: int | None, distances: Floats) -> Places:
    """Return the places of the nearest `limit`, in no order, with all that are as far away as the last of them."""
    if limit is None or limit >= len(distances):
        return np.arange(len(distances))
    return np.flatnonzero(distances <= np.partition(distances, limit - 1)[limit - 1])


def ordered(tokens: list[str], distances: Floats) -> tuple[list[str], Floats]:
    """Return tokens and distances, nearest first, ties by token."""
    order = np.argsort(distances)
    ascending = distances[order]
    # Sorting by token as well is slow and seldom needed: only where distances are equal.
    equal = np.flatnonzero(ascending[1:] == ascending[:-1])
    places = np.union1d(equal, equal + 1)
    tied = order[places].tolist()
    named = zip(ascending[places].tolist(), [tokens[place] for place in tied], tied, strict=True)
    order[places] = [place for *_, place in sorted(named)]
    return [tokens[place] for place in order.tolist()], ascending
