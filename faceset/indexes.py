"""The indexes of a face set in memory, one a group."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import exc

from errors import StartError
from faceset.cipher import SealBroken
from faceset.index import ExactIndex
from faceset.loading import as_it_is, checked_meanwhile, stored, uncollected
from faceset.seal import Seal

UNREADABLE = (sqlite3.Error, exc.SQLAlchemyError, LookupError, TypeError, ValueError)


class Indexes:
    """Hold the index of each group, for vectors of `dim` numbers.

    Changes come in the order of the commits that they follow, from one thread at a time; reads from any.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._by_group: dict[str, ExactIndex] = {}

    def known(self, group: str) -> ExactIndex:
        """Return the group's index, or an empty one: asking for a group does not make it."""
        index = self._by_group.get(group)
        return ExactIndex(self.dim) if index is None else index

    def add(self, group: str, tokens: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add to a group's index, made when it is not there."""
        self._of(group).add(tokens, vectors)

    def drop(self, group: str) -> None:
        """Forget a group's index."""
        self._by_group.pop(group, None)

    def tokens(self) -> set[str]:
        """Return every token of every group."""
        return set().union(*(index.tokens() for index in list(self._by_group.values())))

    def read_ahead(self, path: Path, seal: Seal) -> None:
        """Check the file, and read it meanwhile when it need not be written to before. Raises StartError."""
        try:
            with checked_meanwhile(path):
                if as_it_is(path):
                    self.load(path, seal)
        except UNREADABLE as error:
            raise unreadable(path, error) from error

    def load(self, path: Path, seal: Seal) -> None:
        """Build the indexes from the rows, unless they are there. Raises one of UNREADABLE."""
        if self._by_group:
            return
        with uncollected(), ExitStack() as filling:
            for group, tokens, vectors in stored(path, self.dim, seal):
                if group not in self._by_group:
                    filling.enter_context(self._of(group).filling())
                self.add(group, tokens, vectors)

    def _of(self, group: str) -> ExactIndex:
        if group not in self._by_group:
            self._by_group[group] = ExactIndex(self.dim)
        return self._by_group[group]


def unreadable(path: Path, error: Exception) -> StartError:
    """Return what to tell of a face set that cannot be read."""
    if isinstance(error, SealBroken):
        return StartError(
            f"the face set {path} is damaged: a vector was altered, belongs to another face, or was sealed with "
            "another key; restore a backup, the key file with it"
        )
    return StartError(f"the face set {path} is damaged: its rows cannot be read; restore a backup")
