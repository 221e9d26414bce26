"""The page and pages of other origins: what they may not do, and that it works where only `Origin` tells them apart."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Request

from api.page import VIEWS
from engine import FaceEngine
from tests.browser import Complaints, complaints, new_page
from tests.conftest import Live
from tests.homybk_client import FILES, stored
from tests.listener import answer, listening, sending
from tests.page_site import choose, filled, opened, site, verdict_of
from tests.withmind_client import sized

__all__ = ["complaints", "filled", "new_page", "site"]

NewPage = Callable[..., Page]
PhotosOf = dict[str, list[Path]]
ATTACK = """async ([home, token, photo, scene]) => {
    const person = new FormData();
    person.append("company", "acme");
    person.append("id", "mindy");
    person.append("image", new File([Uint8Array.from(atob(photo), (letter) => letter.charCodeAt())], "a.jpg"));
    const form = new FormData();
    form.append("face_token", token);
    const outcome = (path, options) => fetch(home + path, options).then((it) => it.type, () => "refused");
    return Promise.all([
        outcome("/removeface", { method: "POST", body: form }),
        outcome("/removeface", { method: "POST", body: form, mode: "no-cors" }),
        outcome("/removeface", { method: "DELETE", body: form }),
        outcome("/addface", { method: "POST", body: form, mode: "no-cors" }),
        outcome("/detect", { method: "POST", body: form, mode: "no-cors" }),
        outcome("/enrollment_img", { method: "POST", body: person, mode: "no-cors" }),
        outcome("/auth/stdimg", { method: "POST", body: JSON.stringify({ data: scene }), mode: "no-cors" }),
        outcome(`/removeface?face_token=${token}`, { mode: "no-cors" }),
        outcome(`/removeface?face_token=${token}`, { mode: "no-cors", referrerPolicy: "no-referrer" }),
    ]);
}"""


def test_a_page_of_another_origin_can_do_nothing(
    new_page: NewPage,
    complaints: Complaints,
    serve: Callable[..., Live],
    filled: FaceEngine,
    photos_of: PhotosOf,
    tmp_path: Path,
) -> None:
    """The other origin is another port, whose page tries all that pages can do without being allowed to."""
    complaints.allow("another origin|CORS|ERR_FAILED|ERR_BLOCKED|403")
    site = serve(filled, data=tmp_path)
    photos = [base64.b64encode(data).decode() for data in (sized(photos_of["madonna"][3].read_bytes()), FILES["cat"])]
    token = filled.faceset.page("default", 1)[0][0].token
    before = filled.faceset.count("default")
    with listening(
        sending(answer(b"<!doctype html><title>Elsewhere</title>", "200 OK", "Content-Type: text/html"))
    ) as other:
        page = new_page(f"http://127.0.0.1:{other.port}")
        page.goto("/")
        outcomes = page.evaluate(ATTACK, [site.url, token, *photos])
    assert set(outcomes) <= {"refused", "opaque"}
    assert filled.faceset.count("default") == before
    assert filled.faceset.get(token, "default") is not None
    assert filled.faceset.count("withmind/acme") == 0
    assert stored(tmp_path) == {}


def test_the_page_works_over_plain_http_under_a_name(new_page: NewPage, site: Live, photos_of: PhotosOf) -> None:
    """Browsers send no Sec-Fetch-Site there, and find more to complain of than on localhost."""
    home = f"http://faces.test:{site.port}"
    page, posted = new_page(home), list[Request]()
    page.on("request", lambda request: posted.append(request) if request.method == "POST" else None)
    for path in VIEWS:
        opened(page, path)
        page.wait_for_load_state("networkidle")
    assert page.evaluate("() => isSecureContext") is False
    opened(page)
    choose(page, photos_of["madonna"][3])
    assert "madonna" in verdict_of(page).inner_text()
    for request in posted:
        sent = request.all_headers()
        assert (sent["origin"], sent.get("sec-fetch-site"), sent.get("referer")) == (home, None, None)
    assert {request.url for request in posted} >= {f"{home}/detect", f"{home}/search"}
