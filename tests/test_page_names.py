"""The names that readers write in any view are cleaned of what is no text before the server keeps them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.add_view import named, site
from tests.browser import complaints, new_page, page
from tests.page_site import choose, opened

__all__ = ["complaints", "new_page", "page", "site"]

WRITTEN = "\u202e Mary\u0007 \u200f  Jane "


def test_names_are_tidied_in_find_and_in_the_face_set(
    page: Page, engine: FaceEngine, photos_of: dict[str, list[Path]]
) -> None:
    opened(page)
    choose(page, photos_of["madonna"][1])
    page.get_by_label("Name (optional)").fill(WRITTEN)
    page.get_by_role("button", name="Add this face").click()
    expect(page.get_by_role("status").filter(has_text="Added as Mary Jane.")).to_be_visible()
    assert named(engine) == {"Mary Jane": 1}
    page.get_by_role("link", name="Open it").click()
    page.get_by_role("dialog").get_by_label("Name").fill(f"{WRITTEN}II")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("#announcer")).to_contain_text("Renamed to")
    assert named(engine) == {"Mary Jane II": 1}
