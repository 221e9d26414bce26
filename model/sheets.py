"""Pack the levels of an image pyramid onto sheets of one size, so that no photo has a shape the runtime has not seen.

A runtime compiles a network anew for each input shape, 10 to 45 ms; a pyramid has a dozen. Levels are cut into pieces
that overlap by what a window of P-Net sees beyond its stride, and the pieces are laid on sheets side by side. Windows
that lie across two pieces are not read; so pieces may touch.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

WINDOW = 12
STRIDE = 2
OVERLAP = WINDOW - STRIDE

SIDE = 266
"""Side of a sheet, pixels: 128 windows each way. Larger ones waste more of themselves on small photos, smaller ones
more on overlaps."""


EDGE = WINDOW - 1
LANES = 4

SHEET = (1, SIDE, SIDE, 3)
BOTTOMS = (LANES, EDGE, SIDE, 3)
RIGHTS = (LANES, SIDE, EDGE, 3)

Shape = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Level:
    """Name a level of the pyramid: how much smaller it is than the photo, and its size."""

    scale: float
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Place a part of a level on a sheet: its first row and column there, its size, and where it lies; pixels."""

    level: int
    from_row: int
    from_column: int
    rows: int
    columns: int
    lane: int = 0
    row: int = 0
    column: int = 0

    @property
    def windows(self) -> tuple[int, int]:
        """Return how many windows it has, down and across. An edge is one window wide."""
        return max(1, (self.rows - OVERLAP) // STRIDE), max(1, (self.columns - OVERLAP) // STRIDE)

    def laid(self, lane: int, row: int, column: int) -> Piece:
        """Return the piece at a place."""
        return replace(self, lane=lane, row=row, column=column)


@dataclass(slots=True)
class Shelf:
    """Hold a row of pieces on a sheet, as high as the first of them."""

    row: int
    height: int
    used: int = 0


@dataclass(slots=True)
class Sheet:
    """Hold pieces that share an input of the network, float32 (lanes, height, width, 3)."""

    shape: Shape
    pieces: list[Piece] = field(default_factory=list)
    shelves: list[Shelf] = field(default_factory=list)

    def take(self, piece: Piece) -> bool:
        """Lay a piece of a level's inside on a sheet of one lane; tell whether there was room. Highest come first."""
        height, width = _even(piece.rows), _even(piece.columns)
        for shelf in self.shelves:
            if height <= shelf.height and shelf.used + width <= SIDE:
                return self._lay(piece, shelf)
        bottom = self.shelves[-1].row + self.shelves[-1].height if self.shelves else 0
        if bottom + height > SIDE:
            return False
        self.shelves.append(Shelf(bottom, height))
        return self._lay(piece, self.shelves[-1])

    def take_edge(self, piece: Piece) -> bool:
        """Lay an edge along one of the lanes; tell whether there was room."""
        down = piece.columns == EDGE
        length = _even(piece.rows if down else piece.columns)
        for lane, shelf in enumerate(self.shelves):
            if shelf.used + length <= SIDE:
                place = (lane, shelf.used, 0) if down else (lane, 0, shelf.used)
                shelf.used += length
                self.pieces.append(piece.laid(*place))
                return True
        if len(self.shelves) == LANES:
            return False
        self.shelves.append(Shelf(0, EDGE))
        return self.take_edge(piece)

    def _lay(self, piece: Piece, shelf: Shelf) -> bool:
        self.pieces.append(piece.laid(0, shelf.row, shelf.used))
        shelf.used += _even(piece.columns)
        return True


@functools.lru_cache(maxsize=256)
def sheets(levels: tuple[Level, ...]) -> tuple[Sheet, ...]:
    """Pack levels onto as few sheets as first fit, highest first, finds.

    P-Net's pooling looks at half a cell where a level has an odd side. That is so only at the very edge of an input, so
    such edges lie on sheets that are no wider; the one window in a corner of two odd edges is left out.
    """
    inside, bottom, right = list[Piece](), list[Piece](), list[Piece]()
    for number, level in enumerate(levels):
        rows, columns = list(_cuts(level.height)), list(_cuts(level.width))
        inside += [Piece(number, y, x, high, wide) for y, high in rows for x, wide in columns]
        if level.height % STRIDE:
            bottom += [Piece(number, level.height - EDGE, x, EDGE, wide) for x, wide in columns]
        if level.width % STRIDE:
            right += [Piece(number, y, level.width - EDGE, high, EDGE) for y, high in rows]
    packed: list[Sheet] = []
    for shape, pieces, take in (
        (SHEET, inside, Sheet.take),
        (BOTTOMS, bottom, Sheet.take_edge),
        (RIGHTS, right, Sheet.take_edge),
    ):
        mine: list[Sheet] = []
        for piece in sorted(pieces, key=lambda piece: (-piece.rows, -piece.columns)):
            if not any(take(sheet, piece) for sheet in mine):
                mine.append(Sheet(shape))
                take(mine[-1], piece)
        packed += mine
    return tuple(packed)


def _cuts(length: int) -> Iterator[tuple[int, int]]:
    """Cut a side of a level into (first, length) that fit a sheet; neighbours share OVERLAP pixels."""
    first = 0
    while length - first > SIDE:
        yield first, SIDE
        first += SIDE - OVERLAP
    if length - first >= WINDOW:
        yield first, length - first


def _even(side: int) -> int:
    """Round up: windows stand at even places, so pieces begin there."""
    return side + side % STRIDE
