"""Photos gone wrong, each made again from its number: what arrives when a disk, a network or an attacker changed it."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence

import cv2

from images import PNG_SIGNATURE, decode
from model.base import Image

# Numbers at which lengths, sizes and signs turn over.
EDGES = (0, 1, 2, 7, 8, 47, 48, 64, 127, 128, 255, 256, 4096, 4097, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)
SIDE = 160
LONGEST = 3 * 1024 * 1024

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def seeds(photos: Sequence[bytes]) -> list[bytes]:
    """Return photos to start from: as they are, and small in every kind that OpenCV writes."""
    found = list(photos)
    for place, data in enumerate(photos):
        image = decode(data)
        scale = SIDE / max(image.shape)
        small = cv2.cvtColor(cv2.resize(image, None, fx=scale, fy=scale), cv2.COLOR_RGB2BGR)
        found.append(_encoded(small, place))
    return found


def _encoded(small: Image, place: int) -> bytes:
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    kinds: tuple[tuple[str, Image, list[int]], ...] = (
        (".jpg", small, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".jpg", grey, [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]),
        (".jpg", small, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411]),
        (".png", small, []),
        (".png", cv2.cvtColor(small, cv2.COLOR_BGR2BGRA), []),
        (".png", grey.astype("uint16") * 257, []),
        (".png", grey // 128 * 255, [cv2.IMWRITE_PNG_BILEVEL, 1]),
    )
    kind, pixels, options = kinds[place % len(kinds)]
    return bytes(cv2.imencode(kind, pixels, options)[1])


def mutant(originals: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return case `number` of a run: one original after one to four mutations."""
    chance = random.Random(f"{seed}/{number}")
    data = chance.choice(originals)
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(MUTATIONS)(chance, data, originals)[:LONGEST]
    return data


def flip_bits(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64)) if changed else 0):
        changed[_place(chance, changed)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def set_numbers(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        place, edge = _place(chance, changed), chance.choice(EDGES)
        form = chance.choice((">I", "<I", ">H", "<H", "B"))
        size = struct.calcsize(form)
        changed[place : place + size] = struct.pack(form, edge & (2 ** (8 * size) - 1))
    return bytes(changed)


def cut(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: _place(chance, data)]


def splice(chance: random.Random, data: bytes, originals: Sequence[bytes]) -> bytes:
    other = chance.choice(originals)
    return data[: _place(chance, data)] + other[_place(chance, other) :]


def move_piece(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Take a piece out, and put it back zero to three times somewhere else."""
    start = _place(chance, data)
    end = start + chance.choice((1, 2, 4, 16, 100, 4000))
    rest, target = data[:start] + data[end:], _place(chance, data)
    return rest[:target] + data[start:end] * chance.randrange(4) + rest[target:]


def shuffle_parts(chance: random.Random, data: bytes, originals: Sequence[bytes]) -> bytes:
    """Drop, double, swap or borrow whole segments or chunks, which stay valid each for itself."""
    parts = _parts(data)
    if len(parts) < 4:
        return data
    for _ in range(chance.randint(1, 3)):
        one, other = chance.randrange(1, len(parts)), chance.randrange(1, len(parts))
        action = chance.randrange(4)
        if action == 0 and len(parts) > 4:
            del parts[one]
        elif action == 1:
            parts[other:other] = [parts[one]] * chance.choice((1, 1, 2, 200))
        elif action == 2:
            parts[one % len(parts)], parts[other % len(parts)] = parts[other % len(parts)], parts[one % len(parts)]
        else:
            parts.insert(one, chance.choice(_parts(chance.choice(originals))))
    return b"".join(parts)


def edit_header(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Change size, depth, colours or components in the frame header; a PNG's checksum is made right again."""
    parts = _parts(data)
    for place, part in enumerate(parts):
        jpeg_frame = part[:1] == b"\xff" and part[1:2] in (b"\xc0", b"\xc1", b"\xc2") and len(part) > 10
        if jpeg_frame or (part[4:8] == b"IHDR" and len(part) > 21):
            changed = bytearray(part)
            first, last = (4, len(part)) if jpeg_frame else (8, 21)
            for _ in range(chance.randint(1, 3)):
                changed[chance.randrange(first, last)] = chance.choice((*EDGES[:11], chance.randrange(256))) & 255
            parts[place] = bytes(changed)
    return repaired(b"".join(parts))


def add_exif(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    order = chance.choice("<>")
    count = chance.choice((0, 1, 2, 30, 0xFFFF))
    tiff = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, chance.choice((8, 8, 8, *EDGES)))
    tiff += struct.pack(f"{order}H", count)
    for _ in range(min(count, 5)):
        tag = chance.choice((0x0112, 0x8769, 0x0100, chance.randrange(2**16)))
        numbers = chance.choice((1, *EDGES)), chance.choice((*range(10), *EDGES))
        tiff += struct.pack(f"{order}HHII", tag, chance.randrange(14), *numbers)
    tiff += chance.randbytes(chance.choice((0, 4, 40)))
    if data.startswith(PNG_SIGNATURE):
        return data[:33] + _chunk(b"eXIf", tiff) + data[33:]
    exif = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def add_part(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Insert a segment or chunk of any kind, with a right or a wrong length."""
    inside = chance.randbytes(chance.choice((0, 1, 6, 13, 26, 100)))
    parts = _parts(data)
    if data.startswith(PNG_SIGNATURE):
        kinds = (
            b"acTL",
            b"fcTL",
            b"fdAT",
            b"PLTE",
            b"tRNS",
            b"iCCP",
            b"zTXt",
            b"iTXt",
            b"gAMA",
            b"cHRM",
            b"sBIT",
            b"IDAT",
        )
        part = _chunk(chance.choice(kinds), chance.choice((inside, b"k\0\0" + zlib.compress(inside * 1000))))
    else:
        length = len(inside) + 2 + chance.choice((0, 0, 0, -3, -2, -1, 1, 1000))
        part = bytes([0xFF, chance.randrange(256)]) + struct.pack(">H", max(length, 0)) + inside
    parts.insert(chance.randint(1, len(parts)), part)
    return b"".join(parts)


def repair(_chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return repaired(data)


def repaired(data: bytes) -> bytes:
    """Make the checksums of a PNG right again, so that the decoder reads on; leave a JPEG as it is."""
    if not data.startswith(PNG_SIGNATURE):
        return data
    parts = _parts(data)
    return parts[0] + b"".join(_chunk(part[4:8], part[8:-4]) if len(part) >= 12 else part for part in parts[1:])


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    set_numbers,
    cut,
    splice,
    move_piece,
    shuffle_parts,
    edit_header,
    add_exif,
    add_part,
    repair,
)


def _place(chance: random.Random, data: bytes | bytearray) -> int:
    """Return a place in the file, often near its start, where the headers are."""
    near = min(len(data), chance.choice((64, 700, len(data), len(data))))
    return chance.randrange(near) if near else 0


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _parts(data: bytes) -> list[bytes]:
    """Cut a file into its signature and its chunks or segments, a scan's data with its header; tolerate anything."""
    png = data.startswith(PNG_SIGNATURE)
    position = 8 if png else 2
    parts = [data[:position]]
    while position + 4 <= len(data):
        if png:
            end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        elif data[position + 1] == 0xDA:
            end = _next_marker(data, position + 4)
        else:
            end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        parts.append(data[position:end])
        position = end
    return [*parts, data[position:]] if position < len(data) else parts


def _next_marker(data: bytes, position: int) -> int:
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            return len(data)
        if data[position + 1] not in (0, 0xFF, *range(0xD0, 0xD8)):
            return position
        position += 1
