"""Which of the classifier's classes a word stands for, from the table that `model.wordnet` wrote."""

from __future__ import annotations

from pathlib import Path

from tags import spelling, spellings

TABLE = Path(__file__).with_name("tags.tsv")

Ranges = tuple[tuple[int, int], ...]
"""Numbers of classes as (first, behind the last)."""


class Vocabulary:
    """Hold the words of a table by their spelling."""

    def __init__(self, table: Path = TABLE) -> None:
        self._ranges: dict[str, Ranges] = {}
        for line in table.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                words, _, numbers = line.partition("\t")
                ranges = _parsed(numbers)
                self._ranges.update((spelling(word), ranges) for word in words.split(","))

    def ranges(self, tag: str) -> Ranges:
        """Return the classes that a tag stands for, none when the table does not have it.

        What the table has as it is spelled is not taken for a plural.
        """
        return next((self._ranges[word] for word in spellings(tag) if word in self._ranges), ())


def _parsed(numbers: str) -> Ranges:
    pairs = (part.partition("-") for part in numbers.split())
    return tuple((int(first), int(last or first) + 1) for first, _, last in pairs)
