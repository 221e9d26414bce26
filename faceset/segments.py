"""The vectors of an index, in segments that never move, with the codes that make scans fast."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from faceset.blocks import LANES
from faceset.quantizer import Codes, Quantizer

Floats = NDArray[np.float32]

SEGMENT_ROWS = 65_536
"""Rows a segment grows to before the next one begins: growth never copies more than this."""

FIRST_ROWS = LANES
"""Rows a segment begins with: there may be many thousand groups of a few faces, and an index to each."""

LEARN_ROWS = 4096
"""Rows from which codes pay."""

LEARN_AGAIN = 10
"""Growth after which the rotation is learnt again."""

SAMPLE_ROWS = 20_000

ENCODE_ROWS = 4096
"""Rows encoded at a time; the lock is held for no more."""

LATER_ROWS = 16
"""Adds of fewer rows leave the encoding to the next search, so that an add costs no more than its vector."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Hold rows of vectors, float32 (rows, dim), and their codes, once there are enough to learn a quantizer from."""

    first: int
    vectors: Floats
    codes: Codes | None
    quantizer: Quantizer | None

    @classmethod
    def empty(cls, first: int, rows: int, dim: int, quantizer: Quantizer | None) -> Self:
        """Return room for `rows` vectors, a multiple of 16."""
        # Not filled: half a gigabyte touched twice is a second of a start at a million faces.
        vectors = np.empty((rows, dim), np.float32)
        return cls(first, vectors, Codes.empty(dim, rows) if quantizer else None, quantizer)

    def cut(self, rows: int) -> Segment:
        """Return a view of the first rows, up to the end of their block."""
        rows = _whole_blocks(rows)
        return replace(self, vectors=self.vectors[:rows], codes=self.codes and self.codes.cut(rows))

    def grown(self, rows: int) -> Segment:
        """Return a copy with more room."""
        larger = Segment.empty(self.first, rows, self.vectors.shape[1], None)
        larger.vectors[: len(self.vectors)] = self.vectors
        return replace(larger, codes=self.codes and self.codes.grown(rows), quantizer=self.quantizer)


class Segments:
    """Grow by segments; the owner's lock guards every change, and a snapshot is scanned without it."""

    def __init__(self, dim: int, lock: threading.Lock) -> None:
        self._dim = dim
        self._lock = lock
        self._all: list[Segment] = []
        self._count = 0
        self._quantizer: Quantizer | None = None
        self._learnt_from = 0
        self._learning: threading.Thread | None = None
        self._filling = False
        # Blocks, numbered through all segments: to be encoded before the next scan; changed since a segment's learning.
        self._stale: set[int] = set()
        self._touched: set[int] = set()

    def row(self, row: int) -> Floats:
        """Return a view of one vector."""
        vector: Floats = self._all[row // SEGMENT_ROWS].vectors[row % SEGMENT_ROWS]
        return vector

    def vectors_from(self, first: int) -> Floats:
        """Return the vectors of the segment that begins at a row."""
        return self._all[first // SEGMENT_ROWS].vectors

    def write(self, runs: Sequence[range], vectors: Floats) -> None:
        """Write vectors, float32 (n, dim), to runs of n rows that are not in use; the caller holds the lock."""
        self._reserve(max((run.stop for run in runs), default=0))
        written = 0
        for run in runs:
            for part in _within_segments(run):
                self._write(part, vectors[written : written + len(part)])
                written += len(part)
        if written >= LATER_ROWS:
            self._encode_stale()
        self._learn_when_due()

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Learn nothing until the body is through: what comes in bulk is laid out once, in the background."""
        with self._lock:
            self._filling = True
        try:
            yield
        finally:
            with self._lock:
                self._filling = False
                self._learn_when_due()

    def _learn_when_due(self) -> None:
        due = self._count >= max(LEARN_ROWS, LEARN_AGAIN * self._learnt_from)
        if due and self._learning is None and not self._filling:
            self._learnt_from = self._count
            self._learning = threading.Thread(target=self._learn, name="learning", daemon=True)
            self._learning.start()

    def _write(self, rows: range, vectors: Floats) -> None:
        segment = self._all[rows.start // SEGMENT_ROWS]
        first, last = rows.start - segment.first, rows.stop - segment.first
        if segment.codes is not None:
            # Until it is encoded again, nothing in a block is ruled out.
            segment.codes.errors[first // LANES : -(-last // LANES)] = np.inf
        segment.vectors[first:last] = vectors
        self._changed(rows)

    def _changed(self, rows: range) -> None:
        blocks = range(rows.start // LANES, -(-rows.stop // LANES))
        self._stale.update(blocks)
        if self._learning is not None:
            self._touched.update(blocks)

    def clear(self, row: int) -> None:
        """Overwrite a vector and its codes; the caller holds the lock."""
        segment = self._all[row // SEGMENT_ROWS]
        segment.vectors[row - segment.first] = np.nan
        if segment.codes is not None:
            segment.codes.clear(row - segment.first)
        if self._learning is not None:
            self._touched.add(row // LANES)

    def snapshot(self) -> list[Segment]:
        """Return all segments as far as they are in use; rows written later may or may not be seen in them."""
        with self._lock:
            self._encode_stale()
            segments, count = list(self._all), self._count
        return [*segments[:-1], *(last.cut(count - last.first) for last in segments[-1:])]

    def settle(self) -> None:
        """Wait until nothing is being learnt."""
        while (thread := self._learning) is not None:
            thread.join()

    def _reserve(self, rows: int) -> None:
        """Make room; a scan that is under way keeps the smaller first segment it began with."""
        if rows <= self._count:
            return
        self._count = rows
        while not self._all or rows > self._all[-1].first + len(self._all[-1].vectors):
            last = self._all[-1] if self._all else None
            if last is None or len(last.vectors) == SEGMENT_ROWS:
                size = FIRST_ROWS if last is None else SEGMENT_ROWS
                self._all.append(Segment.empty(len(self._all) * SEGMENT_ROWS, size, self._dim, self._quantizer))
            else:
                self._all[-1] = last.grown(min(SEGMENT_ROWS, 2 * len(last.vectors)))
        # What is left of the last block is scanned with it.
        here = rows - self._all[-1].first
        self._all[-1].vectors[here : _whole_blocks(here)] = np.nan

    def _encode_stale(self) -> None:
        for first, last in _runs(self._stale):
            self._encode(first, last)
        self._stale.clear()

    def _encode(self, first: int, last: int) -> None:
        """Encode neighbouring blocks of one segment from its vectors."""
        segment = self._all[first * LANES // SEGMENT_ROWS]
        if segment.codes is not None and segment.quantizer is not None:
            block, end = first - segment.first // LANES, last - segment.first // LANES
            segment.quantizer.encode(segment.vectors[block * LANES : end * LANES], segment.codes, block)

    def _learn(self) -> None:
        """Learn a quantizer and lay out every segment with it, one by one, while searches go on."""
        try:
            sample = self._sample()
            if len(sample) < 2:
                # Nearly all was removed again meanwhile; flat scans do until ten times as much comes.
                return
            quantizer = Quantizer(sample)
            with self._lock:
                self._quantizer = quantizer
            number = 0
            while number < len(self._all):
                self._lay_out(number, quantizer)
                number += 1
        finally:
            with self._lock:
                self._learning = None

    def _lay_out(self, number: int, quantizer: Quantizer) -> None:
        with self._lock:
            segment = self._all[number]
            used = segment.vectors[: _whole_blocks(self._count - segment.first)]
            self._touched.clear()
        if segment.quantizer is quantizer:
            return
        codes = Codes.empty(self._dim, len(segment.vectors))
        for start in range(0, len(used), ENCODE_ROWS):
            quantizer.encode(used[start : start + ENCODE_ROWS], codes, start // LANES)
        with self._lock:
            vectors = self._all[number].vectors
            grown = codes if len(vectors) == len(segment.vectors) else codes.grown(len(vectors))
            self._all[number] = Segment(segment.first, vectors, grown, quantizer)
            low, high = segment.first // LANES, (segment.first + len(vectors)) // LANES
            for first, last in _runs({block for block in self._touched if low <= block < high}):
                self._encode(first, last)

    def _sample(self) -> Floats:
        """Return copies of vectors from all over the index; those being written at the moment may be among them."""
        rows = np.random.default_rng(0).choice(self._learnt_from, min(SAMPLE_ROWS, self._learnt_from), replace=False)
        sample = np.stack([self.row(row) for row in rows.tolist()])
        return sample[np.isfinite(sample).all(axis=1)]


def _within_segments(rows: range) -> Iterator[range]:
    """Cut a run of rows where segments begin."""
    for first in range(rows.start // SEGMENT_ROWS * SEGMENT_ROWS, rows.stop, SEGMENT_ROWS):
        yield range(max(first, rows.start), min(first + SEGMENT_ROWS, rows.stop))


def _whole_blocks(rows: int) -> int:
    return -(-rows // LANES) * LANES


def _runs(blocks: set[int]) -> Iterator[tuple[int, int]]:
    """Join neighbouring numbers into (first, past the end), never across segments."""
    ordered = sorted(blocks)
    each = SEGMENT_ROWS // LANES
    begun = 0
    for place, block in enumerate(ordered, 1):
        if place == len(ordered) or ordered[place] != block + 1 or ordered[place] % each == 0:
            yield ordered[begun], block + 1
            begun = place
