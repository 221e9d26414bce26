"""A roster finds and sorts as a dictionary of its names would, also after it was changed."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from faceset.roster import Roster

names = st.text(st.sampled_from("aAbB éÉß李"), max_size=9)
numbers = st.integers(1, 30)


def made(model: dict[int, str]) -> Roster:
    return Roster.of([(sorted(model), [model[number] for number in sorted(model)])])


def fitting(model: dict[int, str], wanted: str) -> list[int]:
    return [number for number in sorted(model) if wanted.encode().lower() in model[number].encode().lower()]


def alphabetical(model: dict[int, str], found: list[int]) -> list[int]:
    return sorted(found, key=lambda number: unicodedata.normalize("NFKC", model[number]).casefold())


@settings(deadline=None)
@given(
    model=st.dictionaries(numbers, names),
    steps=st.lists(st.dictionaries(numbers, st.none() | names), max_size=5),
    wanted=names.filter(bool),
    sorted_before=st.booleans(),
)
def test_it_is_as_a_dictionary_after_any_change(
    model: dict[int, str], steps: list[dict[int, str | None]], wanted: str, sorted_before: bool
) -> None:
    roster = made(model)
    for step in [{}, *steps]:
        if sorted_before:
            roster.listing(None, by_name=True)
        roster = roster.changed(step)
        model = {number: name for number, name in {**model, **step}.items() if name is not None}
        found = fitting(model, wanted)
        assert roster.numbers.tolist() == roster.listing(None, by_name=False).tolist() == sorted(model)
        assert roster.listing(None, by_name=True).tolist() == alphabetical(model, sorted(model))
        for _ in range(2):
            assert roster.listing(wanted, by_name=True).tolist() == alphabetical(model, found)
            assert roster.listing(wanted, by_name=False).tolist() == found


def test_a_name_ends_where_the_next_begins() -> None:
    roster = made({1: "ab", 2: "cd", 3: "", 4: "bc"})
    assert roster.listing("bc", by_name=False).tolist() == [4]


def test_parts_follow_each_other() -> None:
    roster = Roster.of([([1, 5], ["b", "ab"]), ([9], ["a"])])
    assert roster.listing(None, by_name=True).tolist() == [9, 5, 1]
    assert roster.listing("b", by_name=False).tolist() == [1, 5]


def test_a_changed_roster_leaves_the_old_one_as_it_was() -> None:
    before = made({1: "b", 2: "a"})
    after = before.changed({1: None, 2: "z", 3: "y"})
    assert (before.listing(None, by_name=True).tolist(), after.listing(None, by_name=True).tolist()) == ([2, 1], [3, 2])


def test_many_changes_are_sorted_too() -> None:
    model = {number: f"name {number % 7} {number}" for number in range(3000)}
    roster = made(model)
    roster.listing(None, by_name=True)
    step = {number: f"other {number % 5}" for number in range(1000, 4000)}
    model |= step
    assert roster.changed(dict(step)).listing(None, by_name=True).tolist() == alphabetical(model, sorted(model))
