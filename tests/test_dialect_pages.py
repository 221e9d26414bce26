"""The dialects' pages say what the code does, and their walk-throughs print what they say."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import api
from api.dialect import Dialect
from benchmarks.dialect_fields import REQUESTS
from benchmarks.dialect_operations import endpoints, requests
from benchmarks.dialect_pages import MADE, application, made, page_of, walk
from benchmarks.dialect_refusals import NEVER_MET, OWN_WORDS, WORDS, errors_of
from benchmarks.dialect_tables import SETTINGS
from benchmarks.json_layout import fields
from benchmarks.walkthrough import WEB, Stage, replayed, served_photos, settings_in, steps
from engine import FaceEngine
from settings import ROOT, Settings
from tests.conftest import Live

DIALECTS = pytest.mark.parametrize("dialect", api.OPTIONAL, ids=lambda dialect: dialect.name)

PARTS = {"settings", "photos", "operations", "refusals"}

READERS = {"text", "whole", "photo", "get", "_name", "image", "query_number", "body_number"}
"""What the dialects read fields of their requests by."""

MADE_ANEW = {"appKey", "faceId", "imageId", "createTime", "nextToken", "url"}
"""Fields of answers that are others each time."""

INSIDE = {"nhn": {"url", "bytes"}}
"""Fields of a field."""


def has_curl() -> bool:
    if not shutil.which("curl") or not shutil.which("bash"):
        return False
    printed = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = (int(part) for part in printed.split()[1].split(".")[:2])
    return (major, minor) >= (7, 82)


@DIALECTS
def test_the_tables_are_the_ones_the_code_makes(dialect: Dialect) -> None:
    text = page_of(dialect).read_text()
    assert made(dialect.name, text) == text
    assert {found[2] for found in MADE.finditer(text)} >= PARTS


@DIALECTS
def test_a_stale_table_is_made_anew(dialect: Dialect) -> None:
    text = page_of(dialect).read_text()
    stale = MADE.sub(r"\1stale\n\3", text)
    assert stale != text
    assert made(dialect.name, stale) == text


@DIALECTS
def test_every_command_asks_what_is_there_and_every_operation_is_asked(dialect: Dialect, tmp_path: Path) -> None:
    app = application(tmp_path)
    asked = [each for step in steps(walk(page_of(dialect).read_text())) for each in requests(step, app)]
    assert [each for each in asked if not each.endpoint] == []
    assert {each.endpoint for each in asked} == set(endpoints(dialect.name, app))


@DIALECTS
def test_the_fields_of_requests_are_those_that_the_code_reads(dialect: Dialect, tmp_path: Path) -> None:
    known = endpoints(dialect.name, application(tmp_path))
    told = {name: row for name, row in REQUESTS.items() if name.startswith(f"{dialect.name}.")}
    assert set(told) == set(known)
    for name, rules in known.items():
        arguments = set().union(*(rule.arguments for rule in rules)) - {"app_key"}
        assert {field.name for field in told[name] if field.where == "path"} == arguments
    named = {field.name for fields_of in told.values() for field in fields_of if field.where != "path"}
    assert named | INSIDE.get(dialect.name, set()) == set(read_by(dialect)) - {"Authorization"}


def read_by(dialect: Dialect) -> Iterator[str]:
    """Yield the names of the fields that a dialect's code reads."""
    package = ROOT / "api" / dialect.name
    for path in [*package.glob("*.py"), *package.parent.glob(f"{dialect.name}.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
                texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
                yield from (text for text in texts if called in READERS and isinstance(text, str) and text)
            elif isinstance(node, ast.FunctionDef) and node.name in READERS:
                yield from (each.value for each in node.args.defaults if isinstance(each, ast.Constant))  # type: ignore[misc]


def test_every_setting_that_is_named_is_one() -> None:
    known = {row.name for row in Settings.table()}
    assert {name for names in SETTINGS.values() for name in names} <= known
    assert set(SETTINGS) == {dialect.name for dialect in api.OPTIONAL}


def test_words_are_of_errors_that_are_met() -> None:
    for name, words in OWN_WORDS.items():
        assert set(words) <= set(errors_of(name))
        assert not set(NEVER_MET[name]) & set(errors_of(name))
    assert all(set(WORDS) & set(errors_of(name)) for name in OWN_WORDS)


@pytest.mark.skipif(not has_curl(), reason="the walk-throughs need bash and curl 7.82 or newer")
@DIALECTS
def test_the_walk_through_prints_what_it_says(
    dialect: Dialect, serve: Callable[..., Live], engine: FaceEngine, photos: Path, tmp_path: Path
) -> None:
    script = walk(page_of(dialect).read_text())
    with served_photos(photos) as web:
        live = serve(engine, data=tmp_path, **given(settings_in(script, web)))
        again = replayed(script, Stage(live.port, tmp_path, photos, web if WEB in script else 0))
    for step, fresh in zip(steps(script), steps(again), strict=True):
        assert fields(fresh.answer) == fields(step.answer), step.command
        assert fresh.behind == step.behind, step.command
        assert words(fresh.answer) == words(step.answer), step.command
    assert not re.search(r'"secretKey": "[^<]', again)


def given(environment: dict[str, str]) -> dict[str, Any]:
    rows = {row.env: row for row in Settings.table()}
    return {rows[env].name: rows[env].parse(value) for env, value in environment.items()}


def words(answer: Any) -> list[object]:
    """Return all that an answer says in words, which are the same each time."""
    if isinstance(answer, dict):
        return [word for name, each in answer.items() if name not in MADE_ANEW for word in words(each)]
    if isinstance(answer, list):
        return [word for each in answer for word in words(each)]
    return [answer] if isinstance(answer, str | bool) else []
