"""The floors that were promised, what was reached, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks import lines, measurements, startup
from benchmarks.lines import MILLION
from benchmarks.matching import BUCKETS, bucket_name
from benchmarks.measurements import BF16, F32, Json, Line, Measurements, Spread, default
from benchmarks.numbers import digits, limits
from benchmarks.parity import SURE
from benchmarks.startup import Size, Start

HEADING = ("work", "peer", "floor", "reached", "spread", "verdict")
MET, MISSED, NOT_MEASURED = "met", "missed", "not measured"

TORCH = ("facenet-pytorch", "facenet-pytorch-single")
DEEPFACE, FASTEST_DEEPFACE = ("deepface",), ("deepface-onnx",)
TORCH_TITLE, DEEPFACE_TITLE = "facenet-pytorch", "DeepFace (Facenet, mtcnn, TensorFlow)"
FASTEST_TITLE = "DeepFace (ONNX, fastmtcnn)"
FLAT = "IndexFlatL2 range_search"

FLOORS = {
    MILLION: {"0.65": 8.0, "0.9": 5.0, "1.1": 2.0},
    MILLION // 10: {"0.65": 6.0, "0.9": 4.0, "1.1": 2.0},
    MILLION * 4: {"0.65": 8.0, "0.9": 6.0, "1.1": 2.5},
}
"""Of one query, by gallery and threshold."""

LOAD_SECONDS, FURTHER = 5, 300_000
"""A million faces may take so many seconds from SQLite to searchable, and one second more for each FURTHER faces."""

Read = Callable[[Measurements], Spread | None]
Lines = Callable[[Measurements], list[Line]]


@dataclass(frozen=True, slots=True)
class Target:
    """Hold one promise: a ratio of at least `floor`, or a number of at most so much (`at_most`), in a unit."""

    work: str
    peer: str
    floor: float
    read: Read
    at_most: bool = False
    unit: str = ""

    def row(self, found: Measurements) -> list[str]:
        """Return a row under HEADING."""
        bound = f"{'<=' if self.at_most else '>='} {self._text(self.floor)}"
        reached = self.read(found)
        if reached is None:
            return [self.work, self.peer, bound, "", "", NOT_MEASURED]
        met = reached.middle <= self.floor if self.at_most else reached.middle >= self.floor
        return [self.work, self.peer, bound, self._text(reached.middle), limits(reached), MET if met else MISSED]

    def _text(self, value: float) -> str:
        return f"{digits(value)} {self.unit}".rstrip()


def rows(found: Measurements) -> list[list[str]]:
    """Return the table of all targets."""
    return [list(HEADING), *(target.row(found) for target in TARGETS)]


def _mean(read: Lines, peers: Sequence[str], found: Measurements, ours: str = "") -> Spread | None:
    """Return how many times as fast ours is, by default the precision served by default, over all the lines."""
    known = read(found)
    name = ours or default(lines.contestants_of(known))
    ratios = [each for line in known if (each := lines.ratio(line, name, peers))]
    if len(ratios) <= 1:
        return ratios[0] if ratios else None
    return Spread.mean([each.middle for each in ratios])


def _embedded(count: int) -> Lines:
    return lambda found: [line for line in lines.embedding(found) if line.at == count]


def _served(found: Measurements) -> list[Line]:
    """Return the photos a second of two to four clients, ours over HTTP under its name in the process."""
    return [_over_http(line) for line in lines.throughput(found) if 2 <= line.at <= 4]


def _over_http(line: Line) -> Line:
    values = {name.replace("-http-", "-"): one for name, one in line.values.items() if "-http-" in name}
    peers = {name: one for name, one in line.values.items() if not name.startswith("facetoken")}
    return Line(line.title, line.at, line.unit, values | peers)


def _flat(read: Lines, rows: int, found: Measurements) -> Spread | None:
    ratios = (lines.ratio(line, "ours", ["faiss"]) for line in read(found) if line.at == rows)
    return next(ratios, None)


def _at(read: Lines, rows: int, name: str, found: Measurements) -> Spread | None:
    return next((line.values[name] for line in read(found) if line.at == rows), None)


def _parity(found: Measurements) -> Json | None:
    """Return what the precision served by default agrees on with facenet-pytorch."""
    rows = (found.get(measurements.PARITY) or {"detection": []})["detection"]
    by_name = {row["backend"]: row for row in rows if row["reference"] == "torch" and row["faces"]}
    return by_name.get("bf16") or by_name.get("f32")


def _same_boxes(found: Measurements) -> Spread | None:
    if not (row := _parity(found)):
        return None
    return Spread.exactly(100 * row["same"] / row["faces"])


def _lost_faces(found: Measurements) -> Spread | None:
    if not (row := _parity(found)):
        return None
    lost = sum(row["missed"][bucket_name(floor)] for floor in BUCKETS if floor >= SURE)
    return Spread.exactly(lost)


def _start(name: str, found: Measurements) -> Spread | None:
    facts = found.get(measurements.STARTUP)
    if not facts:
        return None
    starts = [Start(**one | {"sizes": [Size(**size) for size in one["sizes"]]}) for one in facts["rounds"]]
    low, middle, high = startup.summary(starts)[name]
    return Spread(middle, low, high)


def _isolation(found: Measurements) -> Spread | None:
    """Return the p99 of searches beside uploads, as a share of what is allowed."""
    facts = (found.get(measurements.ISOLATION) or {}).get("isolation") or {}
    high = facts.get("loaded", {}).get("all", {}).get("p99_ms")
    return Spread.exactly(high / facts["allowed_ms"]) if high else None


def _adding(found: Measurements) -> list[Line]:
    return lines.changes(found, "add")


def _removing(found: Measurements) -> list[Line]:
    return lines.changes(found, "remove")


def _batch(count: int) -> Read:
    return partial(_flat, partial(lines.batches, typed="0.65"), count)


def _loaded(rows: int) -> Target:
    allowed = LOAD_SECONDS + (rows - MILLION) / FURTHER
    read = partial(_at, lines.loading, rows, lines.FACE_SET)
    return Target(f"{rows:,} faces from SQLite to searchable", "", allowed, read, at_most=True, unit="s")


TARGETS = (
    Target("detection, photos of 0.2 to 12 MP", TORCH_TITLE, 5, partial(_mean, lines.detection, TORCH, ours=BF16)),
    Target("the same in f32", TORCH_TITLE, 4, partial(_mean, lines.detection, TORCH, ours=F32)),
    Target("boxes at IoU >= 0.9, up to 12 MP", TORCH_TITLE, 95, _same_boxes, unit="%"),
    Target(f"faces scoring {SURE} or more lost", TORCH_TITLE, 0, _lost_faces, at_most=True),
    Target("one face embedded", "torch, same h5", 6, partial(_mean, _embedded(1), TORCH)),
    Target("eight faces embedded at once", "torch, same h5", 8, partial(_mean, _embedded(8), TORCH)),
    Target("photo bytes to tokens", TORCH_TITLE, 3.5, partial(_mean, lines.photos, TORCH)),
    Target("photo bytes to tokens", DEEPFACE_TITLE, 14, partial(_mean, lines.photos, DEEPFACE)),
    Target("photo bytes to tokens", FASTEST_TITLE, 3.5, partial(_mean, lines.photos, FASTEST_DEEPFACE)),
    Target("photos a second, 2-4 clients over HTTP", f"{TORCH_TITLE}, threads", 4, partial(_mean, _served, TORCH)),
    Target(
        "photos a second, 2-4 clients over HTTP", f"{DEEPFACE_TITLE}, threads", 15, partial(_mean, _served, DEEPFACE)
    ),
    *(
        Target(
            f"one query, {rows:,} faces within {typed}", FLAT, floor, partial(_flat, lines.BY_THRESHOLD[typed], rows)
        )
        for rows, floors in FLOORS.items()
        for typed, floor in floors.items()
    ),
    Target(f"8 queries at once, {MILLION:,} faces within 0.65", FLAT, 5, _batch(8)),
    Target(f"64 queries at once, {MILLION:,} faces within 0.65", FLAT, 5, _batch(64)),
    Target(f"one face added to {MILLION:,}", "IndexFlatL2 add", 1, partial(_flat, _adding, MILLION)),
    Target(f"one face removed of {MILLION:,}", "IndexIDMap2 remove", 100, partial(_flat, _removing, MILLION)),
    _loaded(MILLION),
    _loaded(MILLION * 4),
    Target(
        f"server's memory with {MILLION:,} faces",
        "",
        2,
        partial(_at, lines.memory, MILLION, lines.AFTER_WORK),
        at_most=True,
        unit="GB",
    ),
    Target("first 1080p photo", "the tenth", startup.FIRST_TARGET, partial(_start, "first_to_tenth"), at_most=True),
    Target("a new image size", "a size seen before", startup.SIZE_TARGET, partial(_start, "new_to_seen"), at_most=True),
    Target(
        "search by token beside 8 uploading clients, p99", "5 times p50 alone, or 20 ms", 1, _isolation, at_most=True
    ),
)
