"""Photos: bytes in, one upright RGB array out, decoded once.

Type and pixel size are read from the file's own header before anything is decoded, so a bomb costs nothing; a file
that ends early is refused, because the decoder would fill the rest with grey.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from errors import FileError, UploadError, UploadTooLarge

Image = NDArray[np.uint8]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
SIGNATURES = {JPEG_SIGNATURE: "jpg", PNG_SIGNATURE: "png"}

# A progressive photo has about ten scans, a PNG one or two texts. Without these limits 2 MB of empty scans keep the
# decoder busy for minutes, and 2 MB of deflated texts for seconds.
MAX_SCANS = 100
MAX_TEXTS = 16

MAX_SCANNED = MAX_SCANS * 4096 * 4096
"""Pixels times scans: what the largest photo of the native limits may have."""

# Markers that start a frame, and so carry the size: all of SOF0..SOF15 but DHT, JPG and DAC.
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length. Between segments the decoder steps over them alone, so a length read behind one would hide
# the true frame from us. D8 begins another picture.
_BARE_MARKERS = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
# In entropy-coded data, FF is followed by 00 (stuffing), a restart marker, or another FF (fill).
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """Say which photos an API dialect takes, sides and faces in pixels, and to what side it scales larger ones down."""

    min_side: int = 48
    max_side: int = 4096
    max_bytes: int = 2 * 1024 * 1024
    max_pixels: int | None = None
    scaled_to: int | None = None
    min_face: int = 30


NATIVE_LIMITS = PhotoLimits()

PHONE_LIMITS = PhotoLimits(max_side=16_384, max_bytes=10 * 1024 * 1024, max_pixels=64_000_000, scaled_to=2048)
"""What phones take, for services that named no largest size."""


def decode(data: bytes, limits: PhotoLimits = NATIVE_LIMITS) -> Image:
    """Decode a JPEG or PNG into RGB uint8 (height, width, 3), turned upright by its EXIF orientation.

    Raises UploadError for an empty upload, UploadTooLarge over the byte limit and FileError for everything else.
    """
    if not data:
        raise UploadError("the uploaded file is empty; send the bytes of a JPEG or PNG photo")
    if len(data) > limits.max_bytes:
        raise UploadTooLarge(
            f"the photo has {len(data)} bytes; at most {limits.max_bytes} are allowed, so save it smaller"
        )
    width, height, end = _measured(data)
    if limits.max_pixels is not None and width * height > limits.max_pixels:
        raise FileError(
            f"the photo has {width * height / 1e6:.0f} million pixels; at most {limits.max_pixels // 1_000_000} "
            "million are read, so scale it down"
        )
    if min(width, height) < limits.min_side or max(width, height) > limits.max_side:
        raise FileError(
            f"the photo is {width}x{height} pixels; each side must be from {limits.min_side} to {limits.max_side}"
        )
    try:
        # Only what was measured: the decoder would read on behind the end, and believe what it finds there.
        image = cv2.imdecode(np.frombuffer(data, np.uint8, end), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        image = None
    if image is None:
        raise FileError("the photo cannot be decoded; its data is damaged")
    return np.ascontiguousarray(scaled_down(np.asarray(image, np.uint8), limits.scaled_to))


def scaled_down(image: Image, longest: int | None) -> Image:
    """Return a photo scaled so that no side is longer than that; one that fits is returned as it is."""
    height, width = image.shape[:2]
    if longest is None or max(height, width) <= longest:
        return image
    scale = longest / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def no_photo() -> FileError:
    """Return the answer about a file of another type."""
    return FileError("the file is neither a JPEG nor a PNG, by its content; convert it first")


def photo_type(data: bytes) -> str | None:
    """Return the ending of a photo's file name, by its content: jpg, png, or None."""
    return next((kind for signature, kind in SIGNATURES.items() if data.startswith(signature)), None)


def pixel_size(data: bytes) -> tuple[int, int]:
    """Read (width, height) as stored, from the header alone; raise FileError unless it is a complete JPEG or PNG."""
    width, height, _ = _measured(data)
    return width, height


def _measured(data: bytes) -> tuple[int, int, int]:
    """Return width, height, and how many bytes the picture has; cameras and editors may leave more behind it."""
    try:
        if data.startswith(PNG_SIGNATURE):
            return _measured_png(data)
        if data.startswith(JPEG_SIGNATURE):
            return _measured_jpeg(data)
    except (struct.error, IndexError):
        raise FileError("the photo is cut off before its end; send the whole file") from None
    raise no_photo()


def _measured_png(data: bytes) -> tuple[int, int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR":
        raise FileError("the PNG does not begin with its header; it is damaged")
    position = len(PNG_SIGNATURE)
    texts, kind = 0, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        texts += kind in (b"zTXt", b"iTXt")
    # The decoder believes every length, the last chunk's too, and takes that much memory.
    if position > len(data):
        raise IndexError
    if texts > MAX_TEXTS:
        raise FileError(f"the PNG holds {texts} compressed texts, at most {MAX_TEXTS} are read; save it without them")
    return width, height, position


def _measured_jpeg(data: bytes) -> tuple[int, int, int]:
    size: tuple[int, int] | None = None
    position = 2
    scans = 0
    while scans <= MAX_SCANS:
        marker = data[position + 1]
        if data[position] != 0xFF or marker in _BARE_MARKERS:
            raise FileError("the JPEG's structure is damaged")
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xD9:
            return *_picture(size, scans), position + 2
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker in _FRAME_MARKERS and size is None:
            height, width = struct.unpack_from(">HH", data, position + 5)
            size = width, height
        position += 2 + length
        if marker == 0xDA:
            scans += 1
            position = _end_of_scan(data, position)
    raise FileError(f"the JPEG has more than {MAX_SCANS} scans; save it again")


def _picture(size: tuple[int, int] | None, scans: int) -> tuple[int, int]:
    if size is None:
        raise FileError("the JPEG holds no picture")
    if scans * size[0] * size[1] > MAX_SCANNED:
        raise FileError(f"the JPEG has {scans} scans, too many for its size; save it again")
    return size


def _end_of_scan(data: bytes, position: int) -> int:
    """Return where the marker after the entropy-coded data stands."""
    found = _NEXT_MARKER.search(data, position)
    if found is None:
        raise IndexError
    return found.start()


def crop_jpeg(image: Image, box: tuple[float, float, float, float]) -> bytes:
    """Return the part of the photo inside the box, and a quarter of its size around, as a JPEG."""
    left, top, right, bottom = box
    margin = 0.25 * max(right - left, bottom - top)
    height, width = image.shape[:2]
    rows = slice(max(0, int(top - margin)), min(height, int(bottom + margin) + 1))
    columns = slice(max(0, int(left - margin)), min(width, int(right + margin) + 1))
    crop = cv2.cvtColor(image[rows, columns], cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])
