from __future__ import annotations

import os

import pytest

from faceset.names import problem_with


@pytest.mark.parametrize(
    "name", ["李雷", "Ада Лавлейс", "نوال", "a" * 255, "'; DROP TABLE faces; --", "<b>Ben</b>", "👩‍🔬"]
)
def test_visible_text_of_any_script_is_a_name(name: str) -> None:
    assert problem_with(name) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a" * 256, "has 256 characters; at most 255 are allowed"),
        ("a\nb", "holds a control character; use visible text"),
        ("a\0b", "holds a control character; use visible text"),
        (os.fsdecode(b"M\xfcller"), "is not valid UTF-8"),
        ("M\ufffdller", "is not valid UTF-8"),
    ],
)
def test_what_is_no_name_is_told_why(name: str, problem: str) -> None:
    assert problem_with(name) == problem
