"""The names of a group's faces in memory, to find and to sort by: in the database each of them is sealed."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from faceset.collation import key, ordered

Rows = NDArray[np.int64]

END = b"\xff"
"""Stands behind each name; UTF-8 has no such byte."""

FEW = 1000
"""Names that are put in their places among the sorted one by one; more are sorted with all others, when asked for."""


class Roster:
    """Hold the names of a group's faces, of one moment; it never changes.

    `numbers`, int64 (n,), are the faces' numbers, ascending. The names stand in one text, their ASCII letters in lower
    case: 16 bytes a face beside the name, where Python's own strings would take 80.
    """

    def __init__(self, numbers: Rows, lengths: Rows, text: bytes, order: Rows | None = None) -> None:
        self.numbers = numbers
        self._starts: Rows = np.concatenate([[0], np.cumsum(lengths)])
        self._text = text
        self._order = order
        self._latest: tuple[tuple[str | None, bool], Rows] = (None, False), numbers

    @classmethod
    def of(cls, named: Iterable[tuple[Sequence[int], Sequence[str]]]) -> Roster:
        """Make a roster of parts, each of numbers and their names, ascending."""
        numbers, lengths, texts = [np.empty(0, np.int64)], [np.empty(0, np.int64)], []
        for some, names in named:
            entries = [_entry(name) for name in names]
            numbers.append(np.array(some, np.int64))
            lengths.append(_lengths(entries))
            texts.append(b"".join(entries))
        return cls(np.concatenate(numbers), np.concatenate(lengths), b"".join(texts))

    def listing(self, name: str | None, *, by_name: bool) -> Rows:
        """Return the numbers of the faces whose name contains `name`, whatever the case of ASCII letters; or of all.

        They stand in the order of adding, or of their names' keys (faceset.collation), ties in the order of adding.
        """
        # Who looks through pages asks again and again.
        asked, found = self._latest
        if asked != (name, by_name):
            found = self._listing(name, by_name=by_name)
            self._latest = (name, by_name), found
        return found

    def _listing(self, name: str | None, *, by_name: bool) -> Rows:
        if not by_name:
            return self.numbers if name is None else self.numbers[self._holding(name)]
        if self._order is None:
            self._order = self._sorted()
        if name is None:
            return self.numbers[self._order]
        found = np.zeros(len(self.numbers), bool)
        found[self._holding(name)] = True
        return self.numbers[self._order[found[self._order]]]

    def changed(self, names: Mapping[int, str | None]) -> Roster:
        """Return the roster in which those numbers have those names; None: there is no such face any more."""
        asked = sorted(names)
        rows = np.searchsorted(self.numbers, asked)
        known = self.numbers[np.minimum(rows, len(self.numbers) - 1)] == asked if len(self.numbers) else rows < 0
        entries = [b"" if (name := names[number]) is None else _entry(name) for number in asked]
        sizes, told = _lengths(entries), np.array([names[number] is not None for number in asked], bool)
        lengths = np.diff(self._starts)
        lengths[rows[known]] = sizes[known]
        kept, new = np.delete(self.numbers, rows[known & ~told]), told & ~known
        added = np.array(asked, np.int64)[new]
        places = np.searchsorted(kept, added)
        roster = Roster(
            np.insert(kept, places, added),
            np.insert(np.delete(lengths, rows[known & ~told]), places, sizes[new]),
            self._spliced(rows.tolist(), (rows + known).tolist(), entries),
        )
        if self._order is not None and len(asked) <= FEW:
            roster._order = self._reordered(roster, rows[known], np.array(asked, np.int64)[told])
        return roster

    def _holding(self, name: str) -> Rows:
        """Return the rows whose name contains `name`."""
        letters, wanted = np.frombuffer(self._text, np.uint8), np.frombuffer(_folded(name), np.uint8)
        places = np.flatnonzero(letters[: max(0, len(letters) - len(wanted) + 1)] == wanted[0])
        for at, letter in enumerate(wanted[1:], 1):
            places = places[letters[places + at] == letter]
        rows = np.searchsorted(self._starts, places, side="right") - 1
        found: Rows = rows[np.diff(rows, prepend=-1) != 0]
        return found

    def _sorted(self) -> Rows:
        """Return the rows in the order of their keys."""
        letters = np.frombuffer(self._text, np.uint8)
        beyond = np.flatnonzero((letters > 0x7F) & (letters < END[0]))
        others = np.unique(np.searchsorted(self._starts, beyond, side="right") - 1)
        # All other names are their own keys.
        entries = [self._key(row) + END for row in others.tolist()]
        lengths = np.diff(self._starts)
        lengths[others] = _lengths(entries)
        ends = np.cumsum(lengths)
        return ordered(self._spliced(others.tolist(), (others + 1).tolist(), entries), ends - lengths, ends - len(END))

    def _reordered(self, roster: Roster, left: Rows, told: Rows) -> Rows:
        """Return the order of what became of this one: without the rows `left`, with the numbers `told`."""
        assert self._order is not None
        stays = np.ones(len(self.numbers), bool)
        stays[left] = False
        rest = np.searchsorted(roster.numbers, self.numbers)[self._order[stays[self._order]]]

        def place(row: int) -> tuple[bytes, int]:
            return roster._key(row), row

        entering = sorted(np.searchsorted(roster.numbers, told).tolist(), key=place)
        places = [bisect(rest, place(row), key=place) for row in entering]
        return np.insert(rest, np.array(places, np.int64), entering)

    def _key(self, row: int) -> bytes:
        return key(self._text[self._starts[row] : self._starts[row + 1] - len(END)].decode())

    def _spliced(self, begins: Sequence[int], ends: Sequence[int], entries: Sequence[bytes]) -> bytes:
        """Return the text with the rows from each of `begins` to that of `ends` replaced by an entry, ascending."""
        text = memoryview(self._text)

        def pieces() -> Iterator[bytes | memoryview]:
            done = 0
            for begin, end, entry in zip(begins, ends, entries, strict=True):
                yield text[done : self._starts[begin]]
                yield entry
                done = self._starts[end]
            yield text[done:]

        return b"".join(pieces())


def _entry(name: str) -> bytes:
    return _folded(name) + END


def _folded(name: str) -> bytes:
    """Return a name with its ASCII letters in lower case, and no other changed."""
    return name.encode().lower()


def _lengths(entries: Sequence[bytes]) -> Rows:
    return np.fromiter(map(len, entries), np.int64, len(entries))
