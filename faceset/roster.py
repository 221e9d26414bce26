"""The names of a group's faces in memory, to find and to sort by: in the database each of them is sealed."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from faceset.collation import argsort, key

Rows = NDArray[np.int64]

END = b"\xff"
"""Stands behind each name; UTF-8 has no such byte."""

ERASED = b"\xfe"
"""Stands where a name was; UTF-8 has no such byte either."""

PLACED = 1 / 64
"""Share of the names that are put in their places among the sorted one by one; more are sorted with all others."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Ask for the faces whose name contains `name`, whatever the case of ASCII letters, in the order of adding.

    By name they stand in the order of their names' keys (faceset.collation), ties in the order of adding.
    """

    name: str = ""
    by_name: bool = False


@dataclass(frozen=True)
class Patch:
    """Take the numbers `gone` out of a listing, and put others in at places that count with those."""

    before: Rows
    gone: Rows
    entering: Rows
    places: Rows

    @functools.cached_property
    def listing(self) -> Rows:
        """The listing as it is then."""
        if not len(self.gone):
            return self.before
        left = np.flatnonzero(np.isin(self.before, self.gone))
        rest = np.delete(self.before, left)
        return np.insert(rest, self.places - np.searchsorted(left, self.places), self.entering)


class Roster:
    """Hold the names of a group's faces, of one moment. It never changes, but names in it may be erased.

    `numbers`, int64 (n,), are the faces' numbers, ascending. The names stand in one text, their ASCII letters in lower
    case: 16 bytes a face beside the name, where Python's own strings would take 80. One thread at a time asks for a
    listing; others may erase meanwhile: what it says of the erased is for a patch to set right.
    """

    def __init__(self, numbers: Rows, lengths: Rows, text: bytearray) -> None:
        self.numbers = numbers
        self._starts: Rows = np.concatenate([[0], np.cumsum(lengths)])
        self._text = text
        # The numbers by name as they were sorted last, and those whose names changed since.
        self._by_name: Rows | None = None
        self._moved: Rows = np.empty(0, np.int64)
        self._latest = Asked(), numbers

    @classmethod
    def of(cls, named: Iterable[tuple[Sequence[int], Sequence[str]]]) -> Self:
        """Make a roster of parts, each of numbers and their names, ascending."""
        numbers, lengths, texts = [np.empty(0, np.int64)], [np.empty(0, np.int64)], []
        for some, names in named:
            entries = [_entry(name) for name in names]
            numbers.append(np.array(some, np.int64))
            lengths.append(_lengths(entries))
            texts.append(b"".join(entries))
        return cls(np.concatenate(numbers), np.concatenate(lengths), bytearray().join(texts))

    def listing(self, asked: Asked) -> Rows:
        """Return the numbers that are asked for, int64 (m,)."""
        # Who looks through pages asks again and again.
        before, found = self._latest
        if asked != before:
            found = self._listing(asked)
            self._latest = asked, found
        return found

    def _listing(self, asked: Asked) -> Rows:
        everybody = self._sorted() if asked.by_name else self.numbers
        if not asked.name:
            return everybody
        found = self.numbers[self._holding(asked.name)]
        return everybody[np.isin(everybody, found)] if asked.by_name else found

    def erase(self, numbers: Iterable[int]) -> None:
        """Overwrite those numbers' names."""
        for begin, end in self._spans(numbers):
            self._text[begin:end] = ERASED * (end - begin)

    def patch(self, listed: Rows, asked: Asked, changes: Mapping[int, str | None]) -> Patch:
        """Return what makes a listing one in which those numbers have those names; None: there is no such face.

        Their names in the roster are erased before; while it works, nobody erases others.
        """
        fitting = [(name, number) for number, name in changes.items() if name is not None]
        fitting = [each for each in fitting if _folded(asked.name) in _folded(each[0])]
        if asked.by_name:
            entering, places = self._placed(listed, fitting)
        else:
            entering = np.array(sorted(number for _, number in fitting), np.int64)
            places = np.searchsorted(listed, entering)
        return Patch(listed, np.fromiter(changes, np.int64, len(changes)), entering, places)

    def changed(self, names: Mapping[int, str | None]) -> Roster:
        """Return the roster in which those numbers have those names; None: there is no such face any more."""
        asked = sorted(names)
        rows = np.searchsorted(self.numbers, asked)
        known = self._known(rows, np.array(asked, np.int64))
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
        roster._by_name = self._by_name
        roster._moved = np.union1d(self._moved, np.array(asked, np.int64))
        return roster

    def _holding(self, name: str) -> Rows:
        """Return the rows whose name contains `name`, which is not empty."""
        letters, wanted = np.frombuffer(self._text, np.uint8), np.frombuffer(_folded(name), np.uint8)
        places = np.flatnonzero(letters[: max(0, len(letters) - len(wanted) + 1)] == wanted[0])
        for at, letter in enumerate(wanted[1:], 1):
            places = places[letters[places + at] == letter]
        rows = np.searchsorted(self._starts, places, side="right") - 1
        found: Rows = rows[np.diff(rows, prepend=-1) != 0]
        return found

    def _sorted(self) -> Rows:
        """Return the numbers in the order of their names' keys."""
        if self._by_name is None or len(self._moved) > PLACED * len(self.numbers):
            self._by_name = self.numbers[self._order()]
        elif len(self._moved):
            stay = self._by_name[~np.isin(self._by_name, self._moved)]
            moved = self._moved[np.isin(self._moved, self.numbers)].tolist()
            names = [bytes(self._text[begin:end]) for begin, end in self._spans(moved)]
            named = zip(names, moved, strict=True)
            entering, places = self._placed(stay, [(name.decode(), each) for name, each in named if ERASED not in name])
            self._by_name = np.insert(stay, places, entering)
        self._moved = np.empty(0, np.int64)
        return self._by_name

    def _order(self) -> Rows:
        """Return the rows in the order of their keys."""
        text = bytes(self._text)
        letters = np.frombuffer(text, np.uint8)
        beyond = np.flatnonzero((letters > 0x7F) & (letters < ERASED[0]))
        others = np.unique(np.searchsorted(self._starts, beyond, side="right") - 1)
        # All other names are their own keys.
        entries = [key(text[begin:end].decode()) + END for begin, end in self._spans_of(others)]
        lengths = np.diff(self._starts)
        lengths[others] = _lengths(entries)
        ends = np.cumsum(lengths)
        keys = self._spliced(others.tolist(), (others + 1).tolist(), entries)
        return argsort(keys, ends - lengths, ends - len(END))

    def _placed(self, listed: Rows, named: Iterable[tuple[str, int]]) -> tuple[Rows, Rows]:
        """Return the numbers of those names by their keys, and each one's place in a listing without them."""
        ranked = functools.cache(functools.partial(self._ranked, listed))
        entering = sorted((key(name), number) for name, number in named)
        places = []
        for entry in entering:
            low, high = 0, len(listed)
            while low < high:
                middle = (low + high) // 2
                found, rank = ranked(middle)
                if found >= high or rank > entry:
                    high = middle
                else:
                    low = found + 1
            places.append(low)
        return np.array([number for _, number in entering], np.int64), np.array(places, np.int64)

    def _ranked(self, listed: Rows, place: int) -> tuple[int, tuple[bytes, int]]:
        """Return the first place from there on whose name is not erased, or the end, and what it sorts by."""
        for at in range(place, len(listed)):
            number = int(listed[at])
            row = self.numbers.searchsorted(number)
            name = self._text[self._starts[row] : self._starts[row + 1] - len(END)]
            if ERASED not in name:
                return at, (key(name.decode()), number)
        return len(listed), (b"", 0)

    def _known(self, rows: Rows, numbers: Rows) -> NDArray[np.bool_]:
        """Tell which of those rows are there and have those numbers."""
        if not len(self.numbers):
            return np.zeros(len(rows), bool)
        known: NDArray[np.bool_] = self.numbers[np.minimum(rows, len(self.numbers) - 1)] == numbers
        return known

    def _spans(self, numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Return where the names begin and end of those numbers that are in the roster."""
        asked = np.array([*numbers], np.int64)
        rows = np.searchsorted(self.numbers, asked)
        return self._spans_of(rows[self._known(rows, asked)])

    def _spans_of(self, rows: Rows) -> Iterator[tuple[int, int]]:
        return zip(self._starts[rows].tolist(), (self._starts[rows + 1] - len(END)).tolist(), strict=True)

    def _spliced(self, begins: Sequence[int], ends: Sequence[int], entries: Sequence[bytes]) -> bytearray:
        """Return the text with the rows from each of `begins` to that of `ends` replaced by an entry, ascending."""
        text = memoryview(self._text)

        def pieces() -> Iterator[bytes | memoryview]:
            done = 0
            for begin, end, entry in zip(begins, ends, entries, strict=True):
                yield text[done : self._starts[begin]]
                yield entry
                done = self._starts[end]
            yield text[done:]

        return bytearray().join(pieces())


def _entry(name: str) -> bytes:
    return _folded(name) + END


def _folded(name: str) -> bytes:
    """Return a name with its ASCII letters in lower case, and no other changed."""
    return name.encode().lower()


def _lengths(entries: Sequence[bytes]) -> Rows:
    return np.fromiter(map(len, entries), np.int64, len(entries))
