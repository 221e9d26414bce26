"""Read the NHN dialect's wire reference: which fields, limits and codes it promises, without its sentences.

    python -m tests.nhn_reference PAGE > tests/data/nhn.json

Tables and code fences are told apart by their columns and their content; nothing depends on the page's language.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Facts = dict[str, Any]
Row = list[str]

OPERATIONS = {
    "POST groups": "create_group",
    "GET groups": "list_groups",
    "GET groups/{group-id}": "show_group",
    "DELETE groups/{group-id}": "delete_group",
    "POST detect": "detect",
    "POST groups/{group-id}": "add_faces",
    "DELETE groups/{group-id}/faces/{face-id}": "delete_face",
    "GET groups/{group-id}/faces": "list_faces",
    "GET groups/{group-id}/faces/{face-id}": "search_by_face",
    "POST groups/{group-id}/search": "search_by_image",
    "POST compare": "compare",
}
"""Our names of the operations, by method and path under the appKey."""

PLACES = {"Path Variable": "path", "URL Parameter": "query", "Request Body": "body"}
REQUIRED = {"O": True, "true": True, "": False, "false": False}
SIDES = "{Source/Target}"
KINDS = {bool: "boolean", int: "int", float: "float", str: "string", list: "array", dict: "object"}

LABEL = re.compile(r"\[(.+)\]\s*|#{3,4} (.+)")
UNQUOTED = re.compile(r'"(\w+): ([{\[])')
INTERVAL = re.compile(r"(\d+) ?< ?([\w-]+) ?<= ?(\d+)|(\d+)~(\d+)")
CHARACTERS = re.compile(r"\[[^\]]+\](?:\{[\d,]+\}|\+)")
# `.-:` in a set may be meant as a range or as three characters.
DOUBTFUL_RANGE = re.compile(r"[^\w\[]-[^\w\]]")


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path of everything in a JSON value in its order, `[]` for any item of an array, and what is there."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from walk(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, f"{path}[]")


class Section:
    """Hold the tables by their labels, and the fenced texts, of one part of the page."""

    def __init__(self, text: str) -> None:
        pieces = re.split(r"^```.*\n", text, flags=re.MULTILINE)
        self.fences = pieces[1::2]
        self.prose = "\n".join(pieces[::2])
        self.tables: dict[str, list[Row]] = {}
        label = ""
        for line in self.prose.splitlines():
            if labelled := LABEL.fullmatch(line):
                label = labelled[1] or labelled[2]
            elif line.startswith("|"):
                cells = re.sub(r"\\(.)", r"\1", line).strip().strip("|").split("|")
                self.tables.setdefault(label, []).append([cell.strip() for cell in cells])
        # The names of the columns and the line under them are no rows.
        self.tables = {label: rows[2:] for label, rows in self.tables.items()}

    def fields(self, root: str) -> list[Row]:
        """Return the rows of the table of the fields under `root`."""
        return next((rows for rows in self.tables.values() if rows[0][0].startswith(root + ".")), [])


class Reader:
    """Read a page into facts; `notes` has what the page says in two ways, and of which operations."""

    def __init__(self) -> None:
        self.notes: dict[str, list[str]] = {}
        self._operation = "common"

    def read(self, page: str) -> Facts:
        sections = [Section(text) for text in re.split(r"^(?=### )", page, flags=re.MULTILINE)]
        common = next(section for section in sections if section.fields("header"))
        success, failure = (self._sample(text) for text in common.fences)
        self._header = {name: {"type": kind, "required": True} for name, kind, _ in common.fields("header")}
        operations = dict(self._read_operation(section) for section in sections if "URI" in section.tables)
        self._operation = "common"
        shown = next(iter(operations.values()))["sample"]["header"]
        if list(failure["header"]) != list(shown):
            self._note("the common samples order the header in another way than those of the operations")
        for name, value in success["header"].items():
            if value != shown[name]:
                self._note(f"the common sample has {name} {value}, those of the operations {shown[name]}")
        return {"operations": operations, "failure": failure, "notes": self.notes}

    def _note(self, text: str) -> None:
        if self._operation not in self.notes.setdefault(text, []):
            self.notes[text].append(self._operation)

    def _read_operation(self, section: Section) -> tuple[str, Facts]:
        ((method, path),) = section.tables["URI"]
        self._operation = OPERATIONS[f"{method} {path.partition('{appKey}/')[2]}"]
        request = {
            name: {"in": place, **about}
            for label, place in PLACES.items()
            for name, about in (self._parameter(row) for row in section.tables.get(label, []))
        }
        for text in section.fences:
            if text.startswith("curl"):
                self._compare_request(text, method, path, request)
        facts: Facts = {"method": method, "path": path, "request": request}
        if most := re.search(r"`(\d+)`", section.prose):
            facts["most"] = int(most[1])
        sample = self._sample(next(text for text in section.fences if text.startswith("{")))
        facts |= {"answer": self._answer(section, sample), "sample": sample}
        return self._operation, {**facts, "errors": list(self._errors(section.tables["Error Codes"]))}

    def _parameter(self, row: Row) -> tuple[str, Facts]:
        name, *columns, text = row
        kind, required = (columns[0], self._required(columns[1])) if columns else ("string", True)
        return name, {"type": kind, "required": required, **self._limits(name, text)}

    def _required(self, mark: str) -> bool:
        if mark in ("true", "false"):
            self._note("required is written as true and false")
        return REQUIRED[mark]

    def _limits(self, name: str, text: str) -> Facts:
        limits: Facts = {}
        if found := CHARACTERS.search(text):
            limits["pattern"] = found[0]
            if doubtful := DOUBTFUL_RANGE.search(found[0]):
                self._note(f"{name} may have {doubtful[0]}, a range or three characters")
        if found := INTERVAL.search(text):
            over, of, most, low, high = found.groups()
            limits |= {"least": int(over) + 1, "most": int(most)} if of else {"least": int(low), "most": int(high)}
            if of and of != name:
                self._note(f"the interval of {name} is written as that of {of}, from {int(over) + 1}")
        if len(values := re.findall(r"`(\w+)`", text)) > 1:
            limits["values"] = values
        return limits

    def _compare_request(self, text: str, method: str, path: str, request: Facts) -> None:
        given = re.search(r"-X (\w+) '(?:https://[^/]+)?([^?']+)\??([^']*)'", text)
        assert given, text
        if (given[1], given[2]) != (method, path):
            self._note("a request sample has another method or path")
        for name, equals, _ in (pair.partition("=") for pair in given[3].split("&") if pair):
            if not equals:
                self._note(f"a request sample has {name} without a value")
        body = re.search(r"-d '(.*)'", text, re.DOTALL)
        members = [name for name, value in walk(json.loads(body[1])) if not isinstance(value, dict)] if body else []
        for name in members:
            if name not in request:
                self._note(f"a request sample has {name!r}, which is no parameter")

    def _sample(self, text: str) -> Any:
        for name, _ in UNQUOTED.findall(text):
            self._note(f"a sample answer lacks a quotation mark after {name}")
        return json.loads(UNQUOTED.sub(r'"\1": \2', text))

    def _answer(self, section: Section, sample: Facts) -> Facts:
        """Return the answer's fields, and those that hold them, in the sample's order; the table tells of its own."""
        table = dict(self._parameter(row) for row in section.fields("data")) | self._header
        shown: dict[str, list[Any]] = {}
        for path, value in walk(sample):
            shown.setdefault(path, []).append(value)
        for path in table.keys() - shown.keys():
            self._note(f"the samples lack {path}")
        for path, values in shown.items():
            if not any(listed == path or listed.startswith((f"{path}.", f"{path}[")) for listed in table):
                self._note(f"the table lacks {path}")
            if path.endswith("Count") and path.removesuffix("Count") + "s" not in shown:
                self._note(f"{path} counts no array of the answer")
            self._compare_values(path.rpartition(".")[2], table.get(path, {}), values)
        self._compare_order(list(table), list(shown))
        return {path: table.get(path, {"type": KINDS[type(at[0])], "required": True}) for path, at in shown.items()}

    def _compare_values(self, name: str, about: Facts, values: list[Any]) -> None:
        if about and {about["type"]} != {KINDS[type(value)] for value in values}:
            self._note(f"{name} is no {about['type']} in a sample")
        allowed = about.get("values")
        if allowed and set(values) != set(allowed):
            listed, shown = sorted({*allowed} - {*values}), sorted({*values} - {*allowed})
            self._note(f"the table says {' '.join(listed)} where the sample says {' '.join(shown)}")

    def _compare_order(self, listed: list[str], shown: list[str]) -> None:
        for parent in {path.rpartition(".")[0] for path in shown} - {"header"}:
            one, other = (
                [path for path in paths if path.rpartition(".")[0] == parent and path in listed and path in shown]
                for paths in (listed, shown)
            )
            if one != other:
                self._note("the table has fields in another order than the sample")

    def _errors(self, rows: list[Row]) -> Iterator[tuple[int, str]]:
        for code, message, _ in rows:
            if not code.startswith("-"):
                self._note("the error table has code and message the other way round")
                code, message = message, code  # noqa: PLW2901
            name, both, _ = message.partition(SIDES)
            if both:
                self._note(f"error messages begin with {name[:5]} and end in {SIDES}")
            yield from ((int(code), name + side) for side in (SIDES.strip("{}").split("/") if both else [""]))


def rendered(value: Any, indent: int = 0) -> str:
    """Return JSON with each object or array on one line where it fits."""
    line = json.dumps(value)
    if len(line) + indent <= 100 or not isinstance(value, dict | list):
        return line
    inner = " " * (indent + 1)
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + rendered(item, indent + 1) for item in value) + f"\n{' ' * indent}]"
    members = (f"{inner}{json.dumps(name)}: {rendered(member, indent + 1)}" for name, member in value.items())
    return "{\n" + ",\n".join(members) + f"\n{' ' * indent}}}"


def read(page: str) -> str:
    """Return the facts of a page as JSON."""
    return rendered(Reader().read(page)) + "\n"


if __name__ == "__main__":
    sys.stdout.write(read(Path(sys.argv[1]).read_text()))
