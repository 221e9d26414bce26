"""Requests that no client means to send: what a dialect of forms must answer in its own words all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from tests.client import FORM, Part, multipart
from tests.pictures import blank, bomb

METHODS = ("POST",) * 8 + ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
KINDS = (FORM, FORM, FORM, "multipart/form-data", "application/x-www-form-urlencoded", "application/json", "")
FILENAMES = st.none() | st.sampled_from(["a.jpg", "", "../../etc/passwd"]) | st.text(max_size=5)

BAD_PHOTOS = (b"", b"GIF89a", b"<html>", blank(40, 40), blank(64, 64), blank(64, 64, ".jpg")[:-9], bomb(9000))
"""None of them has a face; each is refused, or looked at, in a few milliseconds."""


class WildRequest(NamedTuple):
    """Hold a request; `query` begins with its question mark."""

    method: str
    query: str
    kind: str
    body: bytes


def wild_requests(names: Sequence[str], usual: st.SearchStrategy[list[Part]]) -> st.SearchStrategy[WildRequest]:
    """Draw requests with a form as usual, with any parts, often of these names, or with no form at all."""
    parts = st.builds(
        Part,
        st.sampled_from([*names, "", 'a"b']) | st.text(max_size=5),
        st.sampled_from(BAD_PHOTOS) | st.binary(max_size=50),
        FILENAMES,
    )
    bodies = usual.map(multipart) | st.lists(parts, max_size=4).map(multipart) | st.binary(max_size=100)
    queries = st.sampled_from(["", "", "", f"?{names[0]}=a", "?%ff", "?x=1&x=2"])
    return st.builds(WildRequest, st.sampled_from(METHODS), queries, st.sampled_from(KINDS), bodies)
