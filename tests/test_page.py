"""The page's files: how they are served, and that no text is missing in any language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api import page
from engine import FaceEngine
from tests.client import Client
from tests.conftest import Live
from tests.module_engine import engine

__all__ = ["engine"]

Serve = Callable[..., Live]
WEB = page.FOLDER
SCRIPTS = sorted(WEB.rglob("*.js"))
LANGUAGES = ("en", "ko", "zh")
HOLE = re.compile(r"\{(\w+)\}")
FILE = re.compile(r"\.(js|jpg)$")
KEY = r"[a-z][\w-]*(?:\.[\w-]+)+"


@pytest.fixture(scope="module")
def client(serve: Serve, engine: FaceEngine) -> Client:
    return Client(serve(engine).port)


def folder_of(html: str) -> str:
    """Return the path that the page's files lie under."""
    (folder,) = re.findall(r'src="(/web/[0-9a-f]{16})/page.js"', html)
    return str(folder)


@pytest.mark.parametrize("path", page.VIEWS)
def test_every_view_is_the_page(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.body == client.get("/").body
    assert client.get(path, face="x", name="anybody").body == answer.body
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy)
    assert answer.headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-cache",
        "Cross-Origin-Resource-Policy": "same-origin",
    }.items():
        assert answer.headers[name] == value


def test_the_page_holds_no_script_and_no_style_of_its_own(client: Client) -> None:
    html = client.get("/").body.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=|javascript:|\{\{", html) == []
    # Nothing from another host.
    assert [url for url in re.findall(r'(?:src|href)="([^"]+)"', html) if not url.startswith(("/", "#", "data:"))] == []


def test_a_page_that_is_known_is_not_sent_again(client: Client) -> None:
    first = client.get("/")
    again = client.request("GET", "/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert client.request("GET", "/", headers={"If-None-Match": '"another"'}).status == 200


def test_files_are_kept_for_ever_under_the_hash_of_them_all(client: Client) -> None:
    folder = folder_of(client.get("/").body.decode())
    kinds = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json"}
    for path in [*SCRIPTS, WEB / "page.css", *(WEB / "texts").glob("*.json")]:
        answer = client.get(f"{folder}/{path.relative_to(WEB).as_posix()}")
        assert (answer.status, answer.body) == (200, path.read_bytes())
        assert answer.headers["Content-Type"] == kinds[path.suffix]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["ETag"] == f'"{folder.rpartition("/")[2]}"'
    for missing in ("/web/0123456789abcdef/page.js", f"{folder}/page.py", f"{folder}/../server.py", f"{folder}/"):
        assert client.get(missing).error == (404, "1001", "BAD_ARGUMENTS")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small page in a folder of its own, which is served from then on."""
    (tmp_path / "page.html").write_text('<script type="module" src="{{web}}/page.js"></script>')
    (tmp_path / "page.js").write_text("1")
    monkeypatch.setattr(page, "FOLDER", tmp_path)
    return tmp_path


def test_a_changed_file_changes_the_path_of_all(serve: Serve, engine: FaceEngine, own_folder: Path) -> None:
    def served() -> str:
        return folder_of(Client(serve(engine, threads=1, queue=1).port).get("/").body.decode())

    seen = [served(), served()]
    assert len(set(seen)) == 1
    (own_folder / "texts").mkdir()
    for name in ("page.js", "other.js", "page.css", "texts/en.json"):
        (own_folder / name).write_text("2")
        seen.append(served())
    with (own_folder / "page.html").open("a") as template:
        template.write("<p>")
    assert len({*seen, served()}) == 6


def test_nothing_but_scripts_styles_and_texts_is_served(serve: Serve, engine: FaceEngine, own_folder: Path) -> None:
    clean = folder_of(Client(serve(engine, threads=1, queue=1).port).get("/").body.decode())
    for folder in ("texts", "find", "a.folder", "folder.js", ".hidden"):
        (own_folder / folder).mkdir()
    leftovers = ["upload.html", "page.js~", "#page.js#", ".page.js.swp", "page.js.orig", ".page.js", ".hidden/page.js"]
    leftovers += ["notes.json", "find/page.css", "texts/en.json~", "texts/.en.json", "a.folder/notes.txt", "key"]
    for name in leftovers:
        (own_folder / name).write_text("not for you")
    # What Emacs marks a file with that is being written.
    (own_folder / ".#page.js").symlink_to("somebody@example.1")
    (own_folder / "gone.js").symlink_to("somebody@example.1")
    client = Client(serve(engine, threads=1, queue=1).port)
    folder = folder_of(client.get("/").body.decode())
    assert folder == clean
    for name in ("page.html", "folder.js", "gone.js", "%23page.js%23", *leftovers):
        assert client.get(f"{folder}/{name}").status == 404, name
    (own_folder / "find" / "find.js").write_text("3")
    client = Client(serve(engine, threads=1, queue=1).port)
    found = client.get(folder_of(client.get("/").body.decode()) + "/find/find.js")
    assert (found.status, found.body) == (200, b"3")


def test_a_file_that_is_gone_is_gone_for_old_clients_too(serve: Serve, engine: FaceEngine) -> None:
    client = Client(serve(engine, status_200=True).port)
    folder = folder_of(client.get("/").body.decode())
    for missing in ("/web/0123456789abcdef/page.js", f"{folder}/no.js", f"{folder}/page.js?x=1"):
        assert client.get(missing).status in (400, 404)
    assert client.get(f"{folder}/page.js").status == 200


def test_the_page_can_be_left_out(serve: Serve, engine: FaceEngine) -> None:
    client = Client(serve(engine, page=False).port)
    for path in (*page.VIEWS, "/web/0123456789abcdef/page.js"):
        assert client.get(path).error == (404, "1001", "BAD_ARGUMENTS")
    assert client.get("/faces").status == 200


def test_the_page_knows_which_dialects_there_are(serve: Serve, engine: FaceEngine) -> None:
    html = Client(serve(engine, dialects=("nhn", "finday")).port).get("/").body.decode()
    assert '<html lang="en" data-dialects="nhn finday">' in html


def texts(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WEB / "texts" / f"{language}.json").read_text())
    return found


def forms(entry: Any) -> list[str]:
    return list(entry.values()) if isinstance(entry, dict) else [entry]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing(language: str) -> None:
    english, mine = texts("en"), texts(language)
    assert list(mine) == list(english)
    for key, entry in mine.items():
        assert all(form.strip() == form != "" for form in forms(entry)), key
        # Each form says what the English says; only one thing's number may be left out.
        wanted = {frozenset(HOLE.findall(form)) for form in forms(english[key])}
        for form in forms(entry):
            assert frozenset(HOLE.findall(form)) in wanted, key
        if isinstance(entry, dict):
            assert set(entry) == ({"one", "other"} if language == "en" else {"other"}), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_aloud_holds_what_is_shown(language: str) -> None:
    """Who speaks to the page says what a button shows (WCAG 2.5.3)."""
    mine = texts(language)
    for key in mine:
        if key.endswith(".of"):
            assert mine[key.removesuffix(".of")] in mine[key], key


def test_every_language_has_its_file_and_its_choice() -> None:
    assert {path.stem for path in (WEB / "texts").iterdir()} == set(LANGUAGES)
    assert re.findall(r'<option value="(\w+)" lang', (WEB / "page.html").read_text()) == list(LANGUAGES)
    assert f"LANGUAGES = {json.dumps(list(LANGUAGES))}" in (WEB / "texts.js").read_text()


def asked_for() -> tuple[set[str], set[str]]:
    """Return the keys that scripts and page name, and patterns of those that scripts put together."""
    named = set(re.findall(rf'data-(?:text|label)="({KEY})"', (WEB / "page.html").read_text()))
    composed = set()
    for script in SCRIPTS:
        code = script.read_text()
        named |= set(re.findall(rf'"({KEY})"', code))
        for template in re.findall(r"`([a-z$][^`\s/]*\.[^`\s/]*)`", code):
            composed.add(re.sub(r"\\\$\\\{.*?\\\}", r"[\\w.-]+", re.escape(template)))
    return named, composed


def test_every_text_is_used_and_every_text_that_is_used_is_there() -> None:
    named, composed = asked_for()
    there = set(texts("en"))
    prefixes = {key.partition(".")[0] for key in there}
    # Other literals with a dot are no keys: names of files, and of what is remembered.
    ours = {key for key in named if key.partition(".")[0] in prefixes and not FILE.search(key)}
    assert ours - there == set()
    unused = {key for key in there - named if not any(re.fullmatch(pattern, key) for pattern in composed)}
    assert unused == set()


def imported(script: str) -> set[str]:
    """Return the scripts that are loaded with one, itself among them."""
    found, waiting = set(), [script]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            here = (WEB / name).parent
            names = re.findall(r'^import .*? from "([\w./]+)";$', (WEB / name).read_text(), re.MULTILINE)
            waiting += [(here / each).resolve().relative_to(WEB).as_posix() for each in names]
    return found


def test_the_first_view_is_small() -> None:
    scripts = imported("page.js") | imported("find/find.js")
    first = [WEB / "page.html", WEB / "page.css", WEB / "texts" / "en.json", *(WEB / name for name in scripts)]
    # And one question to the API, how many faces there are.
    assert len(first) + 1 <= 10
    for language in LANGUAGES:
        first[2] = WEB / "texts" / f"{language}.json"
        assert sum(path.stat().st_size for path in first) < 100_000


def test_what_is_preloaded_is_what_the_page_imports() -> None:
    preloaded = re.findall(r'modulepreload" href="\{\{web\}\}/([\w.]+)"', (WEB / "page.html").read_text())
    assert {*preloaded, "page.js"} == imported("page.js")


def test_files_stay_small_and_have_one_noun() -> None:
    for script in SCRIPTS:
        lines = script.read_text().splitlines()
        assert len(lines) < 200, script.name
        assert lines[0].startswith("/** "), script.name
        assert script.stem not in ("utils", "helpers", "common", "misc")


def test_calibrated_points_are_those_of_the_readme() -> None:
    point = r"distance: ([\d.]+), found: ([\d.]+), strangers: ([\d.]+)"
    shown = {float(at): (float(found), float(far)) for at, found, far in re.findall(point, verdicts())}
    table = re.findall(r"^\| ([\d.]+) \| (\d+) % \| (none|[\d.]+ %) \|$", (WEB.parent / "README.md").read_text(), re.M)
    documented = {
        float(at): (int(found) / 100, 0.0 if far == "none" else round(float(far[:-2]) / 100, 6))
        for at, found, far in table
    }
    assert shown == documented
    assert len(shown) == 5


def verdicts() -> str:
    return (WEB / "verdict.js").read_text()
