"""The fake camera: what a page gets of it is a person who keeps still, sways, comes, or is not there."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from model.base import Detection, Detector, Embedder
from tests.browser import complaints, new_page
from tests.camera_feed import HEIGHT, WIDTH, film, moving, nobody, still
from tests.conftest import Live
from tests.module_engine import engine
from tests.pictures import Pixels, decoded, read

__all__ = ["complaints", "engine", "new_page"]

NewPage = Callable[..., Page]
Centres = Callable[[Iterable[Pixels]], list[float | None]]

WATCH = """async ({ count, wait }) => {
    const video = document.createElement("video");
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
    await video.play();
    const [width, height] = [video.videoWidth, video.videoHeight];
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const frames = [];
    for (let number = 0; number < count; number += 1) {
        await new Promise((done) => setTimeout(done, wait));
        canvas.getContext("2d").drawImage(video, 0, 0);
        frames.push(canvas.toDataURL("image/png").split(",")[1]);
    }
    video.srcObject.getTracks().forEach((track) => track.stop());
    return frames;
}"""


@pytest.fixture(scope="module")
def site(serve: Callable[..., Live], engine: object) -> Live:
    return serve(engine)


@pytest.fixture(scope="module")
def portrait(photos: Path) -> Pixels:
    return read(min(photos.glob("val/mindy_kaling/*.jpg")))


@pytest.fixture
def centres(
    new_page: NewPage, site: Live, tmp_path: Path, face_networks: tuple[Detector, Embedder]
) -> Callable[[Iterable[Pixels]], list[float | None]]:
    """Return a function that has a page watch a film through its camera for about two seconds.

    It returns how far right the face of each frame is seen, None where there is none.
    """

    def watched(shown: Iterable[Pixels]) -> list[float | None]:
        page = new_page(site.url, camera=film(tmp_path / "camera.y4m", shown), permissions=["camera"])
        page.goto("/upload")
        frames = [decoded(base64.b64decode(data)) for data in page.evaluate(WATCH, {"count": 8, "wait": 240})]
        assert {frame.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
        assert all((one != next_).any() for one, next_ in itertools.pairwise(frames)), "a camera that stands still"
        return [centre(face_networks[0].detect(frame)) for frame in frames]

    return watched


def centre(faces: Sequence[Detection]) -> float | None:
    """Return where the largest face is: at some places the detector takes a thing of a few pixels for another one."""
    left, _, right, _ = max((face.box for face in faces), key=lambda box: box[2] - box[0], default=(0.0,) * 4)
    return (left + right) / 2 if faces else None


def sway(centres: list[float | None]) -> float:
    """Return how far a face moves that is there all the time."""
    there = [centre for centre in centres if centre is not None]
    assert len(there) == len(centres)
    return max(there) - min(there)


def test_a_person_who_keeps_still(centres: Centres, portrait: Pixels) -> None:
    assert sway(centres(still(portrait))) < WIDTH / 100


def test_a_person_who_moves(centres: Centres, portrait: Pixels) -> None:
    assert WIDTH / 8 < sway(centres(moving(portrait))) < WIDTH / 3


def test_nobody_is_there(centres: Centres) -> None:
    assert set(centres(nobody())) == {None}


def test_a_person_who_comes(centres: Centres, portrait: Pixels) -> None:
    found = centres([*nobody(), *still(portrait)])
    assert None in found
    assert set(found) != {None}


def test_without_leave_there_is_no_camera(new_page: NewPage, site: Live, tmp_path: Path, portrait: Pixels) -> None:
    page = new_page(site.url, camera=film(tmp_path / "camera.y4m", still(portrait)))
    page.goto("/upload")
    with pytest.raises(Error, match="NotAllowedError"):
        page.evaluate(WATCH, {"count": 1, "wait": 0})
