"""Picture files made by hand: PNG and JPEG variants that no encoder at hand writes, and photos put together."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

PNG = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}

# Column and row offset and step of Adam7's seven passes.
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def decoded(data: bytes) -> Pixels:
    """Decode a photo into RGB by OpenCV alone."""
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def read(path: Path) -> Pixels:
    """Read a photo as RGB."""
    return decoded(path.read_bytes())


def encoded(pixels: Pixels, kind: str = ".jpg", *options: int) -> bytes:
    """Encode RGB (or grey) pixels with OpenCV; `kind` is a file ending."""
    stored = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    written, data = cv2.imencode(kind, stored, list(options))
    assert written
    return bytes(data)


def blank(width: int, height: int, kind: str = ".png") -> bytes:
    """Return a photo of nothing: a soft gradient."""
    row = np.linspace(90, 150, width).astype(np.uint8)
    return encoded(np.ascontiguousarray(np.broadcast_to(row[None, :, None], (height, width, 3))), kind)


def grid(pictures: list[Pixels], columns: int, cell: int = 320) -> Pixels:
    """Paste pictures into square cells, each scaled to fit its cell."""
    rows = -(-len(pictures) // columns)
    canvas = np.full((rows * cell, columns * cell, 3), 128, np.uint8)
    for place, picture in enumerate(pictures):
        scale = cell / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:cell, :cell]
        top, left = place // columns * cell, place % columns * cell
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """Return one PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples: NDArray[np.uint8 | np.uint16], colour: int, *, bits: int = 8, adam7: bool = False) -> bytes:
    """Write samples (height, width, channels) as a PNG; under 8 bits they are packed, a palette is a grey ramp."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(adam7))
    ramp = bytes(value for step in range(2**bits) for value in (step * 255 // (2**bits - 1),) * 3)
    palette = chunk(b"PLTE", ramp) if colour == PALETTE else b""
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if adam7 else [samples]
    lines = b"".join(line for part in passes if part.size for line in _lines(part, bits))
    return PNG + chunk(b"IHDR", header) + palette + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND")


def _lines(samples: NDArray[np.uint8 | np.uint16], bits: int) -> Iterator[bytes]:
    for row in samples.reshape(len(samples), -1):
        if bits == 16:
            packed = row.astype(">u2").tobytes()
        elif bits == 8:
            packed = row.astype(np.uint8).tobytes()
        else:
            ones = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :]
            packed = np.packbits(ones.ravel()).tobytes()
        yield b"\0" + packed


def bomb(side: int) -> bytes:
    """Return a black PNG of side x side pixels, one bit each: 20000 fit in 50 kB."""
    header = struct.pack(">IIBBBBB", side, side, 1, GREY, 0, 0, 0)
    lines = zlib.compress(bytes((side // 8 + 2) * side), 9)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND")


def padded(data: bytes, size: int) -> bytes:
    """Return the same JPEG or PNG, exactly `size` bytes long: comments are put in."""
    if data.startswith(PNG):
        return data[:-12] + chunk(b"paDd", bytes(size - len(data) - 12)) + data[-12:]
    comments = b""
    while (left := size - len(data) - len(comments)) > 0:
        # What is left after this comment must be nothing, or enough for another one.
        length = left if left <= 60_000 else 50_000
        comments += b"\xff\xfe" + struct.pack(">H", length - 2) + bytes(length - 4)
    return data[:2] + comments + data[2:]


def tiff_orientation(orientation: int, byte_order: str = ">") -> bytes:
    """Return EXIF data (a TIFF structure) with nothing but an orientation."""
    mark = b"MM" if byte_order == ">" else b"II"
    entry = struct.pack(f"{byte_order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(f"{byte_order}HIH", 42, 8, 1) + entry + bytes(4)


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Return upright pixels as a camera stores them that then writes this EXIF orientation."""
    flipped, upside_down = pixels[:, ::-1], pixels[::-1, ::-1]
    stored = {
        1: pixels,
        2: flipped,
        3: upside_down,
        4: pixels[::-1],
        5: pixels.transpose(1, 0, 2),
        6: np.rot90(pixels, 1),
        7: upside_down.transpose(1, 0, 2),
        8: np.rot90(pixels, -1),
    }
    return np.ascontiguousarray(stored[orientation])


def with_exif(data: bytes, tiff: bytes) -> bytes:
    """Put EXIF data into a JPEG (APP1) or a PNG (eXIf)."""
    if data.startswith(PNG):
        return data[:33] + chunk(b"eXIf", tiff) + data[33:]
    exif = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def segment(marker: int, data: bytes) -> bytes:
    """Return one JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def cmyk_jpeg(side: int) -> bytes:
    """Return a baseline JPEG of one flat colour in four components, as Adobe writes CMYK; `side` a multiple of 8."""
    quantizer = segment(0xDB, b"\0" + bytes([1]) * 64)
    components = b"".join(bytes([number, 0x11, 0]) for number in range(1, 5))
    frame = segment(0xC0, struct.pack(">BHHB", 8, side, side, 4) + components)
    # One code of one bit in each table: no difference to the block before, and end of block.
    tables = b"".join(segment(0xC4, bytes([kind, 1]) + bytes(15) + b"\0") for kind in (0x00, 0x10))
    scan = segment(0xDA, b"\4" + b"".join(bytes([number, 0]) for number in range(1, 5)) + b"\0\x3f\0")
    adobe = segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, 0))
    blocks = side * side // 64 * 4
    return b"\xff\xd8" + adobe + quantizer + frame + tables + scan + bytes(blocks * 2 // 8) + b"\xff\xd9"


def flat_jpeg(width: int, height: int, scans: int = 0) -> bytes:
    """Return a grey JPEG of one flat colour in all but no bytes: 8 bits hold 4 blocks of 64 pixels.

    With `scans` it is progressive, and so many scans follow that change nothing.
    """
    progressive = scans > 0
    blocks = -(-width // 8) * -(-height // 8)
    frame = segment(0xC2 if progressive else 0xC0, struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0]))
    # The only code of the second table: end of block, or in a progressive file of 2^14 blocks and more.
    ends = 0xE0 if progressive else 0
    tables = segment(0xC4, bytes([0, 1]) + bytes(16)) + segment(0xC4, bytes([0x10, 1]) + bytes(15) + bytes([ends]))
    first = segment(0xDA, bytes([1, 1, 0, 0, 0 if progressive else 63, 0])) + bytes(blocks // 4 + 1)
    again = segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + bytes(2 * (blocks // 2**14 + 1))
    return b"\xff\xd8" + segment(0xDB, bytes([0, *[1] * 64])) + frame + tables + first + again * scans + b"\xff\xd9"


def hidden_jpeg(marker: int, side: int) -> bytes:
    """Return a JPEG of side x side pixels that looks like 64x64 to whoever reads a length behind a bare marker."""
    true = flat_jpeg(side, side)[2:-2]
    room = 60_000
    inside = true[:room] + bytes(max(0, room - len(true)))
    return b"\xff\xd8\xff" + bytes([marker]) + struct.pack(">H", room + 2) + inside + flat_jpeg(64, 64)[2:]
