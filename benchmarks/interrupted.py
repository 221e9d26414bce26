"""Kill -9 amid a group's deletion, a key's rotation, the addition of many faces: all of it happened, or nothing.

Part of `python -m benchmarks.crash`. A real server works on one data folder, with groups of made-up faces and a tenant
who asks over HTTP; the killed one is started again each time.
"""

from __future__ import annotations

import base64
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path

import numpy as np

from benchmarks.groups import fill, left, pieces
from benchmarks.photos import GroupPhoto, encoded, listed, read
from benchmarks.served import ServerProcess
from benchmarks.stored import stored
from benchmarks.tenant import Tenant, command
from faceset.cipher import NAME
from faceset.keyfile import KeyFile
from model.weights import ensure_photos
from settings import Settings
from startup import opened_engine

FACES, PEOPLE, CLIENTS = 5000, 9, 3

Wrong = list[str]
Round = Callable[[int], tuple[str, Wrong]]


class Interruptions:
    """Interrupt what changes much at once; a round of each kind takes some seconds."""

    def __init__(self, data: Path, seed: int = 0, groups: int = 20) -> None:
        self._data, self._database, self._random = data, data / "faces.db", random.Random(seed)
        settings = replace(Settings.from_environment(), data=data)
        with opened_engine(settings) as engine:
            self._tenant = Tenant(data)
            made = np.random.default_rng(seed)
            for number in range(groups):
                fill(engine.faceset, self._tenant.key(f"g{number}"), FACES, made)
            engine.faceset.groups.make(self._tenant.key("added"))
        originals = [read(path) for path in listed(ensure_photos(settings.weights))]
        # As large as the dialect looks at, so that all of them are large enough for it.
        self._photo = encoded(GroupPhoto(4, PEOPLE, seed).compose(originals))
        self._acknowledged: set[str] = set()
        self._seconds: float | None = None
        self._longest = 0.1
        self.server = self._started()
        image = {"bytes": base64.b64encode(self._photo).decode()}
        self._faces: int = self._tenant.ask("POST", "/detect", {"image": image})[1]["faceDetailCount"]
        """How many faces of the photo there are to add."""

    def rounds(self) -> dict[str, Round]:
        """Return what does one round of each kind, by name; it takes the round's number, from 0."""
        # Adding last: its faces would be in the way of none.
        return {"key rotation": self.rotation, "group deletion": self.deletion, "adding faces": self.adding}

    def deletion(self, number: int) -> tuple[str, Wrong]:
        """Delete a group, and kill the server within the time that it takes."""
        name, key = f"g{number}", self._tenant.key(f"g{number}")
        gone, answers = pieces(self._database, key), list[int]()
        # Now, so that the secret is known, and not hashed in the time that is to be the deletion's.
        self._tenant.ask("GET", f"/groups/{name}")
        asking = threading.Thread(target=self._quietly, args=(lambda: answers.append(self._delete(name)),))
        asking.start()
        time.sleep(self._random.uniform(0, self._longest))
        self._kill_server()
        asking.join()
        # What it takes depends on the machine, and on what else runs there.
        self._longest *= 0.8 if answers else 1.25
        rows, listed = self._rows(key), self._tenant.ask("GET", f"/groups/{name}")[1]
        found = (rows, listed and listed["groups"][0]["faceCount"])
        wrong = [f"{found} faces are left in rows and index"] * (found not in ((FACES, FACES), (0, None)))
        if not rows:
            wrong += left(self._database, key, gone)
        if answers == [0] and rows:
            wrong.append(f"{name} is there though its deletion was acknowledged")
        return f"{'there' if rows else 'gone'}, {'acknowledged' if answers else 'in flight'}", wrong

    def _rows(self, key: str) -> int:
        query = "SELECT count(*) FROM faces JOIN groups ON groups.id = group_id WHERE key = ?"
        with closing(sqlite3.connect(self._database)) as connection:
            (count,) = connection.execute(query, (key,)).fetchone()
        return int(count)

    def _delete(self, name: str) -> int:
        return self._tenant.ask("DELETE", f"/groups/{name}")[0]

    def rotation(self, number: int) -> tuple[str, Wrong]:
        """Rotate the key, and kill the command, the server, or both, within the time that it takes."""
        before, file = stored(self._database), KeyFile(self._data / "key")
        if self._seconds is None:
            self._rotated()
        (old,), victim = file.read().names, ("command", "server", "both")[number % 3]
        rotation = command(self._data, "rotate-key")
        time.sleep(self._random.uniform(0.3, self._seconds or 0))
        if victim != "server":
            rotation.kill()
        if victim != "command":
            self._kill_server()
        rotation.communicate()
        keys = len(file.read().names)
        wrong = [f"another content after the kill of {victim}"] * (stored(self._database) != before)
        wrong += self._rotated()
        if stored(self._database) != before or old in file.read().names:
            wrong.append(f"another content, or the old key, after what followed the kill of {victim}")
        return f"{victim} killed, {keys} {'key' if keys == 1 else 'keys'} then", wrong

    def _rotated(self) -> Wrong:
        """Rotate to the end; return what is wrong then."""
        begun = time.monotonic()
        rotation = command(self._data, "rotate-key")
        _, err = rotation.communicate()
        self._seconds = self._seconds or time.monotonic() - begun
        if rotation.returncode:
            return [err.strip()]
        names, used = KeyFile(self._data / "key").read().names, self._names()
        return [f"{len(names)} keys after it"] * (len(names) != 1) + ["rows under another key"] * (used != set(names))

    def _names(self) -> set[bytes]:
        """Return the names of the keys that seal anything."""
        columns = ("vector FROM slots WHERE used", "details FROM faces", "sealed FROM secrets")
        with closing(sqlite3.connect(self._database)) as connection:
            return {value[:NAME] for each in columns for (value,) in connection.execute(f"SELECT {each}")}

    def adding(self, number: int) -> tuple[str, Wrong]:
        """Add photos of many people over several connections, and kill the server."""
        adding = [threading.Thread(target=self._add, args=(f"{number}-{client}",)) for client in range(CLIENTS)]
        for thread in adding:
            thread.start()
        time.sleep(self._random.uniform(0.2, 2))
        self._kill_server()
        for thread in adding:
            thread.join()
        found = Counter(face["externalImageId"] for face in self._tenant.faces("added") or ())
        wrong = [f"{label} has {count} of {self._faces}" for label, count in found.items() if count != self._faces]
        wrong += [f"{label} was acknowledged and is gone" for label in self._acknowledged - found.keys()]
        indexed = self._tenant.ask("GET", "/groups/added")[1]["groups"][0]["faceCount"]
        wrong += ["the index has another number of faces"] * (indexed != found.total())
        unanswered = len(found.keys() - self._acknowledged)
        self._acknowledged |= found.keys()
        return f"{len(found):3} photos of {self._faces} faces, {unanswered} of them unanswered", wrong

    def _add(self, label: str) -> None:
        def add() -> None:
            photo = 0
            while True:
                name = f"{label}-{photo}"
                if self._tenant.add_faces("added", self._photo, name)[0] == 0:
                    self._acknowledged.add(name)
                photo += 1

        self._quietly(add)

    def _quietly(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except (OSError, HTTPException, ValueError):
            # The server is gone, in the middle of an answer perhaps.
            return

    def _kill_server(self) -> None:
        self.server.stop(signal.SIGKILL)
        self.server = self._started()

    def _started(self) -> ServerProcess:
        server = ServerProcess(self._data)
        try:
            server.ready()
        except OSError as error:
            raise RuntimeError("the server did not start: " + " / ".join(list(server.log)[-3:])) from error
        self._tenant.port = server.port
        return server


def interrupted(data: Path, rounds: int, seed: int) -> Iterator[tuple[str, Wrong]]:
    """Yield a line and what was wrong for each round of each kind."""
    trial = Interruptions(data, seed, rounds)
    try:
        for kind, run in trial.rounds().items():
            for number in range(rounds):
                summary, wrong = run(number)
                yield f"{kind} {number + 1:3}: {summary}; {len(wrong)} violations", wrong
    finally:
        trial.server.stop()
