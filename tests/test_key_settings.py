"""Keys by the real command line: from a setting or a file, rotated beside a server, and every wrong one told."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.served import ServerProcess
from faceset.cipher import NAME, name_of, new_key
from faceset.folder import locked
from faceset.keyfile import KeyFile
from faceset.sealing import sealing_key
from tests.client import Client
from tests.command import Command
from tests.faces import sealed
from tests.nhn_client import Checked
from tests.test_tenants_command import added

OLD, NEW = new_key(), new_key()


def command(folder: Path, *keys: bytes, **variables: str) -> Command:
    """Return the command line with these keys in the setting."""
    return Command(folder, **({"FACETOKEN_KEY": ",".join(key.hex() for key in keys)} if keys else {}), **variables)


def only_sentence(found: tuple[int, str, str], *parts: str) -> bool:
    """Tell whether a command failed with one sentence that has these parts."""
    status, out, err = found
    return (status, out, err.count("\n")) == (2, "", 1) and all(part in err for part in parts)


def test_keys_of_the_setting_need_no_file_and_are_never_shown(tmp_path: Path) -> None:
    given = command(tmp_path, OLD)
    added(given, "shop")
    assert [path.name for path in given.data.iterdir()] == ["faces.db"]
    assert sealing_key(given.data / "faces.db") == name_of(OLD)
    for status, out, err in (given.run("settings"), given.run("settings", "--markdown")):
        assert status == 0
        assert OLD.hex() not in out + err
    wrong = command(tmp_path, FACETOKEN_KEY=OLD.hex()[:-1] + "g").run("tenants", "list")
    assert only_sentence(wrong, "FACETOKEN_KEY='(secret)' is not allowed; it must be a comma list of keys")


def test_a_key_file_may_be_elsewhere(tmp_path: Path) -> None:
    elsewhere = command(tmp_path, FACETOKEN_KEY_FILE=str(tmp_path / "safe" / "shop.key"))
    added(elsewhere, "shop")
    assert [path.name for path in elsewhere.data.iterdir()] == ["faces.db"]
    assert KeyFile(tmp_path / "safe" / "shop.key").read().names == (sealing_key(elsewhere.data / "faces.db"),)


@pytest.mark.parametrize("words", [("tenants", "list"), ("tenants", "add", "x"), ("rotate-key",)])
def test_a_wrong_key_and_a_missing_one_are_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    with_file = command(tmp_path)
    added(with_file, "shop")
    file = with_file.data / "key"
    right, before = file.read_text(), (with_file.data / "faces.db").read_bytes()
    assert only_sentence(command(tmp_path, NEW).run(*words), "sealed with a key that is not in FACETOKEN_KEY")
    file.write_text(new_key().hex())
    assert only_sentence(with_file.run(*words), "is sealed with a key that is not in", "put the right key file")
    file.write_text(right)
    file.chmod(0o644)
    assert only_sentence(with_file.run(*words), "others may read the key file", "chmod 600")
    file.unlink()
    assert only_sentence(with_file.run(*words), "cannot read the key file", "No such file", "or set FACETOKEN_KEY")
    assert not file.exists()
    assert (with_file.data / "faces.db").read_bytes() == before


def test_a_server_with_the_wrong_key_does_not_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    added(command(tmp_path), "shop")
    (data / "key").write_text(NEW.hex())
    server = ServerProcess(data)
    assert server.process.wait(60) == 1
    server.stop()
    (line,) = [line for line in server.log if line.startswith("facetoken:")]
    assert "is sealed with a key that is not in" in line


def test_keys_of_the_setting_are_rotated_behind_a_server_that_has_both(tmp_path: Path) -> None:
    added(command(tmp_path, OLD), "shop")
    both, path = command(tmp_path, NEW, OLD), tmp_path / "data" / "faces.db"
    assert only_sentence(command(tmp_path, OLD).run("rotate-key"), "FACETOKEN_KEY has one key only")
    with locked(path):
        assert only_sentence(both.run("rotate-key"), "restart it with the same FACETOKEN_KEY")
    assert sealing_key(path) == name_of(OLD)
    sentence = "0 faces sealed again with the first key of FACETOKEN_KEY; take the others out, "
    assert both.run("rotate-key")[:2] == (0, sentence + "they open nothing but backups now\n")
    assert sealing_key(path) == name_of(NEW)
    assert command(tmp_path, NEW).run("tenants", "list")[0] == 0
    assert only_sentence(command(tmp_path, OLD).run("tenants", "list"), "not in FACETOKEN_KEY")


def test_the_key_file_is_rotated_beside_a_real_server(tmp_path: Path, photos: Path) -> None:
    portrait = sorted((photos / "val" / "madonna").iterdir())[1].read_bytes()
    rotation, data = command(tmp_path), tmp_path / "data"
    with ServerProcess(data) as server:
        checked, native = Checked(Client(server.port)), Client(server.port)
        app = added(rotation, "shop")
        checked.create_group(app, "staff")
        token = native.enrolled(portrait, "Madonna")
        listed = checked.add_faces(app, "staff", portrait, 1, "photo-1")["addedFaces"]
        for times in (1, 2):
            (old,) = KeyFile(data / "key").read().names
            status, out, _ = rotation.run("rotate-key")
            assert (status, out.split(";")[0]) == (0, f"{2 * times} faces sealed again with a new key")
            assert list(KeyFile(data / "key").read().names) != [old]
            listed = checked.add_faces(app, "staff", portrait, 1, f"photo-{times}")["addedFaces"] + listed
            assert checked.list_faces(app, "staff")["faces"] == listed
            native.enrolled(portrait, "Madonna again")
            assert native.get("/faces").json["faces"][0]["face_name"] == "Madonna"
        assert server.stop() == 0
    (name,) = KeyFile(data / "key").read().names
    assert {value[:NAME] for values in sealed(data / "faces.db").values() for value in values} == {name}
    with ServerProcess(data) as server:
        assert Client(server.port).get("/search", face_token=token, threshold=1).json["cmp_result"]
        assert Checked(Client(server.port)).list_faces(app, "staff")["faces"] == listed
