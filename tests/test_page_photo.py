"""Photos that the page does not send as they are: turned, too large, of another kind, or none at all."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect

from tests.axe import violations
from tests.browser import complaints, new_page, page
from tests.page_site import choose, filled, opened, several, site, verdict_of
from tests.pictures import blank, encoded, read, tiff_orientation, turned, with_exif

__all__ = ["complaints", "filled", "new_page", "page", "several", "site"]

PhotosOf = dict[str, list[Path]]


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
