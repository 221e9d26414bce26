"""Names of the Add view: suggested by the face set, by folders and by files, and text whatever they say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.add_view import NAME, choose, done, give, named, row_at, site
from tests.axe import violations
from tests.browser import complaints, new_page, page
from tests.conftest import Live
from tests.page_site import opened

__all__ = ["complaints", "new_page", "page", "site"]

PhotosOf = dict[str, list[Path]]
SUGGESTED = {
    "train/ben_afflek/x.jpg": "ben afflek",
    "IMG_1234.jpg": "",
    "Mary Poppins 03.jpg": "Mary Poppins",
    "Mary Poppins - Copy (2).jpg": "Mary Poppins",
    "mary-poppins-3.JPG": "mary poppins",
    "Jean-Luc Picard (2).jpg": "Jean-Luc Picard",
    "J. R. R. Tolkien.jpg": "J. R. R. Tolkien",
    "O'Brien.png": "O'Brien",
    "홍길동 2.jpg": "홍길동",
    "王小明1.jpg": "王小明",
    "DCIM/100CANON/IMG_1.jpg": "",
    "photos/Mary Poppins.jpg": "Mary Poppins",
    "a/new folder/x.jpg": "",
    "20230501_123456.jpg": "",
    "PXL_20230101_1234.jpg": "",
    "WhatsApp Image 2023-01-02 at 10.11.12.jpeg": "",
    "f3a9c2e1.jpg": "",
    "image.png": "",
    f"{'x' * 300}.jpg": "",
    "<img src=x onerror=alert(1)>.jpg": "",
    "\u202egpj piz.jpg": "gpj piz",
}
HOSTILE = (
    "<img src=x onerror=alert(1)>.jpg",
    "\"'><svg onload=alert(1)>.jpg",
    "{name} ${alert(1)} %00 & &lt;b&gt;.jpg",
    "\u202egpj.eicla.jpg",
    "김민지 王芳 👩‍👩‍👧‍👦.jpg",
    "x" * 300 + ".jpg",
    "CON \t\x07.jpg",
)


def test_names_that_are_in_the_set_come_before_those_of_files(
    page: Page, engine: FaceEngine, photos_of: PhotosOf, tmp_path: Path
) -> None:
    engine.add(engine.detect(photos_of["madonna"][1].read_bytes()).faces[0].token, "Madonna Ciccone")
    shutil.copy(photos_of["madonna"][2], tmp_path / "Mary Poppins 03.jpg")
    opened(page, "/add")
    choose(page, tmp_path / "Mary Poppins 03.jpg", photos_of["madonna"][1])
    done(page, 2)
    known = page.locator(".photo").filter(has_text="Mary Poppins")
    expect(known.locator(NAME)).to_have_value("Madonna Ciccone")
    expect(known).to_contain_text("Like a known face")
    same = page.locator(".photo").filter(has_text="Already in the face set")
    expect(same.get_by_role("checkbox")).not_to_be_checked()
    offered = page.locator("#add-names option").evaluate_all("(options) => options.map(({value}) => value)")
    assert {"Madonna Ciccone", "Mary Poppins"} <= set(offered)


def test_names_are_suggested_by_folders_and_files(page: Page) -> None:
    opened(page, "/add")
    script = str(page.locator("script[type=module]").get_attribute("src")).replace("page.js", "add/naming.js")
    suggested = page.evaluate(
        "async ([script, paths]) => paths.map((await import(script)).suggestedName)", [script, list(SUGGESTED)]
    )
    assert dict(zip(SUGGESTED, suggested, strict=True)) == SUGGESTED
    tidied = page.evaluate(
        "async ([script, texts]) => texts.map((await import(script)).tidyName)",
        [script.replace("add/naming.js", "naming.js"), ["  a\u0000b\n ", "\U0001f600" * 300, "\u202eabc", " " * 9]],
    )
    assert tidied == ["a b", "\U0001f600" * 255, "abc", ""]


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_names_of_files_are_text_whatever_they_say(
    new_page: Callable[..., Page], site: Live, engine: FaceEngine, photos_of: PhotosOf, way: str
) -> None:
    tab = new_page(site.url, viewport={"width": 320, "height": 640}, color_scheme="dark")
    tab.on("dialog", lambda dialog: pytest.fail(f"the name was run: {dialog.message}"))
    opened(tab, "/add")
    tab.get_by_label("Add clear faces at once").check()
    files = [(name, photos_of["madonna"][1].read_bytes()) for name in HOSTILE]
    give(tab, way, files)
    done(tab, len(files))
    shown = []
    for place in range(len(files)):
        tab.evaluate("(place) => document.querySelectorAll('.photo')[0] && scrollTo(0, 400 + 152 * place)", place)
        shown.append(row_at(tab, place).locator(".photo-name").text_content())
        assert tab.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert sorted(map(str, shown)) == sorted(HOSTILE)
    assert sum(named(engine).values()) == 1
    assert violations(tab) == []
