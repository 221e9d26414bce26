"""Spellings: what people write for one and the same thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tags import spelling, spellings


@pytest.mark.parametrize(
    "written",
    [
        "hot dog",
        "Hot Dog",
        "HOT-DOG",
        "hot_dog",
        "hotdog",
        "  hot   dog\n",
        "hot\u00a0dog",
        "\uff28\uff4f\uff54 dog",
        "hót dog",
    ],
)
def test_case_gaps_and_accents_make_no_difference(written: str) -> None:
    assert spelling(written) == "hotdog"


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("dogs", "dog"),
        ("hot-dogs", "hotdog"),
        ("Buses", "bus"),
        ("tomatoes", "tomato"),
        ("peaches", "peach"),
        ("puppies", "puppy"),
        ("wolves", "wolf"),
        ("knives", "knife"),
        ("firemen", "fireman"),
    ],
)
def test_a_plural_has_its_singular_among_the_spellings(plural: str, singular: str) -> None:
    found = spellings(plural)
    assert found[0] == spelling(plural)
    assert singular in found


@pytest.mark.parametrize("nothing", ["", "  ", "-", "_!?", "\U0001f415"])
def test_what_has_no_letter_has_no_spelling(nothing: str) -> None:
    assert spellings(nothing) == ()


def test_a_lone_ending_is_not_taken_for_a_plural_of_nothing() -> None:
    assert spellings("s") == ("s",)


@given(st.text())
def test_a_spelling_is_its_own(text: str) -> None:
    word = spelling(text)
    assert spelling(word) == word
    assert spelling(f" {text}_") == word
    assert all(found for found in spellings(text))
