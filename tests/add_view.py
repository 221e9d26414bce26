"""The Add view as a test has it: files that come in, and what it says of them."""

from __future__ import annotations

import base64
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from engine import FaceEngine
from tests.conftest import Live

NAME = "[type=text]"
GIVEN = """async ([way, files]) => {
    const transfer = new DataTransfer();
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    for (const [name, content] of files) transfer.items.add(new File([bytes(content)], name, { type: "image/jpeg" }));
    const kinds = { paste: ClipboardEvent, drop: DragEvent };
    const given = way === "paste" ? { clipboardData: transfer } : { dataTransfer: transfer };
    document.body.dispatchEvent(new kinds[way](way, { ...given, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def site(serve: Callable[..., Live], engine: FaceEngine) -> Live:
    """A server whose face set is empty."""
    return serve(engine)


def named(engine: FaceEngine) -> Counter[str]:
    """Return how many faces of the face set have which name."""
    return Counter(face.name for face in engine.faceset.page("default", 1000)[0])


def choose(page: Page, *files: Path) -> None:
    page.locator(".view-add input[type=file]").first.set_input_files(files)


def choose_folder(page: Page, folder: Path) -> None:
    page.locator(".view-add input[webkitdirectory]").set_input_files(folder)


def row(page: Page, name: str) -> Locator:
    return page.locator(".photo").filter(has=page.get_by_text(name, exact=True))


def row_at(page: Page, place: int) -> Locator:
    return page.locator(f".photo[aria-posinset='{place + 1}']")


def progress(page: Page) -> Locator:
    return page.locator(".batch-progress")


def done(page: Page, count: int) -> None:
    """Wait until so many photos are done with."""
    expect(progress(page)).to_contain_text(re.compile(rf"^{count:,} of {count:,} photos? Done\."))


def add_all(page: Page, count: int) -> None:
    """Add all faces that are ticked, which are so many."""
    page.get_by_role("button", name=re.compile(rf"^Add (all )?{count} ticked faces?$")).click()


def counted(page: Page, waiting: int = 0, added: int = 0, failed: int = 0, nothing: int = 0) -> None:
    """Wait until all are done with and the filters show so many photos each."""
    every = waiting + added + failed + nothing
    counts = {"All": every, "Waiting for you": waiting, "Added": added}
    counts |= {"Failed or stopped": failed, "Nothing to add": nothing}
    expect(page.locator(".segment")).to_have_text([f"{name} {count:,}" for name, count in counts.items()])


@contextmanager
def holding(page: Page) -> Iterator[list[Route]]:
    """Give the requests to /detect, which are held back until the test lets them go; those left over fail."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route("**/detect", hold)
    yield routes
    for route in routes:
        route.abort()
    page.unroute("**/detect")


@pytest.fixture
def held(page: Page) -> Iterator[list[Route]]:
    with holding(page) as routes:
        yield routes


def let_go(page: Page, held: list[Route]) -> None:
    """Let the oldest request go that is held back."""
    deadline = time.monotonic() + 10
    while not held:
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)
    held.pop(0).continue_()


def give(page: Page, way: str, files: list[tuple[str, bytes]]) -> None:
    """Drop files beside everything, or paste them."""
    page.evaluate(GIVEN, [way, [(name, base64.b64encode(content).decode()) for name, content in files]])
