"""The shipped table of words, and how a tag finds its classes in it."""

from __future__ import annotations

import pytest

from model.vocabulary import TABLE, Vocabulary

BEAGLE, CAT, HOT_DOG, MINIVAN, MOUSE, SPANIEL, TABBY = 162, 285, 934, 656, 673, 217, 281


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary()


def classes(vocabulary: Vocabulary, tag: str) -> set[int]:
    return {number for first, behind in vocabulary.ranges(tag) for number in range(first, behind)}


@pytest.mark.parametrize(
    ("tag", "number"),
    [
        ("dog", BEAGLE),
        ("dogs", SPANIEL),
        ("Domestic Dog", BEAGLE),
        ("cat", TABBY),
        ("CATS", CAT),
        ("animal", BEAGLE),
        ("vehicle", MINIVAN),
        ("car", MINIVAN),
        ("hot dog", HOT_DOG),
        ("hotdog", HOT_DOG),
        ("Hot-Dogs", HOT_DOG),
        ("food", HOT_DOG),
        ("mouse", MOUSE),
        ("computer mice", MOUSE),
        ("electronic_device", MOUSE),
    ],
)
def test_a_word_stands_for_every_kind_of_it(vocabulary: Vocabulary, tag: str, number: int) -> None:
    assert number in classes(vocabulary, tag)


def test_a_word_stands_for_nothing_else(vocabulary: Vocabulary) -> None:
    dogs, cats = classes(vocabulary, "dog"), classes(vocabulary, "cat")
    assert len(dogs) == 118
    assert not dogs & cats
    assert not {MINIVAN, HOT_DOG} & (dogs | cats)
    assert classes(vocabulary, "beagle") == {BEAGLE}


@pytest.mark.parametrize("tag", ["", "?", "entity", "object", "artifact", "living thing", "happiness", "s", "do"])
def test_words_that_say_nothing_of_a_photo_are_not_there(vocabulary: Vocabulary, tag: str) -> None:
    assert vocabulary.ranges(tag) == ()


def test_a_word_that_only_looks_like_a_plural_keeps_its_meaning(vocabulary: Vocabulary) -> None:
    assert classes(vocabulary, "sunglasses") == classes(vocabulary, "shades") == {837}
    assert classes(vocabulary, "bus") == {779, 874, 654}


def test_every_class_has_a_name_and_no_number_is_outside(vocabulary: Vocabulary) -> None:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    named = set().union(*(classes(vocabulary, line.split(",")[0].split("\t")[0]) for line in lines))
    assert named == set(range(1000))


def test_the_table_carries_the_notice_that_its_licence_asks_for() -> None:
    notice = "".join(line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    assert "Copyright 2006 by Princeton University" in notice
    assert 'PROVIDED "AS IS"' in notice
