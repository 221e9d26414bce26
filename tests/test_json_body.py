"""JSON bodies: one object, nothing that takes long to read, blanks around names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st

from api.json_body import MAX_PARTS, json_object, text
from errors import BadArguments


def read(body: bytes) -> dict[str, Any]:
    with Flask(__name__).test_request_context("/", method="POST", data=body):
        return json_object(request)


values = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=3)


@given(st.dictionaries(st.text(max_size=10).map(str.strip), values, max_size=8))
def test_an_object_is_read_as_it_was_written(body: dict[str, Any]) -> None:
    assert read(json.dumps(body).encode()) == body
    assert read(json.dumps({f" {name}\n": value for name, value in body.items()}).encode()) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"1",
        b"null",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadArguments, match="JSON object"):
        read(body)


@pytest.mark.parametrize("part", [b"[],", b"{},", b"0,", b"[" * 3])
def test_millions_of_small_values_are_refused_before_they_are_read(
    part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("json.loads", None)
    with pytest.raises(BadArguments, match="brackets and commas"):
        read(b'{"a":[' + part * (MAX_PARTS + 1))


def test_a_photo_in_base64_is_not_counted() -> None:
    assert read(json.dumps({"data": "A/+=\n" * 100_000}).encode())["data"].startswith("A/+=\n")


@given(values)
def test_a_text_is_a_text_or_absent(value: Any) -> None:
    if value is None or isinstance(value, str):
        assert text({"a": value}, "a") == (value or "")
    else:
        with pytest.raises(BadArguments, match="must be a text"):
            text({"a": value}, "a")
    assert text({}, "a") == ""
