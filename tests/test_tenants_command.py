"""Tenants by the real command line, alone and beside a server that goes by them at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import FaceEngine
from errors import UnknownGroup
from faceset.folder import locked
from faceset.store import FaceSet
from faceset.tenants import APP_KEY, SECRET, Credentials, groups_of
from tests.client import Client
from tests.command import Command
from tests.conftest import Live
from tests.faces import DIM, MODEL, faces, sealed
from tests.nhn_client import Checked, Refusal


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


def added(command: Command, name: str) -> Credentials:
    status, out, _ = command.run("tenants", "add", name, "--json")
    assert status == 0
    made = json.loads(out)
    assert list(made) == ["appKey", "secretKey"]
    return Credentials(made["appKey"], made["secretKey"])


def names(command: Command) -> dict[str, str]:
    status, out, _ = command.run("tenants", "list", "--json")
    assert status == 0
    return {row["name"]: row["appKey"] for row in json.loads(out)}


def test_from_no_database_to_a_tenant_and_back(command: Command) -> None:
    assert names(command) == {}
    assert not command.data.exists()
    made = added(command, "Bücher & Co")
    assert (len(made.app_key), len(made.secret)) == (APP_KEY, SECRET)
    assert sorted(path.name for path in command.data.iterdir()) == ["faces.db", "key"]
    assert [path.stat().st_mode & 0o777 for path in (command.data, *sorted(command.data.iterdir()))] == [
        0o700,
        0o600,
        0o600,
    ]
    status, out, _ = command.run("tenants", "add", "shop")
    app_key, secret = (line.split()[1] for line in out.splitlines()[:2])
    assert (status, len(app_key), len(secret)) == (0, APP_KEY, SECRET)
    assert names(command) == {"Bücher & Co": made.app_key, "shop": app_key}
    assert secret.encode() not in b"".join(path.read_bytes() for path in command.data.iterdir())
    status, out, _ = command.run("tenants", "list")
    assert [line.split()[0] for line in out.splitlines()] == ["appKey", made.app_key, app_key]
    assert command.run("tenants", "remove", "shop")[0] == 0
    assert names(command) == {"Bücher & Co": made.app_key}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "taken"], "facetoken: there is a tenant named taken already\n"),
        (["rotate", "nobody"], "facetoken: there is no tenant named nobody\n"),
        (["remove", "nobody"], "facetoken: there is no tenant named nobody\n"),
        (["add", ""], "the name is empty\n"),
        (["add", "a\nb"], "the name holds a control character; use visible text\n"),
        (["add", "n" * 256], "the name has 256 characters; at most 255 are allowed\n"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(command: Command, arguments: list[str], sentence: str) -> None:
    added(command, "taken")
    before = names(command)
    status, out, err = command.run("tenants", *arguments)
    assert (status, out) == (2, "")
    assert err.endswith(sentence)
    assert names(command) == before


@pytest.mark.parametrize("what", ["rotate", "remove"])
def test_where_there_is_no_database_none_is_made_to_say_so(command: Command, what: str) -> None:
    assert command.run("tenants", what, "nobody") == (2, "", "facetoken: there is no tenant named nobody\n")
    assert not command.data.exists()


def test_a_running_server_goes_by_it_at_once(
    new_engine: Callable[..., FaceEngine], serve: Callable[..., Live], command: Command
) -> None:
    path = command.data / "faces.db"
    engine = new_engine(command.data)
    checked = Checked(Client(serve(engine).port))
    with locked(path):
        app, other = added(command, "app"), added(command, "other")
        for each in (app, other):
            assert checked.create_group(each, "staff") is None
        status, out, _ = command.run("tenants", "rotate", "app", "--json")
        again = Credentials(*json.loads(out).values())
        assert (status, again.app_key) == (0, app.app_key)
        assert isinstance(checked.list_groups(app), Refusal)
        assert checked.list_groups(again)["groupCount"] == 1
        gone, stays = (groups_of(each.app_key) + "staff" for each in (app, other))
        engine.faceset.add(faces(5), gone)
        engine.faceset.add(faces(5, first=5), stays)
        vectors = [sealed(path)[face.token][0] for face in faces(5)]
        sentence = "app is removed; the running server removes its groups within seconds\n"
        assert command.run("tenants", "remove", "app") == (0, sentence, "")
        assert isinstance(checked.list_groups(again), Refusal)
        # What it owned is in that process's index as well, which alone can remove it from both.
        assert engine.faceset.count(gone) == 5
        engine.sweep()
    assert (engine.faceset.count(gone), engine.faceset.count(stays)) == (0, 5)
    with pytest.raises(UnknownGroup):
        engine.faceset.groups.get(gone)
    assert checked.show_group(other, "staff")["groups"][0]["faceCount"] == 5
    assert [vector for vector in vectors if vector in held(command.data)] == []
    engine.close()


def test_where_no_server_runs_the_command_removes_what_a_tenant_owned(command: Command) -> None:
    gone, stays = (groups_of(added(command, name).app_key) + "staff" for name in ("gone", "stays"))
    path = command.data / "faces.db"
    faceset = FaceSet(path, MODEL, DIM)
    for first, group in enumerate((gone, stays, "default")):
        faceset.add(faces(5, first=5 * first), group)
    vectors = [sealed(path)[face.token][0] for face in faces(5)]
    faceset.close()
    assert command.run("tenants", "remove", "gone") == (0, "gone is removed, with its groups\n", "")
    assert [vector for vector in vectors if vector in held(command.data)] == []
    faceset = FaceSet(path, MODEL, DIM)
    with pytest.raises(UnknownGroup):
        faceset.groups.get(gone)
    assert [faceset.count(group) for group in (gone, stays, "default")] == [0, 5, 5]
    faceset.close()


def held(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
