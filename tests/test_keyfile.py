"""The key file: made once, for its owner only, replaced at once or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from errors import StartError
from faceset.cipher import KEY, new_key
from faceset.keyfile import KeyFile


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "data" / "key")


def test_it_is_made_once_and_for_its_owner_only(file: KeyFile) -> None:
    previous = os.umask(0)
    try:
        ring = file.read_or_make()
    finally:
        os.umask(previous)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(file.path.read_text())) == KEY
    assert file.read_or_make().names == file.read().names == ring.names
    assert [entry.name for entry in file.path.parent.iterdir()] == ["key"]


def test_a_new_key_seals_and_the_old_ones_open_until_they_are_forgotten(file: KeyFile) -> None:
    before = file.read_or_make()
    sealed = before.seal(b"a vector", b"row")
    assert file.begin()
    # A rotation that was begun is gone on with.
    assert not file.begin()
    both = file.read()
    assert both.names[1:] == before.names
    assert both.open(sealed, b"row") == b"a vector"
    (file.path.parent / ".key-left").mkdir()
    (file.path.parent / ".key-left" / "key").write_text(new_key().hex())
    with pytest.raises(StartError, match="was changed meanwhile"):
        file.end(both.names[1])
    assert file.end(both.names[0])
    assert file.read().names == both.names[:1]
    assert [path.name for path in file.path.parent.iterdir()] == ["key"]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_missing_key_is_not_made_up_when_one_is_needed(file: KeyFile) -> None:
    with pytest.raises(StartError, match=r"cannot read the key file .*No such file"):
        file.read()
    assert not file.path.exists()


@pytest.mark.parametrize("content", [b"", b"\n", b"abc\n", b"\xff" * 64, b"g" * 64, b"0" * 63])
def test_a_damaged_file_is_told_and_left_alone(file: KeyFile, content: bytes) -> None:
    file.read_or_make()
    file.path.write_bytes(content)
    with pytest.raises(StartError, match="key file"):
        file.read_or_make()
    assert file.path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(file: KeyFile, mode: int) -> None:
    file.read_or_make()
    file.path.chmod(mode)
    with pytest.raises(StartError, match="chmod 600"):
        file.read()


def test_a_write_that_fails_leaves_the_old_key(file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_or_make().names

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StartError, match="No space left"):
        file.put_first(new_key())
    monkeypatch.undo()
    assert file.read().names == before


def test_two_processes_that_find_none_go_on_with_the_same_one(file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def late(source: Path, path: Path) -> None:
        monkeypatch.undo()
        first.append(KeyFile(path).read_or_make().names)
        link(source, path)

    first: list[tuple[bytes, ...]] = []
    monkeypatch.setattr(os, "link", late)
    assert file.read_or_make().names == first[0]
