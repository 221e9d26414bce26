"""Run the command line as users do: in a process of its own, which a test may kill."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

from settings import ROOT

SECONDS = 60


class Command:
    """Start `facetoken` commands on one data folder."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.state, self.data = folder / "state", folder / "data"
        kept = {name: value for name, value in os.environ.items() if name != "FACETOKEN_DATA"}
        self._environment = {
            **kept,
            "FACETOKEN_DATA": str(self.data),
            "XDG_STATE_HOME": str(self.state),
            "PYTHONPATH": str(ROOT),
            **variables,
        }

    def start(self, *arguments: object, quiet: bool = False) -> subprocess.Popen[str]:
        """Start a command without waiting for it. One that writes more than a pipe holds must be quiet."""
        output = subprocess.DEVNULL if quiet else subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *map(str, arguments)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def run(self, *arguments: object) -> tuple[int, str, str]:
        """Run a command to its end; return its exit status and what it wrote to stdout and stderr."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        assert "Traceback" not in err, err
        return process.returncode, out, err


def kill(process: subprocess.Popen[str]) -> None:
    """Kill -9, and wait for the end."""
    process.kill()
    process.communicate(timeout=SECONDS)


def wait_for_rows(report: Path, rows: int, process: subprocess.Popen[str]) -> None:
    """Wait until a report has that many rows, or its process ended."""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and (not report.exists() or len(report.read_bytes().splitlines()) <= rows):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def rows_of(report: Path) -> list[dict[str, str]]:
    """Read a CSV report."""
    with report.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
