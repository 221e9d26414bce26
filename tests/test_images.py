"""images.decode and images.pixel_size: any bytes give a photo within the limits or an error of the table."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import FaceError, FileError, UploadError, UploadTooLarge
from images import JPEG_SIGNATURE, MAX_SCANS, MAX_TEXTS, NATIVE_LIMITS, PhotoLimits, crop_jpeg, decode, pixel_size
from tests.pictures import (
    GREY,
    PNG,
    Pixels,
    blank,
    bomb,
    chunk,
    cmyk_jpeg,
    decoded,
    encoded,
    flat_jpeg,
    hidden_jpeg,
    png,
    segment,
    tiff_orientation,
    turned,
    with_exif,
)

EXAMPLES = settings(max_examples=250, deadline=None)


@pytest.fixture(scope="module")
def portrait(photos: Path) -> bytes:
    return min(photos.glob("*/*/*.jpg"), key=lambda path: path.stat().st_size).read_bytes()


@pytest.fixture(scope="module")
def originals(portrait: bytes) -> list[bytes]:
    """Return one small photo as the archive has it, progressive, and as a PNG."""
    pixels = decoded(portrait)[:96, :64]
    return [portrait, encoded(pixels, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1), encoded(pixels, ".png")]


def check(data: bytes) -> None:
    """Decode, and let nothing through but a photo of the size its header says, or an error of the table."""
    try:
        image = decode(data)
    except FaceError:
        return
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert sorted(image.shape[:2]) == sorted(pixel_size(data))
    assert all(NATIVE_LIMITS.min_side <= side <= NATIVE_LIMITS.max_side for side in image.shape[:2])
    assert image.shape[2:] == (3,)


@EXAMPLES
@given(start=st.sampled_from([b"", JPEG_SIGNATURE, PNG, PNG + b"\0\0\0\rIHDR"]), rest=st.binary(max_size=400))
def test_any_bytes(start: bytes, rest: bytes) -> None:
    check(start + rest)


@EXAMPLES
@given(data=st.data())
def test_changed_bytes(originals: list[bytes], data: st.DataObject) -> None:
    mutant = bytearray(data.draw(st.sampled_from(originals)))
    places = st.integers(0, len(mutant) - 1) | st.integers(0, 200)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=12)):
        mutant[place] = value
    check(bytes(mutant))


@EXAMPLES
@given(data=st.data())
def test_cut_and_spliced(originals: list[bytes], data: st.DataObject) -> None:
    one, other = (data.draw(st.sampled_from(originals)) for _ in range(2))
    end, start = data.draw(st.integers(0, len(one))), data.draw(st.integers(0, len(other)))
    check(one[:end] + data.draw(st.binary(max_size=8)) + other[start:])


@EXAMPLES
@given(
    parts=st.lists(
        st.tuples(st.integers(0, 255), st.binary(max_size=30), st.integers(-3, 3)).map(
            lambda part: (
                segment(part[0], part[1])[:2] + (len(part[1]) + 2 + part[2]).to_bytes(2, "big", signed=True) + part[1]
            )
        ),
        max_size=6,
    ),
    place=st.sampled_from([2, -2]),
)
def test_strange_segments(parts: list[bytes], place: int) -> None:
    data = flat_jpeg(64, 48)
    check(data[:place] + b"".join(parts) + data[place:])


@EXAMPLES
@given(
    kinds=st.lists(st.sampled_from([b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf", b"iCCP"])),
    data=st.data(),
)
def test_strange_chunks(kinds: list[bytes], data: st.DataObject) -> None:
    strange = b"".join(chunk(kind, data.draw(st.binary(max_size=40))) for kind in kinds)
    photo, place = blank(64, 48), data.draw(st.sampled_from([8, 33, -12]))
    check(photo[:place] + strange + photo[place:])


@EXAMPLES
@given(
    tiff=st.binary(max_size=60),
    kind=st.sampled_from([".jpg", ".png"]),
    start=st.sampled_from([b"", b"II*\0", b"MM\0*"]),
)
def test_strange_exif(tiff: bytes, kind: str, start: bytes) -> None:
    check(with_exif(blank(64, 48, kind), start + tiff))


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(48, 200),
    height=st.integers(48, 200),
    kind=st.sampled_from([".jpg", ".png"]),
    orientation=st.integers(0, 9),
    byte_order=st.sampled_from("<>"),
)
def test_sizes_agree(width: int, height: int, kind: str, orientation: int, byte_order: str) -> None:
    data = with_exif(blank(width, height, kind), tiff_orientation(orientation, byte_order))
    assert pixel_size(data) == (width, height)
    upright = (width, height) if 5 <= orientation <= 8 else (height, width)
    assert decode(data).shape == (*upright, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(portrait: bytes, orientation: int) -> None:
    upright: Pixels = decoded(portrait)[:96, :80]
    for byte_order in "<>":
        data = with_exif(encoded(turned(upright, orientation), ".png"), tiff_orientation(orientation, byte_order))
        assert np.array_equal(decode(data), upright)


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_every_cut_is_noticed(portrait: bytes, kind: str) -> None:
    data = encoded(decoded(portrait)[:64, :64], kind)
    for end in range(1, len(data)):
        with pytest.raises(FileError):
            decode(data[:end])
    assert decode(data + b"what cameras leave behind").shape == (64, 64, 3)


def test_no_file_at_all() -> None:
    with pytest.raises(UploadError, match="empty"):
        decode(b"")
    with pytest.raises(FileError, match="neither a JPEG nor a PNG"):
        decode(b"GIF89a" + bytes(100))


def test_limits() -> None:
    photo, limits = blank(100, 60), PhotoLimits(min_side=60, max_side=100, max_bytes=10_000)
    assert decode(photo, limits).shape == (60, 100, 3)
    for wrong in (PhotoLimits(min_side=61), PhotoLimits(max_side=99)):
        with pytest.raises(FileError, match="100x60"):
            decode(photo, wrong)
    with pytest.raises(UploadTooLarge, match=str(len(photo))):
        decode(photo, PhotoLimits(max_bytes=len(photo) - 1))
    assert decode(photo, PhotoLimits(max_bytes=len(photo))).shape == (60, 100, 3)


def test_rare_kinds() -> None:
    assert decode(cmyk_jpeg(48)).shape == (48, 48, 3)
    assert decode(flat_jpeg(4096, 4096)).shape == (4096, 4096, 3)
    sixteen = np.full((48, 48, 1), 40_000, np.uint16)
    assert decode(png(sixteen, GREY, bits=16)).tolist() == np.full((48, 48, 3), 40_000 // 256).tolist()


def test_a_header_alone_decides_about_a_bomb() -> None:
    data = bomb(20_000)
    begun = time.process_time()
    with pytest.raises(FileError, match="20000x20000"):
        decode(data)
    assert time.process_time() - begun < 0.05


@pytest.mark.parametrize("marker", [0x00, 0x01, *range(0xD0, 0xD9)])
def test_a_frame_cannot_hide_behind_a_bare_marker(marker: int) -> None:
    assert decoded(flat_jpeg(600, 600)).shape == (600, 600, 3)
    with pytest.raises(FileError):
        decode(hidden_jpeg(marker, 600), PhotoLimits(max_side=500))


def test_scans_are_counted() -> None:
    assert decode(flat_jpeg(64, 64, MAX_SCANS - 1)).shape == (64, 64, 3)
    with pytest.raises(FileError, match="scans"):
        decode(flat_jpeg(64, 64, MAX_SCANS))
    begun = time.process_time()
    with pytest.raises(FileError, match="scans"):
        decode(flat_jpeg(4096, 4096, 40_000))
    assert time.process_time() - begun < 0.5


def test_a_length_that_lies_takes_no_memory() -> None:
    photo, end = blank(64, 64), chunk(b"IEND")
    lies = [photo[:-12] + length + b"IEND" + photo[-4:] for length in (b"\xff\x80\0\0", b"\x40\0\0\0", b"\0\0\0\1")]
    lies += [photo[:-12] + b"\x40\0\0\0IDAT" + end, photo[:33] + end + b"\x40\0\0\0IDAT" + photo[33:]]
    for data in lies:
        begun = time.process_time()
        with pytest.raises(FileError):
            decode(data)
        # Taking the gigabyte would need half a second.
        assert time.process_time() - begun < 0.1
    assert decode(photo + b"\x40\0\0\0IDAT").shape == (64, 64, 3)


def test_compressed_texts_are_counted() -> None:
    photo, text = blank(64, 64), chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(7_000_000)))
    assert decode(photo[:33] + chunk(b"tEXt", b"key\0text") * 100 + photo[33:]).shape == (64, 64, 3)
    assert decode(photo[:33] + text * MAX_TEXTS + photo[33:]).shape == (64, 64, 3)
    with pytest.raises(FileError, match="texts"):
        decode(photo[:33] + text * (MAX_TEXTS + 1) + photo[33:])


def test_a_crop_has_a_quarter_around_and_ends_at_the_edge() -> None:
    assert decoded(crop_jpeg(decoded(blank(100, 80)), (-10.0, 20.0, 30.0, 60.0))).shape == (61, 41, 3)


def test_a_larger_photo_is_scaled_to_the_limit() -> None:
    limits = PhotoLimits(scaled_to=80)
    assert decode(blank(160, 100), limits).shape == (50, 80, 3)
    assert decode(blank(100, 160), limits).shape == (80, 50, 3)
    assert decode(blank(80, 80), limits).shape == (80, 80, 3)
    assert decode(blank(2000, 48), limits).shape == (2, 80, 3)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(FileError, match="scale it down"):
        decode(blank(200, 100), PhotoLimits(max_pixels=19_999))
    assert decode(blank(200, 100), PhotoLimits(max_pixels=20_000)).shape == (100, 200, 3)


def test_scans_are_limited_by_the_pixels_that_each_goes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((60, 100, 3), np.uint8)
    photo = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    scans = photo.count(b"\xff\xda")
    assert scans > 3
    monkeypatch.setattr("images.MAX_SCANNED", scans * 6000)
    assert decode(photo).shape == (60, 100, 3)
    monkeypatch.setattr("images.MAX_SCANNED", scans * 6000 - 1)
    with pytest.raises(FileError, match="too many for its size"):
        decode(photo)
