"""The Verify view, in a real browser against a real server: two photos come in, and whether they show one person."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine import FaceEngine
from tests.axe import violations
from tests.browser import Complaints, answered, complaints, new_page, page
from tests.conftest import Live
from tests.listener import LOOPBACK, answer, by_path, listening, sending
from tests.module_engine import engine
from tests.page_site import opened, several
from tests.pictures import blank
from tests.verify_view import choose_for, distance_of, side, tokens

__all__ = ["complaints", "engine", "new_page", "page", "several"]

PhotosOf = dict[str, list[Path]]
LIKELY, UNSURE, DIFFERENT = "Likely the same person", "Unsure", "Probably different people"
GIVE = """([target, kind, photos]) => {
    const transfer = new DataTransfer();
    for (const photo of photos) {
        const bytes = Uint8Array.from(atob(photo), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
    }
    const options = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent(kind, { ...options, clipboardData: transfer })
        : new DragEvent(kind, { ...options, dataTransfer: transfer });
    document.querySelector(target).dispatchEvent(event);
}"""
VERDICTS = """async () => {
    const style = document.querySelector("link[rel=stylesheet]").href;
    const { verdict } = await import(style.replace("page.css", "verdict.js"));
    return [0, 0.65, 1, 1.0001, 1.2, 1.2001, 2].map((distance) => verdict(distance, 1));
}"""


@pytest.fixture(scope="module")
def registered(photos_of: PhotosOf) -> Iterator[str]:
    """A server of registered photos: its address."""
    photo = photos_of["mindy_kaling"][3].read_bytes()
    answers = {"/mindy.jpg": sending(answer(photo)), "/gone.jpg": sending(answer(b"", "404 Not Found"))}
    with listening(by_path(answers)) as listener:
        yield f"{LOOPBACK}:{listener.port}"


@pytest.fixture(scope="module")
def site(serve: Callable[..., Live], engine: FaceEngine, registered: str) -> Live:
    return serve(engine, fetch_allow=(registered,))


def verdict_of(page: Page) -> str:
    expect(page.locator(".verdict")).to_be_visible()
    return page.locator(".verdict h2").inner_text()


def give(page: Page, target: str, kind: str, *photos: Path) -> None:
    page.evaluate(GIVE, [target, kind, [base64.b64encode(photo.read_bytes()).decode() for photo in photos]])


def test_the_limits_for_two_photos(page: Page) -> None:
    opened(page, "/verify")
    assert page.evaluate(VERDICTS) == ["likely", "likely", "likely", "unsure", "unsure", "nobody", "nobody"]


def test_two_photos_are_compared_and_the_answer_survives_reload_and_back(
    page: Page, engine: FaceEngine, photos_of: PhotosOf
) -> None:
    opened(page, "/verify")
    choose_for(page, "a", photos_of["mindy_kaling"][0])
    expect(page.locator(".verify-answer")).to_contain_text("as soon as there is a face on both sides")
    choose_for(page, "b", photos_of["mindy_kaling"][3])
    assert verdict_of(page) == LIKELY
    expect(page.locator("#announcer")).to_have_text(re.compile(f"^{LIKELY}, at "))
    same, address = distance_of(page), page.url
    shown = tokens(page)
    assert same == round(engine.compare(shown["a"], shown["b"]), 2)
    assert violations(page) == []

    choose_for(page, "b", photos_of["ben_afflek"][0])
    expect(page.locator(".verdict h2")).to_have_text(DIFFERENT)
    assert distance_of(page) > 1.2
    assert tokens(page)["a"] == shown["a"]
    page.reload()
    assert verdict_of(page) == DIFFERENT
    page.go_back()
    expect(page.locator(".verdict h2")).to_have_text(LIKELY)
    assert (page.url, distance_of(page)) == (address, same)
    # The photos went with the page; the crops of the faces stand for them.
    sources = [image.get_attribute("src") for image in page.locator(".side .picture img").all()]
    assert sources == [f"/show_photo/{shown[name]}.jpg" for name in "ab"]
    assert violations(page) == []


def test_the_scale_has_the_documented_and_the_calibrated_points(page: Page, photos_of: PhotosOf) -> None:
    opened(page, "/verify")
    choose_for(page, "a", photos_of["madonna"][3])
    choose_for(page, "b", photos_of["elton_john"][3])
    verdict_of(page)
    marks = [
        mark.inner_text().split() for mark in page.get_by_role("list", name="Marks on the scale").locator("li").all()
    ]
    assert ["0.65", "documented"] in marks
    assert [mark[0] for mark in marks] == ["0.65", "0.90", "1.00", "1.10", "1.20"]
    bar = page.locator(".scale-bar").bounding_box()
    pointer = page.locator(".scale-pointer").bounding_box()
    assert bar
    assert pointer
    at = (pointer["x"] - bar["x"]) / (bar["width"] - pointer["width"])
    assert at == pytest.approx(min(distance_of(page) / 1.4, 1), abs=0.01)
    page.get_by_text("What the marks mean").click()
    expect(page.get_by_role("row", name="1.20 balanced")).to_contain_text("2.2 %")
    assert violations(page) == []


def test_any_face_of_a_photo_can_be_chosen(page: Page, several: Path, photos_of: PhotosOf) -> None:
    opened(page, "/verify")
    choose_for(page, "a", photos_of["mindy_kaling"][0])
    choose_for(page, "b", several)
    expect(side(page, "b")).to_contain_text("5 faces: the chosen one counts")
    verdict_of(page)
    steps = page.evaluate("() => history.length")
    side(page, "b").locator(".face-box :checked").focus()
    answers = set()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        token = side(page, "b").locator(".face-box :checked").get_attribute("value")
        expect(page).to_have_url(re.compile(f"b={token}"))
        answers.add(verdict_of(page))
    assert {LIKELY, DIFFERENT} <= answers
    assert page.evaluate("() => history.length") == steps


def test_a_photo_without_a_face_is_told(page: Page, photos_of: PhotosOf, tmp_path: Path) -> None:
    wall = tmp_path / "wall.png"
    wall.write_bytes(blank(320, 240))
    opened(page, "/verify")
    choose_for(page, "a", photos_of["madonna"][3])
    side(page, "b").locator("input[type=file]").set_input_files(wall)
    expect(side(page, "b")).to_contain_text("No face on this photo")
    expect(page.locator(".verdict")).to_have_count(0)
    assert set(tokens(page)) == {"a"}
    page.get_by_role("button", name="Start over").click()
    expect(side(page, "b")).not_to_contain_text("No face on this photo")
    expect(page.locator(".side .picture").nth(1)).to_be_hidden()


def test_a_face_that_is_forgotten_is_told_with_what_to_do(
    page: Page, engine: FaceEngine, photos_of: PhotosOf, complaints: Complaints
) -> None:
    complaints.allow(answered(404))
    opened(page, "/verify")
    choose_for(page, "a", photos_of["madonna"][3])
    choose_for(page, "b", photos_of["madonna"][4])
    verdict_of(page)
    engine.remove(tokens(page)["b"])
    page.reload()
    expect(side(page, "b").get_by_role("alert")).to_contain_text("forgotten after an hour: use the photo again")
    expect(side(page, "a").get_by_role("alert")).to_have_count(0)
    expect(page.locator(".verdict")).to_have_count(0)
    choose_for(page, "b", photos_of["madonna"][4])
    verdict_of(page)


def test_what_is_dropped_or_pasted_goes_where_it_is_meant(page: Page, photos_of: PhotosOf) -> None:
    opened(page, "/verify")
    marked = {name: side(page, name).locator(".face-box") for name in "ab"}
    give(page, "[data-side=b] .intake", "dragover", photos_of["madonna"][3])
    expect(side(page, "b").locator(".intake")).to_have_class(re.compile("over"))
    expect(side(page, "a").locator(".intake")).not_to_have_class(re.compile("over"))
    give(page, "[data-side=b] .intake", "drop", photos_of["madonna"][3])
    expect(marked["b"]).to_have_count(1)
    expect(marked["a"]).to_have_count(0)
    give(page, "body", "paste", photos_of["madonna"][4])
    expect(marked["a"]).to_have_count(1)
    verdict_of(page)
    before = tokens(page)
    side(page, "a").locator("button").first.focus()
    give(page, "body", "paste", photos_of["ben_afflek"][0])
    expect(page.locator(".verdict h2")).to_have_text(DIFFERENT)
    last = tokens(page)
    assert last["b"] == before["b"]
    give(page, "body", "drop", photos_of["elton_john"][0], photos_of["elton_john"][1])
    expect(page).to_have_url(re.compile(rf"a=(?!{last['a']})\w+&b=(?!{last['b']})\w+$"))


def test_sides_are_swapped_and_all_is_started_over(page: Page, photos_of: PhotosOf) -> None:
    opened(page, "/verify")
    expect(page.get_by_role("button", name="Swap sides")).to_be_disabled()
    choose_for(page, "a", photos_of["madonna"][3])
    choose_for(page, "b", photos_of["elton_john"][3])
    verdict_of(page)
    before, distance = tokens(page), distance_of(page)
    page.get_by_role("button", name="Swap sides").click()
    expect(page).to_have_url(re.compile(f"a={before['b']}&b={before['a']}$"))
    verdict_of(page)
    assert distance_of(page) == distance
    assert side(page, "a").locator(".face-box :checked").get_attribute("value") == before["b"]
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".verdict, .face-box")).to_have_count(0)
    assert page.url.endswith("/verify")


def register(page: Page, url: str) -> None:
    if not page.locator("#registered").is_visible():
        page.get_by_text("A registered photo by its URL").click()
    page.locator("#registered").fill(url)
    page.get_by_role("button", name="Use this URL").click()


def test_a_registered_photo_is_compared_as_finday_does(
    page: Page, registered: str, photos_of: PhotosOf, complaints: Complaints
) -> None:
    complaints.allow(f"{answered(400)}|{answered(401)}")
    opened(page, "/verify")
    register(page, f"http://{registered}/mindy.jpg")
    expect(page.locator(".verify-answer")).to_contain_text("as soon as there is a second photo")
    with page.expect_response("**/verify-face") as matched:
        side(page, "b").locator("input[type=file]").set_input_files(photos_of["mindy_kaling"][0])
    assert verdict_of(page) == "They match"
    body = matched.value.json()
    assert f"{body['distance']:.3f}" in page.locator(".verdict").inner_text()
    assert distance_of(page) == round((2 * body["distance"]) ** 0.5, 2)
    expect(page.locator(".mark-finday")).to_contain_text(f"{(2 * body['threshold']) ** 0.5:.2f}")
    assert violations(page) == []
    side(page, "b").locator("input[type=file]").set_input_files(photos_of["ben_afflek"][0])
    expect(page.locator(".verdict h2")).to_have_text("They do not match")
    register(page, f"http://{registered}/gone.jpg")
    expect(page.locator(".verify-answer .bad")).to_contain_text("no photo behind the URL that this server may fetch")
    # Whose URL it is is nobody's business: it stays out of the address.
    assert page.url.endswith("/verify")
    choose_for(page, "a", photos_of["ben_afflek"][2])
    assert verdict_of(page) in (LIKELY, UNSURE)
    assert set(tokens(page)) == {"a", "b"}


def test_without_finday_nothing_is_said_of_it(
    serve: Callable[..., Live], engine: FaceEngine, new_page: Callable[..., Page]
) -> None:
    page = opened(new_page(serve(engine, dialects=("nhn",)).url), "/verify")
    expect(side(page, "a").locator(".intake")).to_be_visible()
    expect(page.locator("#registered")).to_have_count(0)
