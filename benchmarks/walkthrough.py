"""The walk-through of a page: commands of a shell, each with what it printed when it was run against a real server.

A step is a block of `sh` and, where it prints, the block of `json` behind it. The commands are run as they stand there:
curl is told where localhost:5000 really is, and `facenet_weights/photos` and `.venv/bin` are where they would be. What
an answer makes up anew (a key, an id, a URL) takes the place of its former text in the steps that follow. A text in
angle brackets stands for a secret, which is used and never written down.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.json_layout import laid_out, strings
from setting import PREFIX, ROOT

SERVER = "localhost:5000"
WEB = "127.0.0.1:8000"
"""Where the photos are to be had by URL, as the pages have it."""

SECONDS = 60
SHORTEST = 8
"""Characters from which on a text of an answer is an identifier, when it differs from the last time's."""

STEP = re.compile(r"```sh\n(?P<command>.+?)```\n(?:\n```json\n(?P<answer>.+?)```\n)?", re.DOTALL)
_SETTING = re.compile(rf"{PREFIX}(\w+)=(\S+)")


@dataclass(frozen=True, slots=True)
class Step:
    """Hold a command and what it printed: JSON, and lines behind it, such as the HTTP status."""

    command: str
    answer: Any = None
    behind: str = ""

    @classmethod
    def of(cls, found: re.Match[str]) -> Step:
        return cls(found["command"], *_read(found["answer"] or ""))

    def text(self) -> str:
        """Return the step as it stands in a page."""
        printed = f"\n```json\n{laid_out(self.answer)}\n{self.behind}```\n" if self.answer is not None else ""
        return f"```sh\n{self.command}```\n{printed}"


@dataclass(frozen=True, slots=True)
class Stage:
    """Say where a walk-through is run: the server's port and data folder, the photos, and the port that serves them."""

    port: int
    data: Path
    photos: Path
    web: int = 0


def steps(text: str) -> list[Step]:
    """Return the steps in a text, in their order."""
    return [Step.of(found) for found in STEP.finditer(text)]


def settings_in(text: str, web: int) -> dict[str, str]:
    """Return the settings that the walk-through's server is started with, by their names in the environment."""
    return {PREFIX + name: value.replace(WEB, _web(web)) for name, value in _SETTING.findall(text)}


def replayed(text: str, stage: Stage) -> str:
    """Run every step of a text and return it with what was printed; raise RuntimeError for a command that fails."""
    with tempfile.TemporaryDirectory() as folder:
        shell = _Shell(Path(folder), stage)
        return STEP.sub(lambda found: shell.run(Step.of(found)).text(), text)


@contextmanager
def served_photos(photos: Path) -> Iterator[int]:
    """Serve a folder of photos on loopback, as `python3 -m http.server` would; yield the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(photos)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SECONDS)


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class _Shell:
    """Run commands in a folder that looks like a checkout; remember what became of former answers' texts."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self._folder = folder
        self._shown: dict[str, str] = {}
        self._hidden: dict[str, str] = {WEB: _web(stage.web)} if stage.web else {}
        for name, target in (
            ("facenet_weights/photos", stage.photos),
            (".venv/bin", Path(sys.executable).parent),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(target)
        (folder / ".curlrc").write_text(f"silent\nconnect-to = {SERVER}:127.0.0.1:{stage.port}\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "CURL"))}
        self._environment = kept | {
            "CURL_HOME": str(folder),
            "NO_PROXY": "*",
            "PYTHONPATH": str(ROOT),
            f"{PREFIX}DATA": str(stage.data),
        }

    def run(self, step: Step) -> Step:
        command = _replaced(step.command, self._shown)
        answer, behind = _read(self._output(_replaced(command, self._hidden)))
        for place, former in strings(step.answer).items():
            now = strings(answer).get(place, former)
            if former != now and len(former) >= SHORTEST:
                (self._hidden if former.startswith("<") else self._shown)[former] = now
        shown = json.loads(_replaced(json.dumps(answer), {now: former for former, now in self._hidden.items()}))
        return Step(command, shown, behind)

    def _output(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr}")
        return done.stdout


def _read(printed: str) -> tuple[Any, str]:
    """Return the JSON that was printed, None for nothing, and the lines behind it."""
    if not printed.strip():
        return None, ""
    answer, end = json.JSONDecoder().raw_decode(printed)
    return answer, printed[end:].removeprefix("\n")


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for former, now in words.items():
        text = text.replace(former, now)
    return text


def _web(port: int) -> str:
    return f"127.0.0.1:{port}"
