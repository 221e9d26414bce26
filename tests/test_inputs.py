"""Base64 as clients write it."""

from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UploadError, UploadTooLarge
from inputs import from_base64

DATA = bytes(range(256))
TEXT = base64.b64encode(DATA).decode()

SPELLINGS = (
    TEXT,
    TEXT.rstrip("="),
    base64.urlsafe_b64encode(DATA).decode(),
    base64.encodebytes(DATA).decode(),
    f"\r\n {TEXT[:7]}\t{TEXT[7:]} \n",
    f"data:image/jpeg;base64,{TEXT}",
    f"DATA:image/png;name=a.png;Base64,\n{TEXT}",
    f"data:;base64,{TEXT}",
)


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_usual_spelling(text: str) -> None:
    assert from_base64(text, len(DATA)) == DATA


@given(st.binary(min_size=1, max_size=200), st.randoms())
def test_whatever_the_bytes_and_wherever_the_breaks(data: bytes, random: object) -> None:
    text = base64.b64encode(data).decode()
    broken = "".join(letter + random.choice(("", "", "\n", " ")) for letter in text)  # type: ignore[attr-defined]
    assert from_base64(broken, 200) == data
    assert from_base64(broken.rstrip().rstrip("="), 200) == data


@pytest.mark.parametrize("text", ["", " \n", "=", "data:image/png;base64,", "data:;base64,=="])
def test_an_empty_photo(text: str) -> None:
    with pytest.raises(UploadError, match="empty"):
        from_base64(text, 100)


@pytest.mark.parametrize(
    "text",
    ["a", "abc!", "äöü=", "ab=c", "data:image/png,abcd", "data:text/html;base64,%41", "http://x", "\0abc", "ab\ud800c"],
)
def test_what_is_no_base64(text: str) -> None:
    with pytest.raises(UploadError, match="not base64"):
        from_base64(text, 100)


def test_too_many_bytes_are_told_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binascii, "a2b_base64", None)
    with pytest.raises(UploadTooLarge):
        from_base64(TEXT, len(DATA) - 1)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        data = from_base64(text, 50)
    except UploadError:
        return
    assert 0 < len(data) <= 50
