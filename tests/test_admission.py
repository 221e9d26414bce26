"""Lanes: who runs, who waits, who is sent away, and for how long."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import Any

import pytest

from admission import LIGHT_BODY, NICENESS, Gate, Lane
from api.envelope import REFUSED


def idle(lane: Lane, seconds: float) -> None:
    """Let one request that takes so long go through the lane."""

    def work() -> list[bytes]:
        time.sleep(seconds)
        return []

    assert lane.enter() is None
    lane.run(work)


def test_a_lane_takes_as_many_as_run_and_wait() -> None:
    lane = Lane(running=2, waiting=3, patience=60)
    assert [lane.enter() for _ in range(5)] == [None] * 5
    assert lane.enter() is not None
    lane.run(list)
    assert lane.enter() is None


def test_a_lane_of_slow_requests_sends_away_who_would_wait_too_long() -> None:
    lane = Lane(running=1, waiting=1000, patience=1)
    for _ in range(30):
        idle(lane, 0.03)
    entered = 0
    while (wait := lane.enter()) is None:
        entered += 1
    # A second's worth of them, by what they took; the machine may have been slow, never fast.
    assert 3 <= entered <= 35
    assert 1 <= wait < 2


def test_a_place_is_given_back_when_the_work_fails() -> None:
    lane = Lane(running=1, waiting=0, patience=60)

    def fail() -> list[bytes]:
        raise RuntimeError

    for _ in range(3):
        assert lane.enter() is None
        with pytest.raises(RuntimeError):
            lane.run(fail)


class Application:
    """Note every request's niceness; photos wait until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.niceness: dict[str, int] = {}
        self.refused: list[int] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if REFUSED in environ:
            self.refused.append(environ[REFUSED])
            return [b"refused"]
        self.niceness[environ["PATH_INFO"]] = os.getpriority(os.PRIO_PROCESS, 0)
        if environ["PATH_INFO"] == "/detect":
            assert self.go.wait(20)
        return [b"done"]


def test_photos_hold_up_nobody_else_and_work_with_less_priority() -> None:
    application = Application()
    gate = Gate(application, threads=1, photos=2, fetches=1, queue=1, patience=60, fetchers=(), fetching=lambda _: None)
    photo = {"PATH_INFO": "/detect", "CONTENT_LENGTH": str(LIGHT_BODY + 1)}
    answers: list[Iterable[bytes]] = []
    photos = [threading.Thread(target=lambda: answers.append(gate(dict(photo), None))) for _ in range(3)]
    for thread in photos:
        thread.start()
    deadline = time.monotonic() + 20
    while gate._photos._inside < 3:
        assert time.monotonic() < deadline
    assert gate(dict(photo), None) == [b"refused"]
    assert application.refused[0] >= 1
    assert gate({"PATH_INFO": "/search", "CONTENT_LENGTH": "60"}, None) == [b"done"]
    assert gate({"PATH_INFO": "/faces"}, None) == [b"done"]
    assert answers == []
    application.go.set()
    for thread in photos:
        thread.join(20)
    assert answers == [[b"done"]] * 3
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert application.niceness == {"/detect": min(mine + NICENESS, 19), "/search": mine, "/faces": mine}


def test_who_waits_for_another_server_holds_up_no_photo() -> None:
    application = Application()
    gate = Gate(
        application,
        threads=1,
        photos=1,
        fetches=1,
        queue=0,
        patience=60,
        fetchers=("one", "two"),
        fetching={"/detect": "one", "/verify": "two"}.get,
    )
    asking = {"PATH_INFO": "/detect", "REQUEST_METHOD": "POST"}
    thread = threading.Thread(target=lambda: gate(dict(asking), None))
    thread.start()
    deadline = time.monotonic() + 20
    while gate._fetches["one"]._inside < 1:
        assert time.monotonic() < deadline
    # One more is refused, whatever the size of its body; a photo, a search and another method go on.
    assert gate({**asking, "CONTENT_LENGTH": str(LIGHT_BODY + 1)}, None) == [b"refused"]
    assert gate({"PATH_INFO": "/other", "CONTENT_LENGTH": str(LIGHT_BODY + 1)}, None) == [b"done"]
    assert gate({"PATH_INFO": "/search"}, None) == [b"done"]
    assert gate({**asking, "PATH_INFO": "/verify"}, None) == [b"done"]
    application.go.set()
    assert gate({**asking, "REQUEST_METHOD": "GET"}, None) == [b"done"]
    thread.join(20)
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert application.niceness["/other"] == min(mine + NICENESS, 19)
