"""The Find view, in a real browser against a real server: a photo comes in, and who it is comes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.page_site import choose, filled, opened, several, site, verdict_of
from tests.pictures import blank
from tests.population import KNOWN

__all__ = ["complaints", "filled", "new_page", "page", "several", "site"]

PhotosOf = dict[str, list[Path]]
SHOWN = ".tile:not([hidden])"


def distances(page: Page) -> list[float]:
    return [float(text) for text in page.locator(f"{SHOWN} .under").all_inner_texts()]


def slide(page: Page, value: float) -> None:
    page.locator("#within").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))")


def forgotten(page: Page, engine: FaceEngine, token: str) -> None:
    """Remove a face, once the page that shows it is left: a picture on its way would find it gone."""
    page.goto("about:blank")
    engine.remove(token)


def test_a_known_face_is_found_and_filtered_without_another_request(
    page: Page, filled: FaceEngine, photos_of: PhotosOf
) -> None:
    opened(page)
    expect(page.locator(".view-find")).to_contain_text("12 faces are in the face set")
    choose(page, photos_of["ben_afflek"][3])
    assert "Likely ben_afflek" in verdict_of(page).inner_text()
    expect(page.locator(".face-box :checked")).to_have_count(1)
    assert page.locator(".landmarks path").first.get_attribute("d").count("M") == 5  # type: ignore[union-attr]
    expect(page.locator(".group:not([hidden]) h3")).to_have_text("ben_afflek")
    near = distances(page)
    token = str(page.locator(".face-box :checked").get_attribute("value"))
    assert near == [round(match.distance, 3) for match in filled.search_token(token, 1.0).matches]
    assert len(near) >= 2
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    slide(page, 1.4)
    everybody = distances(page)
    assert len(everybody) > len(near)
    slide(page, near[0] - 0.01)
    assert distances(page) == []
    slide(page, near[1] + 0.01)
    assert distances(page) == near[:2]
    assert re.search(r"within=0\.\d\d$", page.url)
    assert [url for url in asked if "/search" in url or "/faces" in url] == []
    assert violations(page) == []


def test_a_search_can_be_shared_reloaded_and_gone_back_to(
    page: Page, new_page: Callable[..., Page], site: Live, photos_of: PhotosOf, complaints: Complaints
) -> None:
    # Of a face that comes by the URL it is asked whether the face set has it.
    complaints.allow(answered(404))
    opened(page)
    choose(page, photos_of["madonna"][3])
    verdict_of(page)
    slide(page, 0.9)
    first, shown = page.url, distances(page)
    choose(page, photos_of["elton_john"][3])
    expect(page.locator(".verdict")).to_contain_text("elton_john")
    page.go_back()
    expect(page.locator(".verdict")).to_contain_text("madonna")
    assert (page.url, distances(page)) == (first, shown)
    page.reload()
    expect(page.locator(".verdict")).to_contain_text("madonna")
    assert distances(page) == shown
    expect(page.locator("#within")).to_have_value("0.9")
    # The photo is gone with the page; the crop of the face stands for it.
    assert "/show_photo/" in str(page.locator(".picture img").get_attribute("src"))
    other = opened(new_page(site.url), first.removeprefix(site.url))
    expect(other.locator(".verdict")).to_contain_text("madonna")
    assert distances(other) == shown
    page.go_back()
    expect(page.locator(".intake-title")).to_be_visible()
    assert page.url == f"{site.url}/"


def test_every_face_of_a_photo_is_told_and_can_be_chosen_by_arrow_keys(page: Page, several: Path) -> None:
    opened(page)
    choose(page, several)
    verdict_of(page)
    boxes = page.locator(".face-box")
    expect(boxes).to_have_count(5)
    names = page.locator(".face-name")
    expect(names).to_have_count(5)
    assert sorted(names.all_inner_texts()) == sorted([*KNOWN, "nobody known"])
    page.locator(".face-box :checked").focus()
    seen = set()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        token = page.locator(".face-box :checked").get_attribute("value")
        # The search for the face that has the focus is the one shown in the end.
        expect(page).to_have_url(re.compile(f"face={token}"))
        expect(page.locator(".view-find")).not_to_have_class(re.compile("searching"))
        seen.add(page.locator(".verdict h2").inner_text())
        expect(page.locator(f"[value='{token}']")).to_be_focused()
    assert {f"Likely {name}" for name in KNOWN} <= seen
    assert "Nobody like this is in the face set" in seen
    assert violations(page) == []


def test_nobody_is_an_answer_and_is_added_by_one_click(page: Page, filled: FaceEngine, photos_of: PhotosOf) -> None:
    opened(page)
    choose(page, photos_of["mindy_kaling"][0])
    assert "Nobody like this" in verdict_of(page).inner_text()
    before = filled.faceset.count("default")
    page.get_by_role("button", name="Add this face").click()
    expect(page.get_by_role("status").filter(has_text="Added without a name")).to_be_visible()
    # It is somebody now.
    expect(page.locator(".view-find .verdict")).to_have_count(0)
    assert filled.faceset.count("default") == before + 1
    link = page.get_by_role("link", name="Open it")
    expect(link).to_be_focused()
    token = str(link.get_attribute("href")).partition("face=")[2]
    choose(page, photos_of["mindy_kaling"][1])
    expect(page.locator(".group:not([hidden]) h3").first).to_have_text("No name")
    assert violations(page) == []
    forgotten(page, filled, token)


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</span><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "{count} ${alert(1)} {{name}}",
    "\u202eesrever\u202c שלום",
    "김민지 王芳 👩‍👩‍👧‍👦",
    "x" * 255,
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_whatever_it_says(page: Page, filled: FaceEngine, photos_of: PhotosOf, name: str) -> None:
    token = filled.detect(photos_of["mindy_kaling"][0].read_bytes()).faces[0].token
    filled.add(token, name)
    page.on("dialog", lambda dialog: pytest.fail(f"the name was run: {dialog.message}"))
    try:
        opened(page)
        choose(page, photos_of["mindy_kaling"][0])
        expect(page.locator(".group:not([hidden]) h3")).to_have_text(name)
        expect(page.locator(".verdict h2")).to_have_text(f"Likely {name}")
        expect(page.locator("#announcer")).to_contain_text(name)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    finally:
        forgotten(page, filled, token)


def test_no_face_is_said_and_a_face_that_is_forgotten_too(page: Page, tmp_path: Path, complaints: Complaints) -> None:
    (tmp_path / "wall.png").write_bytes(blank(400, 300))
    opened(page)
    choose(page, tmp_path / "wall.png")
    assert "No face on this photo" in verdict_of(page).inner_text()
    complaints.allow(answered(404))
    opened(page, f"/?face={'A' * 24}&within=1.00")
    expect(page.get_by_role("alert").filter(has_text="This face is not known any more")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_photos_are_pasted_and_dropped(page: Page, photos_of: PhotosOf, way: str) -> None:
    opened(page)
    page.evaluate(
        """async ([way, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "photo.jpg", { type: "image/jpeg" }));
            const kinds = { paste: ClipboardEvent, drop: DragEvent };
            const given = way === "paste" ? { clipboardData: transfer } : { dataTransfer: transfer };
            document.body.dispatchEvent(new kinds[way](way, { ...given, bubbles: true, cancelable: true }));
        }""",
        [way, list(photos_of["madonna"][3].read_bytes())],
    )
    assert "madonna" in verdict_of(page).inner_text()


def test_nothing_of_a_photo_stays_in_the_browser(page: Page, photos_of: PhotosOf) -> None:
    opened(page)
    choose(page, photos_of["madonna"][3])
    verdict_of(page)
    kept = """async () => [localStorage.length, sessionStorage.length, document.cookie, (await caches.keys()).length,
                           (await indexedDB.databases()).length]"""
    assert page.evaluate(kept) == [0, 0, "", 0, 0]
