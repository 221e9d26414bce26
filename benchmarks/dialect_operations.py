"""What a dialect's page says of its operations: routes and docstrings of the code, and the fields that were seen."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from benchmarks.dialect_fields import REQUESTS, meaning
from benchmarks.dialect_tables import grid
from benchmarks.json_layout import fields
from benchmarks.walkthrough import SERVER, Step

WIDTH = 120

# A URL that a request brings has `http://` before it.
_URL = re.compile(r"(?<!/)" + re.escape(SERVER) + r"(/[^\s'\"?]*)")
_METHOD = re.compile(r"\s-X\s*(\w+)")
_SENDS = re.compile(r"\s(-F|-d|--json|--data\S*)\s")


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold a request that a command makes: the endpoint that answers it is empty when there is none."""

    method: str
    path: str
    endpoint: str


def operations_of(dialect: str, app: Flask, steps: Sequence[Step]) -> str:
    """Return a section for each operation: how it is asked, what it does, its fields."""
    parts = []
    for endpoint, rules in endpoints(dialect, app).items():
        asked = ", ".join(f"{method} {rule.rule}" for rule in rules for method in _methods(rule))
        answers = [step.answer for step in steps if any(each.endpoint == endpoint for each in requests(step, app))]
        about = inspect.getdoc(app.view_functions[endpoint]) or ""
        parts += [f"## {asked}", *map(_filled, about.split("\n\n")), _request(endpoint), _answer(dialect, answers)]
    return "\n\n".join(parts)


def endpoints(dialect: str, app: Flask) -> dict[str, list[Rule]]:
    """Return the rules of each of a dialect's operations, in the order in which they were made."""
    found: dict[str, list[Rule]] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{dialect}."):
            found.setdefault(rule.endpoint, []).append(rule)
    return found


def requests(step: Step, app: Flask) -> Iterator[Asked]:
    """Yield the requests of a step's command."""
    command = step.command.replace("\\\n", " ")
    for path in _URL.findall(command):
        given = _METHOD.search(command)
        method = given[1] if given else "POST" if _SENDS.search(command) else "GET"
        try:
            endpoint = app.url_map.bind("localhost").match(path, method)[0]
        except HTTPException:
            endpoint = ""
        yield Asked(method, path, endpoint)


def _methods(rule: Rule) -> list[str]:
    return sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"})


def _request(endpoint: str) -> str:
    rows = [
        [f"`{field.name}`", field.where, field.kind, ("" if field.required else "optional: ") + field.about]
        for field in REQUESTS[endpoint]
    ]
    return grid(["request", "in", "type", ""], *rows) if rows else "The request has no fields."


def _answer(dialect: str, answers: Sequence[object]) -> str:
    kinds: dict[str, list[str]] = {}
    for answer in answers:
        for path, kind in fields(answer).items():
            kinds.setdefault(path, []).append(kind)
    rows = [[f"`{path}`", " or ".join(dict.fromkeys(found)), meaning(dialect, path)] for path, found in kinds.items()]
    return grid(["answer", "type", ""], *rows)


def _filled(paragraph: str) -> str:
    return textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)
