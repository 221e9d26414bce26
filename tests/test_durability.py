"""What is acknowledged survives: kills, damage, a disk that is full or gone, another process, an older schema."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchmarks.crash import Trial
from benchmarks.interrupted import Interruptions
from benchmarks.photos import listed
from benchmarks.served import ServerProcess
from benchmarks.stored import stored
from errors import StartError
from faceset import tables
from faceset.keyfile import KeyFile
from faceset.seal import Seal
from faceset.store import FaceSet
from faceset.tokens import Face
from tests.client import Client, photo
from tests.faces import MODEL, sealed

VERSION_1 = """
    CREATE TABLE groups (id INTEGER NOT NULL PRIMARY KEY, key TEXT NOT NULL UNIQUE, created_at FLOAT NOT NULL);
    CREATE TABLE models (id INTEGER NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE);
    CREATE TABLE faces (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE,
        group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE, model_id INTEGER NOT NULL
        REFERENCES models (id), name TEXT NOT NULL, vector BLOB NOT NULL, created_at FLOAT NOT NULL);
    CREATE INDEX faces_by_group ON faces (group_id, id);
    PRAGMA user_version = 1;
"""


def faces(count: int) -> list[Face]:
    vectors = np.random.default_rng(count).standard_normal((count, 128)).astype(np.float32)
    return [Face(f"{number:024}", vector, 0.9, 50.0, name=f"name {number}") for number, vector in enumerate(vectors)]


def contents(path: Path) -> dict[str, bytes]:
    """Open the face set as a server does; return what is in it, the same in rows and index."""
    faceset = FaceSet(path, MODEL, 128)
    found, _ = faceset.page("default", 10_000)
    assert {face.token for face in found} == faceset.tokens()
    assert all(np.array_equal(face.vector, faceset.vector(face.token, "default")) for face in found)  # type: ignore[arg-type]
    faceset.close()
    return {face.token: face.name.encode() + face.vector.tobytes() for face in found}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A closed face set of 300 faces."""
    faceset = FaceSet(tmp_path / "faces.db", MODEL, 128)
    faceset.add(faces(300), "default")
    faceset.close()
    return tmp_path / "faces.db"


def refused(path: Path, sentence: str, model: str = MODEL) -> None:
    """Check that the file is refused with the sentence and not touched."""
    before = path.read_bytes()
    with pytest.raises(StartError, match=sentence):
        FaceSet(path, model, 128)
    assert path.read_bytes() == before


def test_one_server_a_folder_through_kill_9_while_faces_come_and_go(tmp_path: Path) -> None:
    trial = Trial(tmp_path / "data", seed=3, photos=5)
    for _ in range(2):
        # Each round ends with a server on the folder of one that was killed: its lock died with it.
        assert trial.round()[1] == []
    second = ServerProcess(tmp_path / "data")
    assert second.process.wait(30) == 1
    second.stop()
    (line,) = [line for line in second.log if line.startswith("facetoken:")]
    assert f"the data folder {tmp_path / 'data'} is in use by another facetoken process; stop that one" in line
    assert trial.server.process.poll() is None
    assert trial.server.stop() == 0


def test_a_server_that_is_killed_amid_a_rotation_a_deletion_and_additions(tmp_path: Path) -> None:
    trial = Interruptions(tmp_path / "data", seed=5, groups=1)
    assert {kind: run(0)[1] for kind, run in trial.rounds().items()} == {
        "key rotation": [],
        "group deletion": [],
        "adding faces": [],
    }
    assert trial.server.stop() == 0


def test_a_flipped_bit_in_the_header_ends_the_start_or_changes_nothing(database: Path) -> None:
    good, whole = database.read_bytes(), contents(database)
    outcomes = set()
    for place in range(100):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        database.write_bytes(bad)
        try:
            assert contents(database) == whole
            outcomes.add("opened")
        except StartError:
            assert database.read_bytes() == bad
            outcomes.add("refused")
    assert outcomes == {"opened", "refused"}


@pytest.mark.parametrize(
    "damage", ["cut 10", "cut 4096", "cut 50000", "cut -4096", "cut -1", "flip 0", "flip 3", "flip 8", "nan 0", "key 0"]
)
def test_a_file_that_was_cut_or_altered_in_the_middle_is_reported(database: Path, damage: str) -> None:
    (how, where), good = damage.split(), database.read_bytes()
    place = len(good) // 4096 // 2 * 4096 + int(where)
    flipped = good[:place] + bytes([good[place] ^ 0x40]) + good[place + 1 :]
    # Sealed by who has the key, so that nothing but the number is wrong.
    number, ring = faces(300)[7], KeyFile(database.with_name("key")).read()
    nan = Seal(ring, MODEL).vector(np.full(128, np.nan, np.float32), number.token, 1)
    no_number = good.replace(sealed(database)[number.token][0], nan)
    key = b"%024d" % 150  # a token, which stands in the table and in its index
    changed = (b"x" + key[1:]).join(good.rsplit(key, 1))
    database.write_bytes({"cut": good[: int(where)], "flip": flipped, "nan": no_number, "key": changed}[how])
    refused(database, "is damaged")


def test_another_models_faces_are_refused_but_an_empty_set_is_taken_over(database: Path, tmp_path: Path) -> None:
    refused(database, f"made by {MODEL}, and this server runs other", model="other")
    for model in ("other", MODEL):
        FaceSet(tmp_path / "empty.db", model, 128).close()


@pytest.mark.parametrize("version", [tables.VERSION + 1, 99, -1])
def test_a_newer_schema_is_refused(database: Path, version: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    refused(database, "written by a newer facetoken")


def test_version_1_moves_forward_wholly_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, made = tmp_path / "faces.db", faces(20)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
        connection.execute("INSERT INTO groups VALUES (1, 'default', 1.5)")
        connection.execute("INSERT INTO models VALUES (1, ?)", (MODEL,))
        rows = [(face.token, face.name, face.vector.tobytes()) for face in made]
        connection.executemany("INSERT INTO faces VALUES (NULL, ?, 1, 1, ?, ?, 2.5)", rows)
        connection.commit()
    whole = {face.token: face.name.encode() + face.vector.tobytes() for face in made}
    with monkeypatch.context() as broken:
        broken.setitem(tables.MIGRATIONS, 1, (*tables.MIGRATIONS[1][:2], "NO SUCH STATEMENT"))
        with pytest.raises(StartError, match="cannot open the face set"):
            FaceSet(path, MODEL, 128)
    assert contents(path) == whole
    faceset = FaceSet(path, MODEL, 128)
    first = faceset.get(made[0].token, "default")
    assert first is not None
    assert (first.created_at, first.confidence, first.size, first.photo_sha256) == (2.5, None, None, None)
    faceset.close()


class Crew:
    """A server with two enrolled faces and a third that waits; the disk fails and comes back under it."""

    def __init__(self, server: ServerProcess, data: Path, photos: Path) -> None:
        self.client, self.server, self.data, self.database = Client(server.port), server, data, data / "faces.db"
        self.pictures = [path.read_bytes() for path in listed(photos / "val")[:4]]
        self.kept = [self.client.enrolled(picture, f"kept {at}") for at, picture in enumerate(self.pictures[:2])]
        self.waiting = self.client.detect(self.pictures[2])["faces"][0]["face_token"]
        self.before = stored(self.database)

    def fails(self, word: str) -> None:
        """Check that every change answers 1003, that the log says why, and that nothing changed."""
        answers = [
            self.client.get("/addface", face_token=self.waiting),
            self.client.get("/removeface", face_token=self.kept[0]),
            self.client.get("/addface", face_token=self.kept[1], face_name="renamed"),
            self.client.post("/detect", photo(self.pictures[3])),
        ]
        assert [answer.error for answer in answers] == [(500, "1003", "INTERNAL_ERROR")] * 4
        assert any(word in line for line in self.server.log if "ERROR" in line), list(self.server.log)[-8:]
        assert self._neighbours(self.kept[0]) == {self.kept[1]: "kept 1"}

    def works(self) -> None:
        """Check that the changes that failed can be made now, and that nothing else happened."""
        assert stored(self.database) == self.before
        assert self.client.get("/addface", face_token=self.waiting, face_name="late").status == 200
        assert self._neighbours(self.kept[0]) == {self.kept[1]: "kept 1", self.waiting: "late"}
        assert self.client.get("/removeface", face_token=self.waiting).status == 200
        assert stored(self.database) == self.before
        self.waiting = self.client.detect(self.pictures[3])["faces"][0]["face_token"]

    def _neighbours(self, token: str) -> dict[str, str]:
        found = self.client.get("/search", face_token=token, threshold=2).json["cmp_result"]
        return {face["face_token"]: face["face_name"] for face in found}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small file system of our own, or a mere folder where that needs root."""
    folder = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=False)
    yield folder
    if folder.is_mount():
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="module")
def crew(disk: Path, photos: Path) -> Iterator[Crew]:
    """One for both tests below: each ends with `works`, which compares all that is stored with what was before."""
    with ServerProcess(disk / "data") as server:
        made = Crew(server, disk / "data", photos)
        yield made
        assert server.stop() == 0
    assert stored(made.database) == made.before


def test_the_folder_goes_and_the_disk_refuses_while_serving(crew: Crew) -> None:
    away = crew.data.with_name("away")
    crew.data.rename(away)
    crew.fails("gone from its place")
    away.rename(crew.data)
    crew.works()
    # No file may be written at all: the signal that comes with it is ignored by Python.
    process = crew.server.process.pid
    soft, hard = resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    crew.fails("cannot be written: disk I/O error")
    resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))
    crew.works()


def test_the_disk_is_full_while_serving(crew: Crew, disk: Path) -> None:
    if not disk.is_mount():
        pytest.skip("a file system of our own needs root")
    with (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(2**20)) == 2**20:
            pass
    crew.fails("database or disk is full")
    (disk / "filler").unlink()
    crew.works()
