"""The order of names: as Python's own sort has it, by keys that fold what people do not tell apart."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faceset.collation import STEP, argsort, key

# Few letters, so that many are equal for a while: shorter and longer than what is compared at a time, and zeros.
texts = st.text(st.sampled_from("ab\0é李"), max_size=3 * STEP)


@pytest.mark.parametrize(
    ("one", "other"), [("ADA", "ada"), ("Straße", "STRASSE"), ("ﾏﾘ", "マリ"), ("Zoe\u0308", "zoë"), ("Ⅻ", "xii")]
)
def test_case_width_and_ways_of_writing_are_folded(one: str, other: str) -> None:
    assert key(one) == key(other)


@given(st.text() | st.text(st.sampled_from("AEIZaeiz\u0300\u0307\u0308\u030aKÅﬁß")))
def test_lower_case_of_ascii_letters_changes_no_key(name: str) -> None:
    assert key(name.encode().lower().decode()) == key(name)


@given(st.lists(texts))
@example(["a" * STEP, "a" * STEP + "\0", "a" * STEP, "a" * 2 * STEP])
@example([])
@example(["", ""])
def test_the_order_is_that_of_pythons_sort(names: list[str]) -> None:
    keys = [name.encode() for name in names]
    ends = np.array([0, *accumulate(map(len, keys))], np.int64)
    order = argsort(b"".join(keys), ends[:-1], ends[1:])
    assert order.tolist() == sorted(range(len(keys)), key=keys.__getitem__)
