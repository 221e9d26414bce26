"""Which rows of an index changed last when: what was read of them without the lock has to be read again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from faceset.blocks import LANES


class Changes:
    """Number the changes of rows, block by block; the owner's lock guards every call."""

    def __init__(self) -> None:
        self.latest = 0
        """The last change's number; it may be read without the lock, before what the changes are to be told of."""
        self._blocks = np.zeros(1, np.int64)

    def mark(self, runs: Iterable[range]) -> None:
        """Give a new number to runs of rows that are about to change."""
        self.latest += 1
        for run in runs:
            last = -(-run.stop // LANES)
            if last > len(self._blocks):
                more = max(last, 2 * len(self._blocks)) - len(self._blocks)
                self._blocks = np.append(self._blocks, np.zeros(more, np.int64))
            self._blocks[run.start // LANES : last] = self.latest

    def since(self, number: int) -> NDArray[np.int64]:
        """Return the blocks that changed after the change of that number, ascending."""
        if number == self.latest:
            return np.empty(0, np.int64)
        return np.flatnonzero(self._blocks > number)
