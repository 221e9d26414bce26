"""Sheets: every window of every level stands on one of them, once, whole, and beside no other."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.mtcnn import pyramid
from model.sheets import STRIDE, WINDOW, Level, sheets

SIDES = st.integers(20, 2500)


@settings(deadline=None, max_examples=60)
@given(width=SIDES, height=SIDES)
@example(width=1920, height=1080)
@example(width=266, height=266)
@example(width=444, height=20)
def test_every_window_is_read_once(width: int, height: int) -> None:
    levels = pyramid(width, height)
    # P-Net's own count: an odd side has one window more, for which its pooling takes half a cell.
    read = [np.zeros([-(-(side - WINDOW) // STRIDE) + 1 for side in (level.height, level.width)]) for level in levels]
    for sheet in sheets(levels):
        lanes, high, wide, _ = sheet.shape
        taken = np.zeros((lanes, high, wide))
        for piece in sheet.pieces:
            taken[piece.lane, piece.row : piece.row + piece.rows, piece.column : piece.column + piece.columns] += 1
            assert piece.row + piece.rows <= high
            assert piece.column + piece.columns <= wide
            assert {place % STRIDE for place in (piece.row, piece.column, piece.from_row, piece.from_column)} == {0}
            down, across = piece.windows
            top, left = piece.from_row // STRIDE, piece.from_column // STRIDE
            read[piece.level][top : top + down, left : left + across] += 1
        assert taken.max() == 1
    for level, windows in zip(levels, read, strict=True):
        if level.height % STRIDE and level.width % STRIDE:
            windows[-1, -1] += 1
        assert (windows == 1).all()


def test_a_big_photo_fills_its_sheets() -> None:
    levels = pyramid(4000, 3000)
    pixels = sum(level.height * level.width for level in levels)
    assert sum(math.prod(sheet.shape[:3]) for sheet in sheets(levels)) < 1.2 * pixels


def test_a_level_of_one_window_has_its_place() -> None:
    (sheet,) = sheets((Level(0.6, 12, 12),))
    assert [piece.windows for piece in sheet.pieces] == [(1, 1)]
