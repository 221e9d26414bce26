"""The browser that tests of the page use: what a page complains of fails a test, and a hindrance in it is found."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from settings import ROOT
from tests import browser
from tests.axe import violations
from tests.browser import Complaints, answered, complaints, new_page, settled, shot
from tests.listener import answer, listening
from tests.pictures import read

__all__ = ["complaints", "new_page"]

SECONDS = 10
NewPage = Callable[..., Page]
POLICY = (
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src *; "
    "require-trusted-types-for 'script'"
)
FRAME = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A page</title>'
    '<script src="page.js" type="module"></script><body><main><h1>A page</h1>{}</main>'
)
FAULTS = {
    "console.error('broken')": "console error: broken",
    "console.warn('deprecated')": "console warning: deprecated",
    "throw new Error('nobody catches it')": "uncaught: nobody catches it",
    "setTimeout(() => { throw new Error('nor later') })": "uncaught: nor later",
    "Promise.reject(new Error('nobody handles it'))": "uncaught: nobody handles it",
    "document.body.innerHTML = '<b>bold</b>'": "uncaught: .*'TrustedHTML' assignment",
    "try { eval('1') } catch { /* Told all the same. */ }": "console error: .*'TrustedScript' assignment",
    "document.body.setAttribute('style', 'color: red')": "console error: .*inline style violates",
    "document.body.append(Object.assign(new Image(), { src: 'data:image/png;base64,AAAA' }))": "image .*violates",
    "fetch('/missing')": f"console error: .*{answered(404)}",
    "fetch('http://127.0.0.2:9/').catch(() => null)": "request to another origin: http://127.0.0.2:9/",
    "fetch('http://elsewhere.example/').catch(() => null)": "request to another origin: http://elsewhere.example/",
    "new WebSocket('ws://127.0.0.2:9/')": "WebSocket: ws://127.0.0.2:9/",
}
HINDRANCES = {
    '<img src="page.png">': "image-alt",
    '<p class="pale">Pale on white</p>': "color-contrast",
    '<button class="tiny">x</button><button class="tiny">y</button>': "target-size",
    "<h4>A heading too deep</h4>": "heading-order",
    "<input>": "label",
}
STYLE = ".pale { color: #ccc; } .tiny { width: 10px; height: 10px; padding: 0; }"


Files = dict[str, tuple[str, str]]


@pytest.fixture
def hosted() -> Iterator[tuple[str, Files]]:
    """Serve files, each of a type, under a strict policy; they come beside the server's URL."""
    files: Files = {}

    def served(connected: socket.socket, request: bytes) -> None:
        kind, content = files.get(request.split()[1].decode(), ("", ""))
        status = "200 OK" if kind else "404 Not Found"
        connected.sendall(answer(content.encode(), status, f"Content-Type: {kind or 'text/plain'}", POLICY))

    with listening(served) as server:
        yield f"http://127.0.0.1:{server.port}", files


@pytest.fixture
def opened(hosted: tuple[str, Files], new_page: NewPage) -> Callable[..., Page]:
    """Return a function that serves a page with this body and script, and opens it."""
    # The server comes first, so that it goes last: browsers ask for an icon whenever they like.
    url, files = hosted

    def at(body: str = "", script: str = "", **options: object) -> Page:
        linked = f'<link rel="stylesheet" href="page.css">{body}'
        files.update({"/": ("text/html", FRAME.format(linked)), "/page.js": ("text/javascript", script)})
        files.update({"/page.css": ("text/css", STYLE), "/page.png": ("image/png", "")})
        files["/favicon.ico"] = ("image/png", "")
        page = new_page(url, **options)
        page.goto("/")
        return page

    return at


@pytest.mark.parametrize("script", FAULTS)
def test_what_goes_wrong_in_a_page_is_heard(opened: Callable[..., Page], complaints: Complaints, script: str) -> None:
    page = opened(script=script)
    deadline = time.monotonic() + SECONDS
    while not any(re.search(FAULTS[script], complaint) for complaint in complaints.unexpected()):
        assert time.monotonic() < deadline, complaints.heard
        page.wait_for_timeout(10)
    complaints.allow(FAULTS[script])
    # The browser often adds a word of its own to that.
    complaints.allow("^console error: (Failed to load|WebSocket connection|This document requires|Evaluating)")


def test_a_page_without_fault_is_silent(opened: Callable[..., Page], complaints: Complaints) -> None:
    page = opened(script="console.log('at work'); document.body.append('text'); fetch('page.css')")
    page.evaluate("() => Promise.reject(new Error('handled')).catch(() => null)")
    settled(page)
    assert complaints.heard == []


TESTS = """
import pytest
from playwright.sync_api import Error
from tests.browser import browsers, complaints, new_page

ERROR = "() => console.error('broken')"


@pytest.fixture(scope="session")
def chromium():
    with browsers() as start:
        yield start


def test_silent(new_page):
    new_page("http://127.0.0.1:9").evaluate("() => 1 + 1")


def test_broken(new_page):
    new_page("http://127.0.0.1:9").evaluate(ERROR)


def test_endless(new_page):
    page = new_page("http://127.0.0.1:9")
    page.set_default_timeout(500)
    page.evaluate("() => { setTimeout(() => { for (;;); }) }")


def test_crashed(new_page):
    with pytest.raises(Error, match="crash"):
        new_page("http://127.0.0.1:9").goto("chrome://crash")


def test_allowed(new_page, complaints):
    complaints.allow("broken")
    new_page("http://127.0.0.1:9").evaluate(ERROR)
"""


ANSWERS_NOT = "the page does not answer: "


def outcome(folder: Path, **environment: str) -> tuple[int, str]:
    """Run those tests in a process of their own; return its exit status and what it printed."""
    (folder / "test_pages.py").write_text(TESTS)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        ROOT / "pyproject.toml",
        folder,
        "-p",
        "no:cacheprovider",
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "REQUIRE_"))}
    variables = {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "300", **environment}
    done = subprocess.run(command, env=variables, check=False, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def test_a_complaint_fails_its_test_and_no_other(new_page: NewPage, tmp_path: Path) -> None:
    status, printed = outcome(tmp_path)
    assert (status, "5 passed, 3 errors" in printed) == (1, True), printed
    for name, complaint in (("broken", "console error: broken"), ("endless", ANSWERS_NOT), ("crashed", ANSWERS_NOT)):
        assert re.search(rf"ERROR .*test_pages.py::test_{name} - AssertionError: {complaint}", printed), printed


def test_without_chromium_tests_are_skipped_and_say_why_but_not_where_it_is_required(tmp_path: Path) -> None:
    missing = str(tmp_path / "chromium")
    status, printed = outcome(tmp_path, CHROMIUM=missing)
    assert (status, "5 skipped" in printed) == (0, True), printed
    assert f"{missing} is missing: `make browser` installs it" in printed
    status, printed = outcome(tmp_path, CHROMIUM=missing, REQUIRE_BROWSER="1")
    assert (status, "5 errors" in printed) == (1, True), printed
    assert f"{missing} is missing: `make browser` installs it" in printed


@pytest.mark.parametrize("body", HINDRANCES)
def test_a_hindrance_is_found(opened: Callable[..., Page], body: str) -> None:
    found = violations(opened(body))
    assert found
    assert all(sentence.startswith(f"{HINDRANCES[body]} (") for sentence in found), found


def test_a_page_without_hindrance_stays_as_it_is(opened: Callable[..., Page]) -> None:
    page = opened("<p>Dark on white <button>A button</button></p>", "window.scripts = 1")
    before = page.content()
    assert violations(page) == []
    assert (page.content(), page.evaluate("() => typeof window.axe")) == (before, "undefined")
    # Again on the same page, as tests do after each step.
    page.evaluate("() => document.querySelector('p').classList.add('pale')")
    assert [sentence.split()[0] for sentence in violations(page)] == ["color-contrast"]


def test_every_page_has_a_context_of_its_own(opened: Callable[..., Page]) -> None:
    korean = opened(locale="ko-KR", color_scheme="dark", viewport={"width": 320, "height": 640})
    seen = """() => [navigator.language, matchMedia("(prefers-color-scheme: dark)").matches, innerWidth,
                     localStorage.getItem("seen")]"""
    assert korean.evaluate(seen) == ["ko-KR", True, 320, None]
    korean.evaluate("() => localStorage.setItem('seen', 'yes')")
    assert opened().evaluate(seen) == ["en-US", False, 1280, None]
    assert korean.evaluate(seen) == ["ko-KR", True, 320, "yes"]


def test_korean_and_chinese_have_letters(opened: Callable[..., Page]) -> None:
    """Without fonts every letter is the same box."""
    page = opened("<p></p>")
    pictures = set()
    for letter in "한글汉字":
        page.evaluate("(letter) => { document.querySelector('p').textContent = letter }", letter)
        pictures.add(page.locator("p").screenshot())
    assert len(pictures) == 4


def test_a_shot_goes_to_build_unless_it_is_to_be_kept(
    opened: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "ROOT", tmp_path)
    page = opened(viewport={"width": 320, "height": 640})
    assert shot(page, "view") == tmp_path / "build" / "pages" / "view.jpg"
    monkeypatch.setenv("RECORD_PAGES", "1")
    kept = shot(page, "view")
    assert kept == tmp_path / "docs" / "pages" / "view.jpg"
    assert read(kept).shape == (640, 320, 3)
