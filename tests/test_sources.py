"""Which files an import tries and what it calls them, whatever lies in a folder."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from batch.sources import from_file, from_parent, listed, read
from errors import FileError, UploadError, UploadTooLarge


def shown(*paths: Path) -> list[str]:
    return [source.path.name for source in listed(paths, from_parent)]


def test_a_folder_is_walked_in_the_same_order_every_time(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/1.PNG", "a/c/4.jpeg", "a/3.jpg", "0.jpg", "a/notes.txt", "a/README", "photo.heic"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [source.path.relative_to(tmp_path).as_posix() for source in listed([tmp_path], from_parent)]
    assert found == ["0.jpg", "photo.heic", "a/3.jpg", "a/c/4.jpeg", "b/1.PNG", "b/2.jpg"]


def test_files_given_are_tried_whatever_their_ending(tmp_path: Path) -> None:
    assert shown(tmp_path / "notes.txt", tmp_path / "gone") == ["notes.txt", "gone"]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.jpg").touch()
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "second").symlink_to(tmp_path / "real")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    assert shown(tmp_path) == ["circle.jpg", "x.jpg"]


def test_a_very_deep_folder_is_walked(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 400)
    deep.mkdir(parents=True)
    (deep / "x.jpg").touch()
    assert shown(tmp_path) == ["x.jpg"]


def test_a_folder_that_may_not_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        top.chmod(0o755)
        (top / "closed").mkdir()
        (top / "closed" / "x.jpg").touch()
        (top / "y.jpg").touch()
        (top / "closed").chmod(0)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)
        try:
            found = list(listed([top], from_parent))
            direct = list(listed([top / "closed" / "x.jpg"], from_parent))
            with pytest.raises(FileError, match="permission denied"):
                read(direct[0].path, 10)
        finally:
            os.seteuid(before)
            (top / "closed").chmod(0o755)
    assert [source.path.name for source in found] == ["y.jpg", "closed"]
    assert found[1].problem == "the folder cannot be read: permission denied"


def test_names_come_from_the_folder_as_it_was_written_or_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Zoë Ångström").mkdir()
    photo = tmp_path / "Zoë Ångström" / "im Garten.v2.jpg"
    photo.touch()
    (tmp_path / "linked").symlink_to(photo.parent)
    assert from_parent(photo) == "Zoë Ångström"
    assert from_parent(tmp_path / "linked" / photo.name) == "linked"
    assert from_file(photo) == "im Garten.v2"
    monkeypatch.chdir(photo.parent)
    assert from_parent(Path(photo.name)) == "Zoë Ångström"
    assert from_parent(Path("/photo.jpg")) == "unknown"


def test_reading_waits_for_nothing_and_says_what_is_wrong(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    reasons = {}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.jpg"))
        for path in [*tmp_path.iterdir(), tmp_path / "gone.jpg", tmp_path / "empty.jpg" / "x", tmp_path / ("n" * 300)]:
            with pytest.raises((FileError, UploadError)) as caught:
                read(path, 1000)
            reasons[path.name] = caught.value.detail
    assert reasons == {
        "pipe.jpg": "it is a named pipe, not a file",
        "zero.jpg": "it is a device, not a file",
        "s.jpg": "it is a socket, not a file",
        "folder.jpg": "it is a folder, not a file",
        "broken.jpg": "it is a link to nowhere.jpg, which is not there",
        "circle.jpg": "too many levels of symbolic links",
        "empty.jpg": "the file is empty",
        "gone.jpg": "no such file or directory",
        "x": "not a directory",
        "n" * 300: "file name too long",
    }


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(bytes(1000))
    assert read(tmp_path / "x.jpg", 1000) == bytes(1000)
    with pytest.raises(UploadTooLarge, match="1000 bytes; at most 999"):
        read(tmp_path / "x.jpg", 999)
