"""Scratch memory: kept up to a size and a number, never lent twice at a time."""

from __future__ import annotations

import numpy as np

from model.scratch import Scratch


def test_memory_is_used_again_and_never_lent_twice() -> None:
    scratch = Scratch(buffers=2, most=100)
    with scratch.lend(80) as first, scratch.lend(60) as second:
        assert (len(first), len(second)) == (80, 60)
        assert not np.shares_memory(first, second)
    with scratch.lend(50) as again:
        assert np.shares_memory(again, first) or np.shares_memory(again, second)


def test_what_is_too_large_or_too_many_is_not_kept() -> None:
    scratch = Scratch(buffers=1, most=100)
    with scratch.lend(101) as large:
        pass
    with scratch.lend(40) as first, scratch.lend(40) as second:
        assert not np.shares_memory(large, first)
    with scratch.lend(40), scratch.lend(40) as other:
        assert not np.shares_memory(other, first)
        assert not np.shares_memory(other, second)
