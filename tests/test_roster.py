"""A roster finds and sorts as a dictionary of its names would, also after it was changed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceset import roster as rosters
from faceset.roster import ERASED, Asked, Roster

names = st.text(st.sampled_from("aAbB éÉß李"), max_size=9)
numbers = st.integers(1, 30)


def made(model: dict[int, str]) -> Roster:
    return Roster.of([(sorted(model), [model[number] for number in sorted(model)])])


def fitting(model: dict[int, str], wanted: str) -> list[int]:
    return [number for number in sorted(model) if wanted.encode().lower() in model[number].encode().lower()]


def alphabetical(model: dict[int, str], found: list[int]) -> list[int]:
    return sorted(found, key=lambda number: unicodedata.normalize("NFKC", model[number]).casefold())


def answers(model: dict[int, str], wanted: str) -> dict[Asked, list[int]]:
    """Return what each way to ask is to find."""
    found = fitting(model, wanted)
    return {
        Asked(): sorted(model),
        Asked(by_name=True): alphabetical(model, sorted(model)),
        Asked(wanted): found,
        Asked(wanted, by_name=True): alphabetical(model, found),
    }


def after(model: dict[int, str], step: dict[int, str | None]) -> dict[int, str]:
    return {number: name for number, name in {**model, **step}.items() if name is not None}


@settings(deadline=None)
@given(
    model=st.dictionaries(numbers, names),
    steps=st.lists(st.dictionaries(numbers, st.none() | names), max_size=5),
    wanted=names,
    sorted_before=st.booleans(),
    placed=st.sampled_from([0, 1, 9]),
)
def test_it_is_as_a_dictionary_after_any_change(
    model: dict[int, str], steps: list[dict[int, str | None]], wanted: str, sorted_before: bool, placed: int
) -> None:
    roster = made(model)
    roster.listing(Asked(by_name=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rosters, "PLACED", placed)
        for step in [{}, *steps]:
            if sorted_before:
                roster.listing(Asked(by_name=True))
            roster = roster.changed(step)
            model = after(model, step)
            assert roster.numbers.tolist() == sorted(model)
        for asked, found in 2 * [*answers(model, wanted).items()]:
            assert roster.listing(asked).tolist() == found


@settings(deadline=None)
@given(
    model=st.dictionaries(numbers, names),
    steps=st.lists(st.dictionaries(numbers, st.none() | names), max_size=5),
    wanted=names,
    folded=st.integers(0, 5),
)
def test_a_patch_makes_a_listing_as_of_now(
    model: dict[int, str], steps: list[dict[int, str | None]], wanted: str, folded: int
) -> None:
    """Also one that was made when some names were erased already, and of which some changes are in the roster."""
    roster, changes = made(model), dict[int, str | None]()
    for place, step in enumerate([{}, *steps]):
        if place == folded:
            roster, changes = roster.changed(changes), {}
        changes |= step
        roster.erase(step)
        model = after(model, step)
        for asked, found in answers(model, wanted).items():
            assert roster.patch(roster.listing(asked), asked, changes).listing.tolist() == found


def test_a_name_ends_where_the_next_begins() -> None:
    roster = made({1: "ab", 2: "cd", 3: "", 4: "bc"})
    assert roster.listing(Asked("bc")).tolist() == [4]


def test_parts_follow_each_other() -> None:
    roster = Roster.of([([1, 5], ["b", "ab"]), ([9], ["a"])])
    assert roster.listing(Asked(by_name=True)).tolist() == [9, 5, 1]
    assert roster.listing(Asked("b")).tolist() == [1, 5]


def test_a_changed_roster_leaves_the_old_one_as_it_was() -> None:
    before = made({1: "b", 2: "a"})
    later = before.changed({1: None, 2: "z", 3: "y"})
    assert before.listing(Asked(by_name=True)).tolist() == [2, 1]
    assert later.listing(Asked(by_name=True)).tolist() == [3, 2]


def test_many_changes_are_sorted_too() -> None:
    model = {number: f"name {number % 7} {number}" for number in range(3000)}
    roster = made(model)
    roster.listing(Asked(by_name=True))
    step = {number: f"other {number % 5}" for number in range(1000, 4000)}
    model |= step
    assert roster.changed(dict(step)).listing(Asked(by_name=True)).tolist() == alphabetical(model, sorted(model))


def test_what_was_sorted_once_is_not_sorted_again_for_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    model = {number: f"name {number % 7} {number}" for number in range(3000)}
    roster = made(model)
    roster.listing(Asked(by_name=True))
    monkeypatch.delattr(rosters, "argsort")
    for turn in range(8):
        for number in range(turn, 3000, 700):
            roster = roster.changed({number: f"turn {turn}"})
            model[number] = f"turn {turn}"
    assert roster.listing(Asked(by_name=True)).tolist() == alphabetical(model, sorted(model))


def test_an_erased_name_is_nowhere() -> None:
    roster = made({1: "ada", 2: "zoë", 3: ""})
    roster.erase([2, 3, 4])
    assert roster._text == b"ada\xff" + 4 * ERASED + b"\xff\xff"
    assert roster.changed({2: None})._text == b"ada\xff\xff"
