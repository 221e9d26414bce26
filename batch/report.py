"""What became of every file: one row each, as CSV or JSON lines, and the sum."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO

from errors import StartError

COLUMNS = ("path", "name", "result", "tokens", "reason")


class Result(StrEnum):
    """Name the ends a file can come to, in the words of the report."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    NO_FACE = "no face"
    BELOW_LIMITS = "below limits"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    BAD_NAME = "bad name"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what became of one file: `tokens` are its faces in the face set, added now or (a duplicate's) before."""

    path: Path
    name: str
    result: Result
    tokens: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_in(self) -> bool:
        return self.result in (Result.ADDED, Result.DUPLICATE)


class ReportFile:
    """Write rows to a .csv or .jsonl file as they come; without a path, nowhere. Raises StartError."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[str] | None = None
        if path is None:
            return
        if path.suffix.lower() not in (".csv", ".jsonl"):
            raise StartError(f"the report {path} must end in .csv or .jsonl; the ending says which of the two it is")
        try:
            # Line by line, so that a killed run leaves its rows. A path that is no valid UTF-8 is written escaped.
            self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="", buffering=1)
            self._head()
        except OSError as error:
            raise StartError(f"cannot write the report {path}: {error.strerror}") from error

    def __enter__(self) -> ReportFile:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Write one row."""
        if self._file is None or self._path is None:
            return
        try:
            self._row(self._file, outcome)
        except OSError as error:
            raise StartError(f"cannot write the report {self._path}: {error.strerror}") from error

    def _head(self) -> None:
        if self._file is not None and self._is_csv():
            csv.writer(self._file).writerow(COLUMNS)

    def _row(self, file: IO[str], outcome: Outcome) -> None:
        values = (str(outcome.path), outcome.name, str(outcome.result), outcome.tokens, outcome.reason)
        if self._is_csv():
            csv.writer(file).writerow([" ".join(part) if isinstance(part, tuple) else part for part in values])
        else:
            file.write(json.dumps(dict(zip(COLUMNS, values, strict=True)), ensure_ascii=False) + "\n")

    def _is_csv(self) -> bool:
        return self._path is not None and self._path.suffix.lower() == ".csv"


@dataclass(slots=True)
class Summary:
    """Add the outcomes of a run up; `stopped` says why it ended before its last file."""

    files: int
    results: Counter[Result] = field(default_factory=Counter)
    faces: int = 0
    stopped: str | None = None
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one file."""
        self.results[outcome.result] += 1
        self.faces += len(outcome.tokens) if outcome.result is Result.ADDED else 0
        self.seconds = time.monotonic() - self.begun

    @property
    def done(self) -> int:
        return self.results.total()

    @property
    def all_in(self) -> bool:
        """Tell whether every file's faces are in the face set now."""
        return self.results[Result.ADDED] + self.results[Result.DUPLICATE] == self.files

    def text(self) -> str:
        """Say it all in a few lines."""
        if not self.files:
            return "no photos found"
        rate = self.done / self.seconds if self.seconds else 0.0
        head = f"{self.done} {_plural(self.done, 'photo')}, {self.faces} {_plural(self.faces, 'face')} added"
        lines = [f"{head}; {self.seconds:.1f} seconds, {rate:.1f} photos/s"]
        lines += [f"  {result:<12} {self.results[result]:>8}" for result in Result if self.results[result]]
        if self.stopped:
            left = self.files - self.done
            lines.append(f"{self.stopped}; {left} {_plural(left, 'photo')} left. Run the same command again to go on")
        return "\n".join(lines)


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"
