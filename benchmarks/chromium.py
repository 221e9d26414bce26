"""The browser that the page is measured in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-precise-memory-info"]
MB = 1e6


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Start Debian's Chromium without a window, and end it."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGUMENTS)
    try:
        yield browser
    finally:
        browser.close()


def tab_memory(page: Page) -> float:
    """Return the resident memory, in MB, of the browser's largest renderer.

    Chromium tells its processes, but not which one is a page's. Where the browser has this page alone, the others are
    those of its own interface and one in store for the next page, and the largest is taken to be the page's.
    """
    browser = page.context.browser
    assert browser is not None
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process["id"] for process in found if process["type"] == "renderer"]
    sizes = [Path(f"/proc/{number}/statm").read_text().split()[1] for number in renderers]
    return max(int(size) for size in sizes) * os.sysconf("SC_PAGE_SIZE") / MB
