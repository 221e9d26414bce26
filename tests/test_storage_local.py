"""Photos in a folder: unguessable, private, whole, and reached by no other text."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

import durable
from api.envelope import Envelope
from api.stored import blueprint
from errors import FileError, InternalError, PhotoUrlError, StartError, UploadTooLarge
from fetcher import Fetcher, FetchRule
from serving import Server
from settings import ROOT, Settings
from storage.base import is_name, path_below
from storage.local import LocalStorage
from tests.client import Client
from tests.hostile_urls import hostile_urls

BASE = "http://faces.example:5000/"
MANY = 10_000_000
JPEG = b"\xff\xd8\xff" + bytes(1000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    return LocalStorage(tmp_path / "data" / "stored")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "stored"


def test_what_is_put_is_got_and_deleted(storage: LocalStorage, folder: Path) -> None:
    urls = [storage.put(photo, BASE) for photo in (JPEG, PNG)]
    assert [storage.get(url, BASE, MANY) for url in urls] == [JPEG, PNG]
    assert [url[-4:] for url in urls] == [".jpg", ".png"]
    storage.delete(urls[0], BASE)
    storage.delete(urls[0], BASE)
    with pytest.raises(PhotoUrlError):
        storage.get(urls[0], BASE, MANY)
    assert [path.read_bytes() for path in folder.iterdir()] == [PNG]


def test_names_are_random_and_files_private(storage: LocalStorage, folder: Path) -> None:
    names = {storage.put(JPEG, BASE).removeprefix(f"{BASE}stored/") for _ in range(50)}
    assert len(names) == 50
    assert all(is_name(name) for name in names)
    # Each of the 128 bits is there both ways, but for a chance in 2**42.
    numbers = [int(name.partition(".")[0], 16) for name in names]
    both = [sum(number >> bit & 1 for number in numbers) for bit in range(128)]
    assert min(both) > 0
    assert max(both) < 50
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_no_photo_is_not_stored(storage: LocalStorage, folder: Path) -> None:
    for data in (b"", b"<html>", b"GIF89a" + bytes(100)):
        with pytest.raises(FileError):
            storage.put(data, BASE)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("public_url", "base", "root"),
    [
        (None, "http://faces.example:5000/", "http://faces.example:5000/stored/"),
        (None, "http://faces.example/below/", "http://faces.example/below/stored/"),
        ("https://faces.example", "http://10.0.0.7:5000/", "https://faces.example/stored/"),
        ("https://faces.example/api", "http://10.0.0.7:5000/", "https://faces.example/api/stored/"),
    ],
)
def test_urls_begin_where_clients_reach_the_server(
    tmp_path: Path, public_url: str | None, base: str, root: str
) -> None:
    storage = LocalStorage(tmp_path, public_url)
    url = storage.put(JPEG, base)
    assert url.startswith(root)
    assert storage.get(url, base, MANY) == JPEG


@pytest.mark.parametrize(
    ("root", "url", "path"),
    [
        ("http://a.example", "http://a.example/x", "x"),
        ("http://a.example", "https://a.example/x", "x"),
        ("https://a.example", "http://A.Example:80/x?y=1#z", "x"),
        ("http://a.example:5000", "https://a.example:5000/x", "x"),
        ("http://a.example:5000", "http://a.example/x", None),
        ("http://a.example", "http://a.example:5000/x", None),
        ("http://a.example", "http://b.example/x", None),
        ("http://a.example", "http://a.example.b.example/x", None),
        ("http://a.example", "http://a.example@b.example/x", None),
        ("http://a.example", "http://user@a.example/x", None),
        ("http://a.example", "ftp://a.example/x", None),
        ("http://a.example/p", "http://a.example/px", None),
        ("http://a.example/p", "http://a.example/P/x", None),
        ("http://a.example/p", "http://a.example/q/../p/x", None),
        ("http://[::1]:5000", "http://[0:0::1]:5000/x", "x"),
        ("http://host with blanks", "http://host with blanks/x", None),
    ],
)
def test_which_urls_are_below_a_root(root: str, url: str, path: str | None) -> None:
    assert path_below(root, url) == path


def test_another_server_of_the_same_path_is_not_this_one(storage: LocalStorage) -> None:
    url = storage.put(JPEG, BASE)
    name = url.rpartition("/")[2]
    assert storage.get(url.replace("http:", "https:"), BASE, MANY) == JPEG
    assert storage.get(f"{url}?v=2#top", BASE, MANY) == JPEG
    for other in ("http://faces.example", "http://other.example:5000", "http://faces.example:5001"):
        assert storage.get(f"{other}/stored/{name}", BASE, MANY) is None
        storage.delete(f"{other}/stored/{name}", BASE)
    assert storage.get(f"{BASE}{name}", BASE, MANY) is None
    assert storage.get(url, "http://other.example:5000/", MANY) is None
    assert storage.get(url, BASE, MANY) == JPEG


def ways_up(name: str) -> list[str]:
    """Return texts that lead to a file elsewhere, or to the stored one by another way."""
    return [
        "",
        ".",
        "..",
        f"../stored/{name}",
        f"./{name}",
        f"/{name}",
        f"{name}/",
        f"{name}/..",
        f"{name}.",
        f"{name}%00",
        f"{name}\0",
        f"{name}\n",
        f"{name}%0a",
        f"%2e/{name}",
        f"%2e%2e/stored/{name}",
        f"..%2fstored%2f{name}",
        f"..%5cstored%5c{name}",
        f"%252e%252e/stored/{name}",
        "../../secret.jpg",
        "..%2f..%2fsecret.jpg",
        "%2e%2e%2f%2e%2e%2fsecret.jpg",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        name.upper(),
        f"%{ord(name[0]):x}{name[1:]}",
        name[1:],
        f"0{name}",
        name.replace(".jpg", ".png"),
        name.replace(".jpg", ".jpg.jpg"),
        name.replace(".jpg", ""),
        f"{durable.PART}{name}",
        "*.jpg",
    ]


def test_no_other_text_leads_to_a_file(storage: LocalStorage) -> None:
    url = storage.put(JPEG, BASE)
    root, _, name = url.rpartition("/")
    for text in ways_up(name):
        assert storage.read(text) is None, text
        try:
            found = storage.get(f"{root}/{text}", BASE, MANY)
        except PhotoUrlError:
            found = None
        assert found is None, text
        storage.delete(f"{root}/{text}", BASE)
    assert storage.get(url, BASE, MANY) == JPEG


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_refused_or_not_of_this_server(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any_text" / "stored"
    storage = LocalStorage(folder)
    (folder.parent / "secret.jpg").write_bytes(JPEG)
    assert storage.read(text) is None
    assert storage.get(text, BASE, MANY) is None
    try:
        assert storage.get(f"{BASE}stored/{text}", BASE, MANY) is None
    except PhotoUrlError:
        return


def test_hostile_urls_are_not_of_this_server(storage: LocalStorage) -> None:
    for base in (BASE, "http://127.0.0.1:5000/", "http://localhost:5000/", "http://", ""):
        for url in hostile_urls(5000):
            assert storage.get(url, base, MANY) is None


def test_the_absent_is_refused_in_the_fetchers_words(storage: LocalStorage) -> None:
    with pytest.raises(PhotoUrlError) as absent:
        storage.get(f"{BASE}stored/{'0' * 32}.jpg", BASE, MANY)
    with pytest.raises(PhotoUrlError) as refused:
        Fetcher(FetchRule()).get("http://169.254.169.254/", MANY)
    assert (type(absent.value), absent.value.detail) == (type(refused.value), refused.value.detail)


def test_the_limit_is_kept(storage: LocalStorage) -> None:
    url = storage.put(JPEG, BASE)
    assert storage.get(url, BASE, len(JPEG)) == JPEG
    with pytest.raises(UploadTooLarge, match=f"more than {len(JPEG) - 1} bytes"):
        storage.get(url, BASE, len(JPEG) - 1)


def test_what_a_killed_process_left_goes_and_nothing_else(storage: LocalStorage, folder: Path) -> None:
    url = storage.put(JPEG, BASE)
    (folder / f"{durable.PART}{'1' * 32}.jpg").write_bytes(JPEG[:100])
    (folder / "holiday.jpg").write_bytes(JPEG)
    LocalStorage(folder)
    assert {path.name for path in folder.iterdir()} == {url.rpartition("/")[2], "holiday.jpg"}


KILLED = """
import sys
from pathlib import Path
from storage.local import LocalStorage
storage = LocalStorage(Path(sys.argv[1]))
photo = b"\\xff\\xd8\\xff" + bytes(300_000)
while True:
    print(storage.put(photo, "http://faces.example"), flush=True)
"""


def test_a_kill_leaves_whole_photos_only(tmp_path: Path) -> None:
    whole = b"\xff\xd8\xff" + bytes(300_000)
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            urls = [running.stdout.readline().decode().strip() for _ in range(3)]
            running.kill()
            urls += running.stdout.read().decode().split()
        storage = LocalStorage(tmp_path)
        assert {path.read_bytes() for path in tmp_path.iterdir()} == {whole}
        assert all(storage.get(url, "http://faces.example", MANY) == whole for url in urls)


def test_a_disk_that_refuses_is_told(storage: LocalStorage, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = storage.put(JPEG, BASE)
    name = url.rpartition("/")[2]
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(InternalError):
        storage.delete(url, BASE)
    with pytest.raises(PhotoUrlError):
        storage.get(url, BASE, MANY)
    (folder / name).rmdir()
    folder.rmdir()
    with pytest.raises(InternalError):
        storage.put(JPEG, BASE)
    assert name not in caplog.text
    folder.write_bytes(b"a file")
    with pytest.raises(StartError, match="cannot use the folder of stored photos"):
        LocalStorage(folder)


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    durable.write(tmp_path / "a", b"one")
    durable.write(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        durable.write(tmp_path / "folder", b"three")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "folder"}


@pytest.fixture
def client(storage: LocalStorage) -> Iterator[Client]:
    settings = Settings(host="127.0.0.1", port=0, drain=2.0)
    app = Flask("facetoken", static_folder=None)
    Envelope(settings).attach(app)
    app.register_blueprint(blueprint(storage))
    server = Server(app, settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield Client(server.port)
    server.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_the_server_shows_a_stored_photo(storage: LocalStorage, client: Client) -> None:
    for photo, kind in ((JPEG, "image/jpeg"), (PNG, "image/png")):
        path = storage.put(photo, BASE).removeprefix(BASE.rstrip("/"))
        answer = client.get(path)
        assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, photo, kind)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        cache = set(answer.headers["Cache-Control"].split(", "))
        assert {"private", "immutable"} <= cache
        assert "public" not in cache
        assert client.request("GET", path, headers={"If-None-Match": answer.headers["ETag"]}).status == 304
        head = client.request("HEAD", path)
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(photo)))


def test_the_server_shows_nothing_else(storage: LocalStorage, client: Client) -> None:
    name = storage.put(JPEG, BASE).rpartition("/")[2]
    refused = 0
    for text in [*ways_up(name), "0" * 32 + ".jpg", "..%2fsecret.jpg", "%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd"]:
        # A client's library lets neither of the two through.
        answer = client.get("/stored/" + text.replace("\0", "%00").replace("\n", "%0A"))
        if unquote(text) == name:
            assert answer.body == JPEG
        elif answer.status != 308:
            assert answer.error[:2] == (404, "1001"), text
            refused += 1
    assert refused > 25
    assert client.post(f"/stored/{name}").error[:2] == (405, "1001")
