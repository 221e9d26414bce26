"""Prewhitening: the rule of the network's training, however the crops lie in memory."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from model.base import Crops
from model.prewhiten import prewhiten

SIDES = st.integers(1, 12)
SHAPES = st.tuples(st.integers(0, 3), SIDES, SIDES, st.just(3))


def by_the_rule(crops: Crops) -> NDArray[np.float64]:
    """The definition, in float64."""
    wide = crops.astype(np.float64)
    rows = wide.reshape(len(crops), np.prod(crops.shape[1:], dtype=int))
    mean, deviation = rows.mean(axis=1), np.maximum(rows.std(axis=1), rows.shape[1] ** -0.5)
    white: NDArray[np.float64] = (wide - mean[:, None, None, None]) / deviation[:, None, None, None]
    return white.transpose(0, 3, 1, 2)


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_it_is_the_rule_of_the_training(crops: Crops) -> None:
    white = prewhiten(crops)
    assert white.dtype == np.float32
    np.testing.assert_allclose(white, by_the_rule(crops), rtol=1e-4, atol=1e-5)


def test_photos_of_the_size_served() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 160, 160, 3), dtype=np.uint8)
    crops[1] = 77
    crops[2] = 255
    crops[2, :80] = 0
    white = prewhiten(crops)
    np.testing.assert_allclose(white, by_the_rule(crops), atol=1e-5)
    assert not white[1].any()


def test_mirrored_cut_out_and_read_only_crops() -> None:
    crops = np.random.default_rng(1).integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    views = [crops[:, :, ::-1], crops[:, 3:23, 5:35], crops[::2]]
    crops.setflags(write=False)
    for view in [*views, crops]:
        np.testing.assert_array_equal(prewhiten(view), prewhiten(view.copy()))


def test_the_places_behind_the_last_crop_are_left_alone() -> None:
    crops = np.random.default_rng(2).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    out = np.full((5, 3, 16, 16), 9, np.float32)
    white = prewhiten(crops, out)
    assert np.shares_memory(white, out)
    np.testing.assert_array_equal(white, prewhiten(crops))
    assert (out[2:] == 9).all()
