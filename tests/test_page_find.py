"""The Find view, in a real browser against a real server: a photo comes in, and who it is comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.page_site import KNOWN, choose, filled, opened, photos_of, several, site, verdict_of
from tests.pictures import blank, encoded, read, tiff_orientation, turned, with_exif

__all__ = ["complaints", "filled", "new_page", "page", "photos_of", "several", "site"]

PhotosOf = dict[str, list[Path]]
SHOWN = ".tile:not([hidden])"


def distances(page: Page) -> list[float]:
    return [float(text) for text in page.locator(f"{SHOWN} .under").all_inner_texts()]


def slide(page: Page, value: float) -> None:
    page.locator("#within").evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))")


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
    page: Page, new_page: Callable[..., Page], site: Live, photos_of: PhotosOf
) -> None:
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
    expect(page.locator(".intake-title, .picture")).not_to_have_count(0)
    assert page.url == f"{site.url}/"


def test_every_face_of_a_photo_is_told_and_can_be_chosen_by_arrow_keys(page: Page, several: Path) -> None:
    opened(page)
    choose(page, several)
    verdict_of(page)
    boxes = page.locator(".face-box")
    expect(boxes).to_have_count(5)
    names = page.locator(".face-name")
    expect(names).to_have_count(5)
    assert sorted(names.all_inner_texts())[:4] == sorted([*KNOWN, "nobody known"])[:4]
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
    assert filled.faceset.count("default") == before + 1
    link = page.get_by_role("link", name="Open it")
    expect(link).to_be_focused()
    token = str(link.get_attribute("href")).partition("face=")[2]
    choose(page, photos_of["mindy_kaling"][1])
    expect(page.locator(".group:not([hidden]) h3").first).to_have_text("No name")
    assert violations(page) == []
    # A picture that is on its way would find its face removed.
    page.wait_for_load_state("networkidle")
    filled.remove(token)


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
        filled.remove(token)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_upright_with_its_box_on_the_face(
    page: Page, tmp_path: Path, photos_of: PhotosOf, orientation: int
) -> None:
    upright = read(photos_of["ben_afflek"][3])
    path = tmp_path / "turned.jpg"
    path.write_bytes(with_exif(encoded(turned(upright, orientation)), tiff_orientation(orientation)))
    opened(page)
    choose(page, path)
    assert "ben_afflek" in verdict_of(page).inner_text()
    sizes = page.locator(".picture img").evaluate("(image) => [image.naturalWidth, image.naturalHeight]")
    assert sizes == [upright.shape[1], upright.shape[0]]
    frame, box = page.locator(".picture img").bounding_box(), page.locator(".face-box").bounding_box()
    assert frame
    assert box
    share = (box["x"] + box["width"] / 2 - frame["x"]) / frame["width"]
    choose(page, photos_of["ben_afflek"][3])
    verdict_of(page)
    box = page.locator(".face-box").bounding_box()
    assert box
    assert abs((box["x"] + box["width"] / 2 - frame["x"]) / frame["width"] - share) < 0.03


def test_a_photo_over_the_limits_is_made_smaller_and_it_is_said(
    page: Page, tmp_path: Path, photos_of: PhotosOf, caplog: pytest.LogCaptureFixture
) -> None:
    large = cv2.resize(read(photos_of["ben_afflek"][3]), (5000, 7500), interpolation=cv2.INTER_CUBIC)
    path = tmp_path / "large.jpg"
    path.write_bytes(encoded(large, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95))
    assert path.stat().st_size > 2 * 1024 * 1024
    caplog.set_level("INFO", "facetoken.requests")
    opened(page)
    choose(page, path)
    assert "ben_afflek" in verdict_of(page).inner_text()
    expect(page.locator(".notes")).to_contain_text("Scaled down from 5000 \u00d7 7500 to 1707 \u00d7 2560 pixels")
    (sent,) = [line["bytes_in"] for line in map(json.loads, caplog.messages) if line["route"] == "/detect"]
    assert 100_000 < sent < 2 * 1024 * 1024 + 1000


def test_a_photo_of_many_bytes_but_few_pixels_is_only_packed_anew(page: Page, tmp_path: Path, several: Path) -> None:
    path = tmp_path / "heavy.png"
    path.write_bytes(encoded(read(several), ".png", cv2.IMWRITE_PNG_COMPRESSION, 0))
    assert path.stat().st_size > 1_500_000
    path.write_bytes(encoded(cv2.resize(read(several), None, fx=1.4, fy=1.4), ".png", cv2.IMWRITE_PNG_COMPRESSION, 0))
    opened(page)
    choose(page, path)
    verdict_of(page)
    expect(page.locator(".notes")).to_contain_text("Made a smaller JPEG of it")
    expect(page.locator(".face-box")).to_have_count(5)


REFUSED = {
    "empty.jpg": (b"", "This file is empty"),
    "phone.heic": (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(100), "HEIC photo"),
    "phone.jpg": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(100), "HEIC photo"),
    "text.jpg": (b"not a photo at all", "cannot be opened as a photo"),
    "cut.jpg": (b"\xff\xd8\xff\xe0" + bytes(50), "This photo is damaged"),
    "small.png": (blank(47, 300), "too small"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_with_a_hint(page: Page, tmp_path: Path, name: str) -> None:
    content, hint = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    opened(page)
    choose(page, tmp_path / name)
    expect(page.get_by_role("alert").filter(has_text=hint)).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("kind", [".webp", ".bmp"])
def test_another_kind_of_photo_is_converted_and_it_is_said(
    page: Page, tmp_path: Path, photos_of: PhotosOf, kind: str
) -> None:
    path = tmp_path / f"photo{kind}"
    path.write_bytes(encoded(read(photos_of["ben_afflek"][3]), kind))
    opened(page)
    choose(page, path)
    assert "ben_afflek" in verdict_of(page).inner_text()
    expect(page.locator(".notes")).to_contain_text("Made a JPEG of it in your browser")


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
