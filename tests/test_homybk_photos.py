"""HomyBK's photos through HTTP: what is stored of them, how they may be spelt, and which are known again."""

from __future__ import annotations

import base64
import logging
import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
import pytest

from api.homybk import LIMITS, PREFIX
from benchmarks import scene_changes
from images import pixel_size
from tests.homybk_client import (
    COMPLETE,
    FILES,
    GOOD,
    LATITUDE,
    LONGITUDE,
    MATCHED,
    MISSING_STANDARD,
    NOT_MATCHED,
    SECRETS,
    STDIMG,
    TAKE_AGAIN,
    WRONG_PICTURE,
    HomyBK,
    at_home,
    checked,
    sent,
    stored,
)
from tests.homybk_server import engine, folder, homy, registered
from tests.pictures import Pixels, decoded, encoded, padded, turned
from tests.scenery import BLANK, PHOTOS

__all__ = ["engine", "folder", "homy", "registered"]


@pytest.fixture(scope="module")
def phone() -> bytes:
    """A photo of 12 megapixels."""
    large = cv2.resize(PHOTOS["tripod"], (3000, 4000), interpolation=cv2.INTER_CUBIC)
    return encoded(np.asarray(large, np.uint8), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 90)


@pytest.mark.parametrize("name", FILES)
def test_a_good_photo_is_stored_and_its_url_leads_to_it(homy: HomyBK, folder: Path, name: str) -> None:
    before = stored(folder)
    url = homy.registered(FILES[name])
    (made,) = stored(folder).keys() - before.keys()
    assert re.fullmatch(rf"http://127\.0\.0\.1:{homy.client.port}/stored/[0-9a-f]{{32}}\.jpg", url)
    assert url.endswith(f"/{made}")
    answer = homy.client.get(f"/stored/{made}")
    assert (answer.status, answer.body) == (200, stored(folder)[made])
    assert np.abs(decoded(answer.body).astype(int) - PHOTOS[name]).mean() < 5
    assert stat.S_IMODE((folder / "stored" / made).stat().st_mode) == 0o600


def test_a_test_stores_nothing(homy: HomyBK, folder: Path) -> None:
    before = stored(folder)
    assert [homy.test(data) for data in FILES.values()] == [GOOD] * len(FILES)
    assert stored(folder) == before


def test_names_cannot_be_guessed(homy: HomyBK) -> None:
    urls = [homy.registered(FILES["cat"]) for _ in range(20)]
    numbers = [int(url.rpartition("/")[2].removesuffix(".jpg"), 16) for url in urls]
    # The same photo, and no two names have a half in common but for a chance of 1 in 2**56.
    for halves in ([number >> 64 for number in numbers], [number % 2**64 for number in numbers]):
        assert len(set(halves)) == 20


SEEN_AGAIN: dict[str, Callable[[Pixels], Pixels]] = {
    "itself": lambda photo: photo,
    "from aside": lambda photo: scene_changes.turned_away(photo, 25),
    "leaning": lambda photo: scene_changes.rotated(photo, 30),
    "nearer": lambda photo: scene_changes.nearer(photo, 1.4),
    "cropped": lambda photo: scene_changes.cropped(photo, 0.75),
    "dark": lambda photo: scene_changes.darker(photo, 1.8),
    "lit from aside": scene_changes.lit_from_aside,
    "blurred": lambda photo: scene_changes.blurred(photo, 1.5),
}


@pytest.mark.parametrize("change", SEEN_AGAIN)
def test_the_same_scene_is_complete(homy: HomyBK, registered: dict[str, str], change: str) -> None:
    again = {name: encoded(SEEN_AGAIN[change](photo)) for name, photo in PHOTOS.items()}
    assert {homy.feature(again[name], url) for name, url in registered.items()} == {COMPLETE}


def test_another_scene_is_wrong(homy: HomyBK, registered: dict[str, str], photos: Path) -> None:
    for one, other in permutations(FILES, 2):
        assert homy.feature(FILES[one], registered[other]) == WRONG_PICTURE
    portrait = min(photos.glob("val/*/*.jpg")).read_bytes()
    mirrored = encoded(scene_changes.mirrored(PHOTOS["cat"]))
    for other_scene in (portrait, mirrored, encoded(BLANK["gradient"])):
        assert homy.feature(other_scene, registered["cat"]) == WRONG_PICTURE


def test_the_photo_of_a_phone_is_shrunk_and_known_again(homy: HomyBK, folder: Path, phone: bytes) -> None:
    url = homy.registered(padded(phone, LIMITS.max_bytes))
    kept = stored(folder)[url.rpartition("/")[2]]
    assert pixel_size(kept) == (960, 1280)
    assert len(kept) < 500_000
    assert homy.feature(phone, url) == COMPLETE
    assert homy.feature(FILES["tripod"], url) == COMPLETE
    assert homy.feature(phone, homy.registered(FILES["tripod"])) == COMPLETE
    assert homy.feature(phone, homy.registered(FILES["cat"])) == WRONG_PICTURE


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_what_is_stored_says_nothing_but_what_it_shows(homy: HomyBK, folder: Path, orientation: int) -> None:
    photo = cv2.resize(PHOTOS["cat"], (300, 200))
    lying = encoded(turned(np.asarray(photo, np.uint8), orientation), ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95)
    data = at_home(lying, orientation)
    assert all(secret in data for secret in (*SECRETS, LATITUDE, LONGITUDE))
    before = stored(folder)
    url = homy.registered(data)
    (kept,) = (stored(folder)[name] for name in stored(folder).keys() - before.keys())
    assert not [secret for secret in (*SECRETS, LATITUDE, LONGITUDE, b"xap", b"8BIM") if secret in kept]
    # APP0 is JFIF's; no other segment of an application, and no comment.
    assert {kept[at.start() + 1] for at in re.finditer(rb"\xff[\xe0-\xef\xfe]", kept)} == {0xE0}
    assert kept.endswith(b"\xff\xd9")
    # Upright without being told.
    assert np.abs(decoded(kept).astype(int) - photo).mean() < 4
    assert homy.feature(FILES["cat"], url) == homy.feature(data, url) == COMPLETE


def spellings(data: bytes) -> dict[str, str]:
    plain, safe = base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()
    lines = "\r\n".join(plain[at : at + 76] for at in range(0, len(plain), 76))
    return {
        "plain": plain,
        "data URL": f"data:image/jpeg;base64,{plain}",
        "data URL in capitals": f"DATA:image/JPEG;charset=utf-8;BASE64,{plain}",
        "URL-safe": safe,
        "line breaks": f"\n{lines}\n",
        "without padding": plain.rstrip("="),
        "URL-safe without padding, in a data URL, with line breaks": f"data:;base64,{safe.rstrip('=')}\n",
    }


@pytest.mark.parametrize("spelling", spellings(b""))
def test_base64_however_it_is_written(homy: HomyBK, registered: dict[str, str], spelling: str) -> None:
    """Lengths of all three remainders, so that the padding differs."""
    for more in range(3):
        text = spellings(padded(FILES["cat"], len(FILES["cat"]) + 10 + more))[spelling]
        assert homy.test(text) == GOOD
    assert homy.feature(text, registered["cat"]) == COMPLETE
    assert homy.tag(text, "cat") == MATCHED
    assert checked(STDIMG, homy.client.request("POST", STDIMG, sent(data=text)))["message"] == GOOD


def test_many_at_once_have_the_same_answers(homy: HomyBK, registered: dict[str, str]) -> None:
    pairs = [(one, other) for one in FILES for other in FILES] * 3
    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(lambda pair: homy.feature(FILES[pair[0]], registered[pair[1]]), pairs))
    assert found == [COMPLETE if one == other else WRONG_PICTURE for one, other in pairs]


def test_nothing_of_a_photo_is_in_the_log(
    homy: HomyBK,
    registered: dict[str, str],
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    data, tag = at_home(FILES["cat"]), "quellwasser"
    urls = [homy.registered(data), registered["coffee"], "http://169.254.169.254/quellwasser.jpg"]
    assert [homy.feature(data, url) for url in urls] == [COMPLETE, WRONG_PICTURE, MISSING_STANDARD]
    assert homy.tag(data, tag) == NOT_MATCHED
    assert homy.test(data[:-1000]) == TAKE_AGAIN
    homy.send(f"{PREFIX}{tag}", sent(data=data))
    written = caplog.text + "".join(capfd.readouterr())
    assert written.count('"route": "/auth/feature"') == 3
    names = [url.rpartition("/")[2] for url in urls]
    cat = base64.b64encode(FILES["cat"]).decode()
    encoded_parts = [cat[at : at + 20] for at in range(100, 2000, 20)]
    assert not [word for word in (*names, *encoded_parts, tag, "Elm Street", str(folder)) if word in written]
