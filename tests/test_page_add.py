"""The Add view, in a real browser against a real server: photos come in, and their faces are added."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from engine import FaceEngine
from tests.add_view import NAME, add_all, choose, choose_folder, counted, done, give, named, progress, row, row_at, site
from tests.axe import violations
from tests.browser import Complaints, complaints, new_page, page
from tests.page_site import opened, several
from tests.pictures import blank

__all__ = ["complaints", "new_page", "page", "several", "site"]

PhotosOf = dict[str, list[Path]]
HEIC = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(100)


@pytest.fixture
def folder(tmp_path: Path, photos_of: PhotosOf, several: Path) -> Path:
    """A folder of all that a folder of photos may hold."""
    made = tmp_path / "pictures"
    for name in ("ben_afflek", "madonna"):
        (made / name).mkdir(parents=True)
        shutil.copy(photos_of[name][1], made / name / "IMG_0001.jpg")
    shutil.copy(photos_of["jerry_seinfeld"][0], made / "Jerry Seinfeld 03.jpg")
    shutil.copy(several, made / "several.jpg")
    (made / "wall.png").write_bytes(blank(400, 300))
    (made / "phone.heic").write_bytes(HEIC)
    (made / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(50))
    (made / "empty.jpg").write_bytes(b"")
    for name in ("notes.txt", "list.csv", ".DS_Store"):
        (made / name).write_text("no photo")
    (made / "nothing").mkdir()
    return made


def test_a_folder_is_looked_at_and_what_is_ticked_is_added(page: Page, engine: FaceEngine, folder: Path) -> None:
    opened(page, "/add")
    assert violations(page) == []
    choose_folder(page, folder)
    done(page, 8)
    expect(page.locator(".notes")).to_have_text("2 files are no photos and were left out.")
    counted(page, waiting=4, failed=3, nothing=1)
    # Files of the same name, each under its folder's; the other one has its own.
    names = {"ben afflek", "madonna", "Jerry Seinfeld"}
    assert {str(field.input_value()) for field in page.locator(NAME).all()} - {""} == names
    hints = {"phone.heic": "HEIC photo", "cut.jpg": "damaged", "empty.jpg": "is empty", "wall.png": "No face found"}
    for name, hint in hints.items():
        expect(row(page, name)).to_contain_text(hint)
    assert named(engine) == {}
    # Of five clear faces nobody says who they are; the four others are one each.
    faces = row(page, "several.jpg").locator(".photo-face")
    expect(faces).to_have_count(5)
    expect(page.locator(".photo-face :checked")).to_have_count(3)
    assert violations(page) == []
    jerry = row(page, "Jerry Seinfeld 03.jpg")
    jerry.locator(NAME).fill("  Sir\tJerry ")
    jerry.get_by_role("button", name="Add").click()
    expect(jerry).to_contain_text("Added 1 face")
    assert named(engine) == {"Sir Jerry": 1}
    # Who writes a name means that face.
    faces.nth(2).locator(NAME).fill("somebody")
    expect(faces.nth(2).get_by_role("checkbox")).to_be_checked()
    add_all(page, 3)
    done(page, 8)
    expect(progress(page)).to_contain_text("Faces added: 4. Photos waiting for you: 0. Failed or stopped: 3.")
    assert named(engine) == {"Sir Jerry": 1, "ben afflek": 1, "madonna": 1, "somebody": 1}
    assert violations(page) == []
    page.get_by_label("Failed or stopped 3").check()
    expect(page.locator(".photo")).to_have_count(3)
    page.get_by_role("button", name="Clear what is done").click()
    expect(progress(page)).to_be_hidden()
    expect(page.locator(".intake-title")).to_be_visible()


def test_clear_faces_are_added_at_once_and_the_others_wait(
    page: Page, engine: FaceEngine, folder: Path, photos_of: PhotosOf
) -> None:
    shutil.copy(photos_of["madonna"][1], folder / "madonna" / "IMG_0002.jpg")
    opened(page, "/add")
    page.get_by_label("Add clear faces at once").check()
    choose_folder(page, folder)
    done(page, 9)
    counted(page, waiting=1, added=3, failed=3, nothing=2)
    assert named(engine) == {"ben afflek": 1, "madonna": 1, "Jerry Seinfeld": 1}
    # Two copies of a photo are one face, whichever came first; who wants the other one too can have it.
    page.get_by_label("Nothing to add 2").check()
    copy = page.locator(".photo").filter(has_text="madonna")
    expect(copy).to_contain_text("Already in the face set")
    copy.get_by_role("checkbox").check()
    page.get_by_label("Waiting for you 2").check()
    copy.get_by_role("button", name="Add").click()
    expect(copy).to_have_count(0)
    done(page, 9)
    assert named(engine)["madonna"] == 2
    # Whoever is in the set by now is named after it.
    waiting = page.locator(".photo").filter(has_text="several.jpg")
    expect(waiting.get_by_role("checkbox")).to_have_count(5)


def test_poor_faces_that_have_names_are_ticked_together(
    page: Page, engine: FaceEngine, tmp_path: Path, photos_of: PhotosOf, several: Path
) -> None:
    person = tmp_path / "Dana"
    person.mkdir()
    # Two faces of less than 60 pixels, and a larger one.
    for place, photo in enumerate((photos_of["madonna"][0], photos_of["ben_afflek"][3], photos_of["ben_afflek"][1])):
        shutil.copy(photo, person / f"IMG_000{place}.jpg")
    shutil.copy(several, person)
    opened(page, "/add")
    choose_folder(page, person)
    done(page, 4)
    # Nobody said who the five on one photo are.
    expect(page.locator(".photo-face")).to_have_count(8)
    expect(page.locator(".photo-face :checked")).to_have_count(1)
    page.get_by_role("button", name="Tick 2 more with names").click()
    expect(page.locator(".photo-face :checked")).to_have_count(3)
    expect(page.get_by_role("button", name="with names")).to_be_hidden()
    expect(page.get_by_role("button", name="Add all 3 ticked faces")).to_be_focused()
    add_all(page, 3)
    done(page, 4)
    assert named(engine) == {"Dana": 3}


def test_folders_are_dropped_however_deep(page: Page, engine: FaceEngine, folder: Path) -> None:
    deep = folder / "a" / "b" / "mindy_kaling"
    deep.mkdir(parents=True)
    shutil.move(folder / "ben_afflek" / "IMG_0001.jpg", deep / "x.jpg")
    many = folder / "many"
    many.mkdir()
    for number in range(120):
        (many / f"{number}.txt").write_text("no photo")
    opened(page, "/add")
    session = page.context.new_cdp_session(page)
    paths = [str(folder / name) for name in ("a", "many", "nothing", "several.jpg")]
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": paths, "dragOperationsMask": 1}
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 640, "y": 500, "data": data})
    done(page, 2)
    expect(page.locator(".notes")).to_have_text("120 files are no photos and were left out.")
    expect(row(page, "x.jpg").locator(NAME)).to_have_value("mindy kaling")
    expect(row(page, "x.jpg")).to_contain_text("a/b/mindy_kaling")


def test_thousands_of_photos_have_few_rows_and_wait_for_the_start(page: Page, complaints: Complaints) -> None:
    opened(page, "/add")
    give(page, "drop", [(f"{number}.jpg", b"") for number in range(2000)])
    expect(progress(page)).to_contain_text("0 of 2,000 photos Choose how to add them, then start.")
    expect(page.get_by_label("Add clear faces at once")).to_be_checked()
    rows = page.locator(".photo")
    assert 5 < rows.count() < 40
    row_at(page, 3).focus()
    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    expect(row_at(page, 1999)).to_contain_text("1999.jpg")
    expect(row_at(page, 1999)).to_have_attribute("aria-setsize", "2000")
    # The one with the focus is still there, and its neighbours.
    expect(row_at(page, 3)).to_be_focused()
    assert [row_at(page, place).count() for place in (1, 2, 4, 5)] == [0, 1, 1, 0]
    assert rows.count() < 40
    assert rows.evaluate_all("(rows) => rows.map((row) => Number(row.ariaPosInSet))") == sorted(
        rows.evaluate_all("(rows) => rows.map((row) => Number(row.ariaPosInSet))")
    )
    page.get_by_role("button", name="Start").click()
    done(page, 2000)
    counted(page, failed=2000)
    page.get_by_role("button", name="Clear what is done").click()
    expect(rows).to_have_count(0)


def test_everything_is_done_by_keys_and_the_focus_is_never_lost(
    page: Page, engine: FaceEngine, photos_of: PhotosOf
) -> None:
    opened(page, "/add")
    choose(page, *photos_of["madonna"][1:4])
    done(page, 3)
    page.get_by_label("All 3").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Waiting for you 3")).to_be_checked()
    focus = "() => document.activeElement.ariaLabel ?? document.activeElement.className"
    for _ in range(8):
        page.keyboard.press("Tab")
        if str(page.evaluate(focus)).startswith("Name of face"):
            break
    for number, name in enumerate(("first", "second", "third")):
        assert str(page.evaluate(focus)).startswith("Name of face 1 of 1"), number
        page.keyboard.press("Control+A")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.get_by_label(f"Waiting for you {2 - number}")).to_be_visible()
        assert page.evaluate("() => document.activeElement !== document.body")
    expect(page.get_by_label("Waiting for you 0")).to_be_focused()
    assert named(engine) == {"first": 1, "second": 1, "third": 1}
    expect(page.locator("#announcer")).to_contain_text("Done. Faces added: 3.")


def test_leaving_asks_while_something_is_unfinished(page: Page, photos_of: PhotosOf) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    opened(page, "/add")
    page.get_by_label("Look at each before adding").click()
    choose(page, photos_of["madonna"][1])
    done(page, 1)
    page.evaluate("() => location.reload()")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Leave out").click()
    expect(page.locator(".photo")).to_contain_text("Left out")
    page.get_by_role("button", name="Put back").click()
    page.get_by_role("button", name="Leave out").click()
    expect(page.get_by_label("Nothing to add 1")).to_be_visible()
    page.reload()
    expect(page.locator(".intake-title")).to_be_visible()
    assert asked == ["beforeunload"]
