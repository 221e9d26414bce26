"""Photos by their content: what is none, bombs, cut ones, sides, and every kind of PNG and JPEG."""

from __future__ import annotations

import re
import resource
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine import FaceEngine
from tests.client import Client, photo
from tests.conftest import Live
from tests.module_engine import engine
from tests.pictures import (
    CHANNELS,
    GREY,
    GREY_ALPHA,
    PALETTE,
    PNG,
    RGB,
    RGB_ALPHA,
    Pixels,
    blank,
    bomb,
    cmyk_jpeg,
    decoded,
    encoded,
    png,
)

__all__ = ["engine"]

NO_PHOTO = (415, "1004", "FIlE_ERROR")


@pytest.fixture(scope="module")
def client(serve: Callable[..., Live], engine: FaceEngine) -> Client:
    return Client(serve(engine, threads=4, queue=4).port)


@pytest.fixture(scope="module")
def portrait(photos: Path) -> bytes:
    return min(photos.glob("val/mindy_kaling/*.jpg")).read_bytes()


def no_photos(portrait: bytes) -> dict[str, bytes]:
    pixels = decoded(portrait)
    return {
        "text": b"hello\n",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>',
        "GIF": b"GIF89a\x40\0\x40\0\x80\0\0" + bytes(100),
        "GIF and JPEG": b"GIF89a" + portrait,
        "PDF and JPEG": b"%PDF-1.4\n" + portrait,
        "PNG signature, JPEG content": PNG + portrait,
        "JPEG signature, PNG content": b"\xff\xd8\xff\xe0" + encoded(pixels, ".png"),
        "PNG signature alone": PNG,
        "JPEG start and end": b"\xff\xd8\xff\xd9",
        "zeros": bytes(10_000),
        **{kind: encoded(pixels, kind) for kind in (".webp", ".bmp", ".tiff", ".ppm", ".jp2")},
    }


def test_files_that_are_no_photo(client: Client, portrait: bytes) -> None:
    for name, data in no_photos(portrait).items():
        answer = client.post("/detect", photo(data))
        assert answer.error == NO_PHOTO, name
    for name in ("photo.png", "photo", "", "../../etc/passwd", "ünï😀.gif", "x" * 300):
        assert client.post("/detect", photo(portrait, filename=name)).json["face_num"] == 1


def test_a_script_behind_a_photo_is_not_kept(client: Client, portrait: bytes) -> None:
    found = client.detect(portrait + b"<script>alert(1)</script>")
    assert b"script" not in client.get(f"/show_photo/{found['faces'][0]['face_name']}").body


@pytest.mark.parametrize(
    ("width", "height"), [(47, 48), (48, 47), (4097, 1), (4097, 48), (48, 4097), (1, 1), (65000, 1)]
)
def test_sides_out_of_limits(client: Client, width: int, height: int) -> None:
    answer = client.post("/detect", photo(png(np.zeros((height, width, 1), np.uint8), GREY)))
    assert answer.error == NO_PHOTO
    assert f"{width}x{height}" in answer.json["detail"]


@pytest.mark.parametrize(("width", "height"), [(48, 48), (4096, 48), (48, 4096), (4096, 4096)])
def test_sides_at_the_limits(client: Client, width: int, height: int) -> None:
    found = client.detect(blank(width, height))
    assert (found["image_width"], found["image_height"], found["faces"]) == (width, height, [])


def peak_megabytes() -> float:
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024


def test_a_bomb_costs_nothing(client: Client) -> None:
    data = bomb(20_000)
    assert len(data) < 55_000
    assert client.post("/detect", photo(blank(47, 47))).error == NO_PHOTO
    Path("/proc/self/clear_refs").write_text("5")
    memory, used = peak_megabytes(), resource.getrusage(resource.RUSAGE_SELF)
    answer = client.post("/detect", photo(data))
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert answer.error == NO_PHOTO
    assert after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime < 0.1
    # Its pixels would be 50 MB at one bit, 1200 MB decoded.
    assert peak_megabytes() - memory < 20


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_a_cut_photo(client: Client, portrait: bytes, kind: str) -> None:
    data = encoded(decoded(portrait), kind)
    offsets = [
        1,
        2,
        3,
        7,
        8,
        9,
        20,
        24,
        33,
        40,
        *range(60, len(data), len(data) // 40),
        *range(len(data) - 20, len(data)),
    ]
    for end in offsets:
        assert client.post("/detect", photo(data[:end])).error == NO_PHOTO, end


def pixels_of(portrait: Pixels, colour: int, bits: int) -> NDArray[np.uint16]:
    grey = cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY)[..., None]
    opaque = np.full_like(grey, 255)
    colours = {
        GREY: [grey],
        PALETTE: [grey],
        GREY_ALPHA: [grey, opaque],
        RGB: [portrait],
        RGB_ALPHA: [portrait, opaque],
    }
    return np.asarray(np.concatenate(colours[colour], axis=2).astype(np.uint64) * (2**bits - 1) // 255, np.uint16)


KINDS = [(colour, 8) for colour in CHANNELS] + [(colour, 16) for colour in CHANNELS if colour != PALETTE]
FEW_BITS = [(colour, bits) for colour in (GREY, PALETTE) for bits in (1, 2, 4)]


@pytest.mark.parametrize("adam7", [False, True])
@pytest.mark.parametrize(("colour", "bits"), [*KINDS, *FEW_BITS])
def test_every_kind_of_png(client: Client, portrait: bytes, colour: int, bits: int, adam7: bool) -> None:
    found = client.detect(png(pixels_of(decoded(portrait), colour, bits), colour, bits=bits, adam7=adam7))
    assert (found["image_width"], found["image_height"]) == (300, 300)
    assert found["face_num"] == 1 or bits < 4


def test_every_kind_of_jpeg(client: Client, portrait: bytes) -> None:
    pixels = decoded(portrait)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    for options in (
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        (cv2.IMWRITE_JPEG_RST_INTERVAL, 3),
        (cv2.IMWRITE_JPEG_OPTIMIZE, 1),
    ):
        assert client.detect(encoded(pixels, ".jpg", *options))["face_num"] == 1
    for sampling in ("411", "420", "422", "440", "444"):
        factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
        assert client.detect(encoded(pixels, ".jpg", cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor))["face_num"] == 1
    assert client.detect(encoded(grey))["face_num"] == 1
    assert client.detect(cmyk_jpeg(64))["faces"] == []
