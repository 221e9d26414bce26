"""Words for what a photo shows, spelled as people spell them, and the seam to what sees them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PLURALS = (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("men", "man"), ("es", ""), ("s", ""))
"""Endings of English plurals and what stands there in the singular."""


class Tagger(Protocol):
    """Tell whether a photo shows a thing; safe for many threads."""

    def sees(self, file: Callable[[], bytes], image: NDArray[np.uint8], tag: str) -> bool:
        """Tell whether `tag` is seen in a photo: upright RGB (height, width, 3), and what makes a file of it.

        Raises TaggerError when that cannot be told.
        """
        ...


def spelling(tag: str) -> str:
    """Return a tag's letters and digits alone, in one case and without accents: "Hot-Dog" and "hot dog" are one word.

    An empty text when there are none.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", tag).casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def spellings(tag: str) -> tuple[str, ...]:
    """Return the spelling of a tag, then those it would have in the singular, the likelier first."""
    word = spelling(tag)
    singulars = [word.removesuffix(ending) + instead for ending, instead in PLURALS if word.endswith(ending)]
    return tuple(found for found in (word, *singulars) if found)
