"""Kill -9 a process at each step of what it does to a face set: before each statement of SQLite, each change of a file.

    python -m tests.steps ACTION FOLDER KILLED

copies FOLDER for every step there is, to KILLED/0000 and so on, and leaves each as the kill left it. A process of its
own forks the ones that are killed: where threads run, nobody may fork.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from faceset import rotation
from faceset.keyfile import KeyFile
from faceset.store import FaceSet
from settings import ROOT
from tests.faces import DIM, MODEL, faces

FILES = ("os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir")
"""Audit events before a file or folder changes."""

GROUP, OLD, NEW = "mine", 4, 3
"""A group of that many faces; and those that are added to it."""


def killed(action: str, folder: Path, into: Path) -> list[Path]:
    """Return the folders that were left by a kill at each step of an action, the last one of none."""
    command = [sys.executable, "-m", "tests.steps", action, str(folder), str(into)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return sorted(into.iterdir())


def _add(faceset: FaceSet, _: Path) -> None:
    faceset.add(faces(NEW, seed=9, first=100), GROUP)


def _remove(faceset: FaceSet, _: Path) -> None:
    faceset.remove_group(GROUP)
    faceset.scrub()


def _rotate(_: FaceSet, path: Path) -> None:
    # Beside a face set that is open, as a server's is.
    rotation.rotate(path, KeyFile(path.with_name("key")))


ACTIONS: dict[str, Callable[[FaceSet, Path], None]] = {"add": _add, "remove": _remove, "rotate": _rotate}


class _Steps:
    """Count steps, and end this process at the one of a number."""

    def __init__(self, last: int) -> None:
        self._left = last

    def count(self) -> None:
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def watch(self) -> None:
        sys.addaudithook(lambda name, _: self.count() if name in FILES else None)

        @event.listens_for(Engine, "connect")
        def connected(connection: Any, _: Any) -> None:
            self._trace(connection)

    def _trace(self, connection: Any) -> None:
        connection.set_trace_callback(lambda _: self.count())


def _survives(action: str, folder: Path, step: int) -> bool:
    """Tell whether the action is through before it comes to that step."""
    child = os.fork()
    if child == 0:
        rotation.ROWS = 3
        _Steps(step).watch()
        faceset = FaceSet(folder / "faces.db", MODEL, DIM)
        ACTIONS[action](faceset, folder / "faces.db")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFEXITED(status) or os.WTERMSIG(status) == signal.SIGKILL
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


def main(action: str, folder: str, into: str) -> None:
    """Kill the action at its first step, at its second, and so on, until it comes through."""
    for step in range(10_000):
        copy = Path(into) / f"{step:04}"
        shutil.copytree(folder, copy)
        if _survives(action, copy, step):
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
