"""The whole page by keyboard alone: from a photo to a name, a place in the wall, and the answer about two photos."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.browser import complaints, new_page, page
from tests.conftest import Live
from tests.page_site import filled, opened, site

__all__ = ["complaints", "filled", "new_page", "page", "site"]

MOST_TABS = 60

FOCUSED = """() => {
    const node = document.activeElement;
    // What a hidden input has is shown around its label.
    const shown = [node, node.closest("label")].filter(Boolean).map((each) => getComputedStyle(each));
    const words = node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent;
    const outlined = shown.some(({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && outlineWidth !== "0px");
    return { words: words.trim(), outlined, body: node === document.body };
}"""


def tab_to(page: Page, words: str, key: str = "Tab") -> None:
    """Press Tab until what has the focus says these words; the focus is to be seen all the way."""
    passed = []
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        focused = page.evaluate(FOCUSED)
        passed.append(focused["words"])
        if re.search(words, focused["words"]):
            assert focused["outlined"], f"the focus cannot be seen on {words}"
            return
        assert focused["outlined"] or focused["body"], f"the focus cannot be seen on {focused['words']!r}"
    raise AssertionError(f"no {words!r} among {passed}")


def chosen_by_key(page: Page, photo: Path) -> None:
    """Open the browser's own choice of files, which is where the focus is, and choose one."""
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Space")
    choosing.value.set_files(photo)


def test_a_journey_by_keyboard(page: Page, filled: FaceEngine, photos_of: dict[str, list[Path]]) -> None:
    # From now on: where it begins with the key that opens the choice, the key may come first.
    page.on("filechooser", lambda chooser: None)
    opened(page)
    before = filled.faceset.count("default")

    # Past the bar in one step, and to a photo.
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")
    tab_to(page, "Choose a photo")
    chosen_by_key(page, photos_of["mindy_kaling"][0])
    expect(page.locator(".verdict")).to_contain_text("Nobody like this")
    tab_to(page, "^Name")
    page.keyboard.type("Mindy")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Added as Mindy.")).to_be_visible()
    assert filled.faceset.count("default") == before + 1

    # What was added is opened, renamed, removed, and taken back.
    expect(page.get_by_role("link", name="Open it")).to_be_focused()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel.get_by_role("heading", name="Mindy")).to_be_visible()
    tab_to(page, "^Name")
    page.keyboard.press("Control+a")
    page.keyboard.type("Mindy K.")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name="Mindy K.")).to_be_visible()
    tab_to(page, "^Remove")
    page.keyboard.press("Enter")
    tab_to(page, "^Undo")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert filled.faceset.count("default") == before + 1

    # Two photos of one person.
    tab_to(page, "^Verify", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".view-verify h1")).to_be_focused()
    for photo in photos_of["madonna"][:2]:
        tab_to(page, "Choose a photo")
        chosen_by_key(page, photo)
    expect(page.locator(".view-verify .verdict")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/add", "/faceset", "/verify"])
def test_no_focus_moves_the_page_sideways(page: Page, site: Live, path: str) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    opened(page, path)
    passed = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        passed.add(page.evaluate(FOCUSED)["words"])
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), passed
    assert len(passed) > 8


def test_the_focus_comes_back_to_what_opened_a_dialog(page: Page, new_page: Callable[..., Page], site: Live) -> None:
    opened(page, "/faceset")
    page.locator(".wall-cell a, .wall-cell button").first.wait_for()
    page.locator("h1").focus()
    tab_to(page, "ben_afflek|elton_john|jerry_seinfeld|madonna|Mindy")
    page.keyboard.press("ArrowRight")
    where = page.evaluate("() => document.activeElement.getAttribute('href') ?? document.activeElement.textContent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    again = page.evaluate("() => document.activeElement.getAttribute('href') ?? document.activeElement.textContent")
    assert again == where
