"""HomyBK's tags through HTTP: as the local network sees them, and as Clarifai does when its key is set."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import FaceEngine
from tests.client import Client
from tests.homybk_client import (
    FILES,
    LATITUDE,
    MATCHED,
    MISSING_PICTURE,
    NO_TAG,
    NOT_MATCHED,
    SECRETS,
    TAGGER_FAULT,
    HomyBK,
    at_home,
)
from tests.homybk_server import SMALL, Serve, engine, folder, homy
from tests.listener import LOOPBACK, answer, listening, sending
from tests.pictures import decoded, encoded
from tests.scenery import PHOTOS
from tests.test_clarifai import KEY, StandIn

__all__ = ["engine", "folder", "homy"]
CAT, COFFEE = FILES["cat"], FILES["coffee"]


def test_the_local_network_is_asked(homy: HomyBK) -> None:
    for photo, tag in (("cat", "cat"), ("cat", " Cats "), ("cat", "animal"), ("coffee", "espresso")):
        assert homy.tag(FILES[photo], tag) == MATCHED
    for photo, tag in (
        ("cat", "dog"),
        ("coffee", "cat"),
        ("cat", "nonsense word"),
        ("cat", "고양이"),
        ("cat", "x" * 100),
    ):
        assert homy.tag(FILES[photo], tag) == NOT_MATCHED


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    started = StandIn()
    yield started
    started.stop()


@pytest.fixture
def asking(serve: Serve, engine: FaceEngine, folder: Path) -> Callable[..., HomyBK]:
    """Return a function that serves with Clarifai's settings."""

    def start(**settings: Any) -> HomyBK:
        given = {f"clarifai_{name}": value for name, value in settings.items()}
        return HomyBK(Client(serve(engine, data=folder, **given, **SMALL).port))

    return start


def test_with_a_key_clarifai_is_asked(asking: Callable[..., HomyBK], stand_in: StandIn) -> None:
    homy = asking(key=KEY, url=stand_in.url)
    # The stand-in sees a cat in every JPEG, and in nothing else.
    for photo in (at_home(CAT), COFFEE, encoded(PHOTOS["tripod"], ".png")):
        asked = len(stand_in.asked)
        assert homy.tag(photo, "cat") == MATCHED
        given = base64.b64decode(json.loads(stand_in.asked[asked].body)["inputs"][0]["data"]["image"]["base64"])
        assert len(stand_in.asked) == asked + 1
        assert np.abs(decoded(given).astype(int) - decoded(photo)).mean() < 5
        assert not [secret for secret in (*SECRETS, LATITUDE) if secret in given]
    assert homy.tag(CAT, "dog") == NOT_MATCHED
    asked = len(stand_in.asked)
    assert (homy.tag(CAT, ""), homy.tag("no photo", "cat")) == (NO_TAG, MISSING_PICTURE)
    assert len(stand_in.asked) == asked


def test_clarifais_settings_are_used(asking: Callable[..., HomyBK], stand_in: StandIn) -> None:
    homy = asking(key=KEY, url=stand_in.url, minimum=0.985)
    assert [homy.tag(CAT, tag) for tag in ("cat", "pet", "whisker")] == [MATCHED, MATCHED, NOT_MATCHED]
    assert asking(key=KEY, url=stand_in.url, model="another").tag(CAT, "cat") == TAGGER_FAULT
    assert stand_in.asked[-1].path.endswith("/another/outputs")


def test_a_tagger_that_fails_is_told(asking: Callable[..., HomyBK], stand_in: StandIn) -> None:
    assert asking(key="wrong", url=stand_in.url).tag(CAT, "cat") == TAGGER_FAULT
    with listening(sending(answer(b"<html>Bad gateway</html>", "502 Bad Gateway"))) as listener:
        url = f"http://{LOOPBACK}:{listener.port}"
        assert asking(key=KEY, url=url).tag(CAT, "cat") == TAGGER_FAULT
    assert asking(key=KEY, url=url).tag(CAT, "cat") == TAGGER_FAULT
