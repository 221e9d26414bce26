"""Debian's Chromium, driven by Playwright: every test has contexts of its own, and what a page complains of fails it.

A module that wants `page` imports the fixtures and has a fixture `site`, the server (`tests.conftest.Live`).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright

from settings import ROOT

if TYPE_CHECKING:
    from tests.conftest import Live

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    # Nothing but this machine is reached, whatever a page asks for; faces.test is it under a name.
    "--host-resolver-rules=MAP faces.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
CAMERA = ["--use-fake-device-for-media-stream"]
VIEWPORT = {"width": 1280, "height": 800}
MILLISECONDS = 20_000
"""How long anything is waited for: two workers and their servers share two cores."""

SERVER_GONE = r"net::ERR_(CONNECTION_|EMPTY_RESPONSE|INTERNET_DISCONNECTED|INCOMPLETE_CHUNKED|SOCKET_NOT_CONNECTED)"
"""What Chromium itself writes to the console while the server is away; for `Complaints.allow`."""


def answered(status: int) -> str:
    """Return what Chromium itself writes to the console when a request is refused; for `Complaints.allow`."""
    return f"the server responded with a status of {status} "


def need(there: bool, what: str) -> None:
    """Skip the test when something it needs is missing, or fail it where REQUIRE_BROWSER is set, as in CI."""
    if not there:
        reason = f"{what} is missing: `make browser` installs it"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


class Complaints:
    """Collect what goes wrong in pages: the console's errors and warnings (the policy's violations are among them),
    exceptions and rejections that nobody handles, requests to any other origin, and pages that no longer answer."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        """Expect complaints in which this regular expression is found; they no longer fail the test."""
        self._allowed.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        """Return what was heard and not allowed, in the order it came."""
        return [heard for heard in self.heard if not any(pattern.search(heard) for pattern in self._allowed)]

    def listen(self, context: BrowserContext, url: str) -> None:
        """Listen to all pages of a context that may ask the server at `url` alone."""
        home = urlsplit(url)[:2]

        def requested(address: str) -> None:
            place = urlsplit(address)
            # The two others never leave the browser.
            if place[:2] != home and place.scheme not in ("blob", "data"):
                self.heard.append(f"request to another origin: {address}")

        context.on("request", lambda request: requested(request.url))
        context.on("console", self._printed)
        context.on("weberror", lambda error: self.heard.append(f"uncaught: {error.error}"))
        context.on(
            "page", lambda page: page.on("websocket", lambda opened: self.heard.append(f"WebSocket: {opened.url}"))
        )

    def _printed(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(f"console {message.type}: {message.text} ({message.location['url']})")


@contextmanager
def browsers() -> Iterator[Callable[[Path | None], Browser]]:
    """Give a function that starts Chromium with a film as its camera, or with none: one for each film."""
    need(os.access(CHROMIUM, os.X_OK), str(CHROMIUM))
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:

        def start(film: Path | None) -> Browser:
            camera = [] if film is None else [*CAMERA, f"--use-file-for-fake-video-capture={film}"]
            return playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=[*ARGUMENTS, *camera])

        yield functools.cache(start)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the pages of this test complain of; what is not allowed by its end fails it."""
    collected = Complaints()
    yield collected
    assert not collected.unexpected(), "\n".join(collected.unexpected())


@pytest.fixture
def new_page(chromium: Callable[[Path | None], Browser], complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page at the server's URL in a context of its own; all are closed at the end.

    `camera` is a film of `tests.camera_feed`. Other options are those of Playwright's `Browser.new_context`, such as
    locale, color_scheme, viewport, reduced_motion, and permissions=["camera"]; without that one the camera is refused.
    """
    contexts: list[BrowserContext] = []

    def opened(url: str, *, camera: Path | None = None, **options: Any) -> Page:
        usual = {"base_url": url, "locale": "en-US", "timezone_id": "UTC", "viewport": VIEWPORT}
        context = chromium(camera).new_context(**{**usual, **options})
        context.set_default_timeout(MILLISECONDS)
        complaints.listen(context, url)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        for page in context.pages:
            try:
                settled(page)
            except Error as error:
                complaints.heard.append(f"the page does not answer: {error.message}")
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page], site: Live) -> Page:
    """A blank page in a context of its own, for the server `site`; `page.goto("/")` opens the server's."""
    return new_page(site.url)


def settled(page: Page) -> None:
    """Wait until a page has told what it has to complain of so far."""
    # Rejections are told after the task they happen in, and what is told before the answer comes before it. Unlike
    # `evaluate` this ends when the page never answers.
    page.wait_for_function("() => new Promise((done) => setTimeout(() => done(true)))")


def requests_to(page: Page, path: str) -> list[Request]:
    """Return the list to which every request of a path is added from now on."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith(path) else None)
    return sent


def shot(page: Page, name: str) -> Path:
    """Take a picture of what is seen of the page, without motion and caret: build/pages/<name>.jpg.

    Where RECORD_PAGES is set it goes to docs/pages/, as `make screenshots` has it.
    """
    folder = ROOT / ("docs" if os.environ.get("RECORD_PAGES") else "build") / "pages"
    path = folder / f"{name}.jpg"
    page.evaluate("() => document.fonts.ready.then(() => null)")
    page.screenshot(path=path, type="jpeg", quality=85, animations="disabled", caret="hide")
    return path
