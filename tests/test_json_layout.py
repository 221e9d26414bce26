"""JSON as the pages show it, and the fields it has."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.json_layout import MOST, WIDTH, cut, fields, laid_out, strings

SHORT = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1, 1) | SHORT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SHORT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_nothing_is_lost_but_what_is_cut(value: object) -> None:
    assert json.loads(laid_out(value)) == cut(value)


def test_what_fits_stays_on_a_line() -> None:
    assert laid_out({"a": [1, 2], "b": "ü"}) == '{"a": [1, 2], "b": "ü"}'
    long = laid_out({"a": {"b": ["x" * 40] * 4}})
    assert max(map(len, long.splitlines())) <= WIDTH
    assert long.splitlines()[1].startswith('  "a": ')


def test_only_long_arrays_of_objects_are_cut() -> None:
    assert cut([{"a": number} for number in range(5)]) == [{"a": 0}, {"a": 1}, "… 3 more"]
    assert cut({"a": list(range(MOST + 5))}) == {"a": list(range(MOST + 5))}


def test_fields_have_paths_and_types() -> None:
    answer = {"a": {"b": 1, "c": [{"d": 0.5}, {"e": True}, "… 1 more"]}, "f": None}
    assert fields(answer) == {
        "a": "object",
        "a.b": "integer",
        "a.c": "array",
        "a.c[]": "object",
        "a.c[].d": "number",
        "a.c[].e": "boolean",
        "f": "null",
    }


def test_texts_have_places() -> None:
    assert strings({"a": [{"b": "x"}, "… 1 more"], "c": "y", "d": 1}) == {"/a/0/b": "x", "/c": "y"}
