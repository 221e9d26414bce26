"""P-Net, the first stage of MTCNN: score every window of 12 pixels on every level of an image pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.area import AreaTable
from model.runtime import Graph, on_all_cores
from model.sheets import BOTTOMS, RIGHTS, SHEET, STRIDE, Level, Piece, Sheet, sheets
from model.weights import PNET
from model.window import WindowNetwork

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

MARGIN = 0.5
"""How far under the threshold's logit a bf16 score may lie and still be computed again in f32. On 1.6 million windows
of 34 photos bf16 differed by up to 0.36, and near the threshold by up to 0.29."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Hold n windows: level, row and column (counted in windows), the score's logit, and four offsets (n, 4)."""

    levels: Indices
    rows: Indices
    columns: Indices
    logits: Floats
    offsets: Floats

    @classmethod
    def joined(cls, parts: Sequence[Windows]) -> Windows:
        """Put windows behind each other."""
        columns = ([getattr(part, name) for part in parts] for name in cls.__slots__)
        return cls(*(np.concatenate(column) for column in columns))

    def those(self, which: NDArray[np.intp]) -> Windows:
        """Return some of the windows, in the order given."""
        return Windows(*(getattr(self, name)[which] for name in self.__slots__))


class ProposalNetwork:
    """Find the windows that may hold a face.

    bf16 is twice as fast as f32 and nearly right: it rules windows out, and what is left is computed again in f32, so
    that no score or offset depends on it.
    """

    def __init__(self, weights: Path, precision: str) -> None:
        def graph(precision: str, shape: tuple[int, ...]) -> Graph:
            return Graph(weights / PNET.name, precision, shape, parallel=True)

        self._coarse = precision != "f32"
        self._graphs = {SHEET: graph(precision, SHEET)} | {shape: graph("f32", shape) for shape in (BOTTOMS, RIGHTS)}
        self._exact = WindowNetwork(weights / PNET.name)

    def load(self) -> None:
        """Compile the network for every shape it will meet."""
        for graph in self._graphs.values():
            graph.load()
        if self._coarse:
            self._exact.load()

    def scan(self, table: AreaTable, levels: tuple[Level, ...], threshold: float) -> Windows:
        """Return the windows whose score's logit is at least `threshold`."""

        def read(sheet: Sheet) -> Windows:
            with self._graphs[sheet.shape].request() as request:
                # What lies between the pieces is what the sheet before had there: no window read below sees it.
                for piece in sheet.pieces:
                    _fill(table, levels[piece.level], piece, request.input[piece.lane])
                (heads,) = request.run()
                if self._coarse and sheet.shape == SHEET:
                    self._exact.compute_again(request.input[0], threshold - MARGIN, heads[0])
                found = [_of_piece(piece, heads[piece.lane], threshold) for piece in sheet.pieces]
            return Windows.joined(found)

        windows = Windows.joined(on_all_cores(read, sheets(levels)))
        # In the order of the photo, whatever the sheets' was: ties are broken by it.
        return windows.those(np.lexsort((windows.columns, windows.rows, windows.levels)))


def _fill(table: AreaTable, level: Level, piece: Piece, lane: Floats) -> None:
    here = lane[piece.row : piece.row + piece.rows, piece.column : piece.column + piece.columns]
    rows = slice(piece.from_row, piece.from_row + piece.rows)
    columns = slice(piece.from_column, piece.from_column + piece.columns)
    table.resize(level.height, level.width, rows, columns, here)


def _of_piece(piece: Piece, heads: Floats, least: float) -> Windows:
    down, across = piece.windows
    top, left = piece.row // STRIDE, piece.column // STRIDE
    here = heads[:, top : top + down, left : left + across]
    rows, columns = np.nonzero(here[-1] >= least)
    found = here[:, rows, columns]
    return Windows(
        np.full(len(rows), piece.level),
        rows + piece.from_row // STRIDE,
        columns + piece.from_column // STRIDE,
        found[-1],
        found[:-1].T,
    )
