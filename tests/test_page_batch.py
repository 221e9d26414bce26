"""A batch of the Add view through pauses, failures and outages: nothing is lost, and nothing added twice."""

from __future__ import annotations

import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from benchmarks.served import ServerProcess
from engine import FaceEngine
from tests.add_view import add_all, choose, counted, done, held, holding, let_go, named, progress, row, site
from tests.axe import violations
from tests.browser import SERVER_GONE, Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.page_site import opened

__all__ = ["complaints", "held", "new_page", "page", "site"]

PhotosOf = dict[str, list[Path]]


def test_a_batch_pauses_goes_on_elsewhere_and_is_cancelled(
    page: Page, engine: FaceEngine, photos_of: PhotosOf, held: list[Route]
) -> None:
    opened(page, "/add")
    page.get_by_label("Add clear faces at once").check()
    choose(page, *photos_of["jerry_seinfeld"], *photos_of["ben_afflek"][:2], photos_of["mindy_kaling"][0])
    expect(progress(page)).to_contain_text("0 of 8 photos")
    page.wait_for_function("() => document.querySelectorAll('.photo-result.working').length === 3")
    page.get_by_role("button", name="Pause").click()
    for _ in range(2):
        let_go(page, held)
    expect(progress(page)).to_contain_text("2 of 8 photos Paused.")
    let_go(page, held)
    expect(progress(page)).to_contain_text("3 of 8 photos Paused.")
    assert held == []
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("link", name="Find").click()
    badge = page.get_by_role("link", name="Add", exact=False).locator(".badge")
    expect(badge).to_have_text("37 % done")
    let_go(page, held)
    expect(badge).to_have_text("50 % done")
    page.go_back()
    assert violations(page) == []
    # Four are added, three are being looked at, and one has not begun.
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".notes")).to_contain_text(re.compile("^Cancelled. 4 photos were not looked at"))
    done(page, 8)
    counted(page, added=4, failed=4)
    expect(page.locator(".notes")).to_contain_text("stay in the face set: 4.")
    assert sum(named(engine).values()) == 4
    held.clear()
    page.unroute("**/detect")
    page.get_by_role("button", name="Try all 4 again").click()
    counted(page, added=8)
    assert sum(named(engine).values()) == 8


def test_what_fails_is_told_and_tried_again(
    page: Page, engine: FaceEngine, photos_of: PhotosOf, tmp_path: Path, complaints: Complaints, held: list[Route]
) -> None:
    for number, path in enumerate(photos_of["jerry_seinfeld"][:4]):
        shutil.copy(path, tmp_path / f"{number}.jpg")
    opened(page, "/add")
    choose(page, *(tmp_path / f"{number}.jpg" for number in range(4)))
    page.wait_for_function("() => document.querySelectorAll('.photo-result.working').length === 3")
    # The last is not read yet.
    (tmp_path / "3.jpg").unlink()
    while len(held) < 3:
        page.wait_for_timeout(20)
    complaints.allow(answered(500))
    fault = {
        "sucess": False,
        "success": False,
        "error_code": "1003",
        "error_msg": "INTERNAL_ERROR",
        "detail": "a fault",
    }
    for route in held[:2]:
        route.fulfill(status=500, json=fault)
    held[2].continue_()
    held.clear()
    page.unroute("**/detect")
    done(page, 4)
    counted(page, waiting=1, failed=3)
    expect(row(page, "3.jpg")).to_contain_text("cannot be read any more")
    failed = page.locator(".photo").filter(has_text="Something went wrong on the server")
    expect(failed).to_have_count(2)
    failed.first.get_by_role("button", name="Try").click()
    expect(failed).to_have_count(1)
    page.get_by_role("button", name="Try all 2 again").click()
    counted(page, waiting=3, failed=1)


def test_an_addition_whose_answer_was_lost_is_not_made_twice(
    page: Page, engine: FaceEngine, photos_of: PhotosOf, complaints: Complaints
) -> None:
    complaints.allow(SERVER_GONE)
    complaints.allow("ERR_FAILED")
    told: list[int] = []

    def lose(route: Route) -> None:
        told.append(route.fetch().status)
        if len(told) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/addface", lose)
    opened(page, "/add")
    choose(page, photos_of["madonna"][1])
    page.get_by_role("button", name="Add the ticked faces").click()
    expect(page.locator(".photo")).to_contain_text("Added 1 face")
    assert (len(told), sum(named(engine).values())) == (2, 1)


def test_a_busy_server_is_waited_for_however_long(
    page: Page, engine: FaceEngine, photos_of: PhotosOf, complaints: Complaints
) -> None:
    complaints.allow(answered(503))
    refused: list[Route] = []

    def busy(route: Route) -> None:
        refused.append(route)
        # More often than a single call tries.
        if len(refused) > 12:
            route.continue_()
        else:
            fault = {"sucess": False, "success": False, "error_code": "1003", "error_msg": "", "detail": "busy"}
            route.fulfill(status=503, json=fault, headers={"Retry-After": "0.01"})

    page.route("**/detect", busy)
    opened(page, "/add")
    page.get_by_label("Add clear faces at once").check()
    choose(page, *photos_of["madonna"][1:3])
    counted(page, added=2)


def test_faces_that_were_forgotten_are_found_again(
    page: Page, new_page: Callable[..., Page], new_engine: Callable[..., FaceEngine], serve: Callable[..., Live],
    tmp_path: Path, photos_of: PhotosOf, complaints: Complaints,
) -> None:  # fmt: skip
    complaints.allow(answered(404))
    engine = new_engine(tmp_path / "forgetful", ttl=2.0)
    tab = opened(new_page(serve(engine).url), "/add")
    choose(tab, *photos_of["madonna"][1:3])
    done(tab, 2)
    engine.add(engine.detect(photos_of["madonna"][2].read_bytes()).faces[0].token, "by somebody else")
    tab.wait_for_timeout(2100)
    add_all(tab, 2)
    done(tab, 2)
    expect(tab.locator(".photo").first).to_contain_text("Added 1 face")
    assert sum(named(engine).values()) == 2
    expect(tab.locator(".photo").nth(1)).to_contain_text("Already in the face set")
    tab.close()
    engine.close()


def test_a_batch_outlives_a_server_that_is_killed(
    new_page: Callable[..., Page], tmp_path: Path, photos_of: PhotosOf, complaints: Complaints
) -> None:
    for pattern in (SERVER_GONE, "ERR_FAILED", answered(404), answered(503)):
        complaints.allow(pattern)
    with ServerProcess(tmp_path / "data") as server:
        tab = opened(new_page(f"http://127.0.0.1:{server.port}"), "/add")
        choose(tab, *photos_of["madonna"][1:3])
        done(tab, 2)
        tab.get_by_label("Add clear faces at once").check()
        with holding(tab) as held:
            choose(tab, *photos_of["jerry_seinfeld"])
            let_go(tab, held)
            expect(progress(tab)).to_contain_text("3 of 7 photos")
        server.stop(signal.SIGKILL)
    # What was looked at is asked to be added while nobody is there.
    add_all(tab, 2)
    expect(tab.locator("#connection")).to_be_visible()
    expect(progress(tab)).to_contain_text("Waiting for the server")
    with ServerProcess(tmp_path / "data", port=server.port) as again:
        client = again.ready()
        counted(tab, added=7)
        kept = client.get("/faces", limit=10)[1]["faces"]
        assert Counter(face["face_name"] for face in kept) == {"unknown": 7}
        tab.close()
