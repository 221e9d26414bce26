"""Measurements by case: what each contestant took, for tables, figures, growth and verdicts alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial

from benchmarks import measurements
from benchmarks.measurements import Json, Line, Measurements, Spread, compared, contestants, default
from benchmarks.numbers import MICROSECONDS, MILLISECONDS, digits
from benchmarks.palette import ordered
from benchmarks.search import CHANGELESS
from benchmarks.stages import RATES, TIMES

SHOWN = ("0.65", "0.9", "1.1")
"""Thresholds that are searched within, as they are typed."""

MILLION = 1_000_000
SERVER, FACE_SET = "server ready", "face set open"
AT_READY, AFTER_WORK = "at ready", "after searches and photos"
CAPACITY, MARKS = "capacity", ("p50", "p95", "p99")
FULL_HD, NEW_SIZE = "1080p photo", "photo of a new size"


def detection(found: Measurements) -> list[Line]:
    """Return the stage's photos by megapixels."""
    return [_photo(case, TIMES) for case in found.stage(measurements.DETECTION, "detection")]


def photos(found: Measurements) -> list[Line]:
    """Return the whole pipeline's photos by megapixels."""
    return [_photo(case, TIMES) for case in found.stage(measurements.PHOTO, "photo")]


def crowds(found: Measurements) -> list[Line]:
    """Return those photos that differ only in the faces that are found on them, by their number."""
    cases = found.stage(measurements.PHOTO, "photo")
    sizes = Counter((case["width"], case["height"]) for case in cases)
    size = max(sizes, key=lambda each: sizes[each], default=None)
    same = [case for case in cases if (case["width"], case["height"]) == size]
    made = [Line(_photo_title(case), faces_on(case), TIMES, contestants(case)) for case in same]
    return sorted(made, key=lambda line: line.at)


def embedding(found: Measurements) -> list[Line]:
    """Return batches by the number of faces in them."""
    return [_counted(case, TIMES) for case in found.stage(measurements.EMBEDDING, "embedding")]


def throughput(found: Measurements) -> list[Line]:
    """Return photos a second by the number of clients inside the process."""
    return [_counted(case, RATES) for case in found.stage(measurements.PHOTO, "throughput")]


def searches(found: Measurements, typed: str) -> list[Line]:
    """Return one query within a threshold, by the size of the gallery."""
    sizes = [(rows, facts["thresholds"]) for rows, facts in found.searches().items()]
    return [
        Line(f"{rows:,} faces within {typed}", rows, MILLISECONDS, compared(thresholds[typed]))
        for rows, thresholds in sizes
        if typed in thresholds
    ]


def batches(found: Measurements, typed: str) -> list[Line]:
    """Return queries asked together of a million faces, by how many they are; times of the whole batch."""
    facts = (found.searches().get(MILLION) or {}).get("thresholds", {}).get(typed) or {}
    sizes = {1: facts, **{int(count): batch for count, batch in facts.get("batches", {}).items()}} if facts else {}
    return [
        Line(f"{count} at once, {MILLION:,} faces within {typed}", count, MILLISECONDS, compared(batch))
        for count, batch in sorted(sizes.items())
    ]


def thresholds(found: Measurements) -> list[Line]:
    """Return one query by threshold."""
    facts = found.get(measurements.THRESHOLDS) or {"thresholds": {}}
    ordered = sorted(facts["thresholds"].items(), key=lambda each: float(each[0]))
    return [
        Line(
            f"{facts['rows']:,} faces within {typed}, {digits(each['hits_per_query'])} hits",
            float(typed),
            MILLISECONDS,
            compared(each),
        )
        for typed, each in ordered
    ]


def changes(found: Measurements, what: str) -> list[Line]:
    """Return one face added or removed (`what`: add, remove), by the size of the gallery."""
    return [
        Line(
            f"{what} one of {rows:,} faces",
            rows,
            MICROSECONDS,
            {name: one.times(1000) for name, one in compared(facts[what]).items()},
        )
        for rows, facts in found.searches().items()
    ]


def building(found: Measurements) -> list[Line]:
    """Return the seconds until all vectors of a gallery are added at once, by its size."""
    return [
        Line(
            f"add all {rows:,} faces",
            rows,
            "s",
            {
                name: Spread.exactly(one["build_s"] + one["settle_s"])
                for name, one in facts["build"].items()
                # It searches a matrix as it is.
                if name != CHANGELESS
            },
        )
        for rows, facts in found.searches().items()
    ]


def capacity(found: Measurements) -> list[Line]:
    """Return photos answered a second, by clients that ask again after each answer."""
    return [
        Line(_clients(count), int(count), RATES, {CAPACITY: Spread.exactly(level["closed"]["achieved_rate"])})
        for count, level in _levels(found)
    ]


def latencies(found: Measurements) -> list[Line]:
    """Return latencies, open loop, by clients."""
    marks = [(count, {mark: level["open"]["all"][f"{mark}_ms"] for mark in MARKS}) for count, level in _levels(found)]
    return [
        Line(_clients(count), int(count), MILLISECONDS, {mark: Spread.exactly(value) for mark, value in each.items()})
        for count, each in marks
        if None not in each.values()
    ]


def loading(found: Measurements) -> list[Line]:
    """Return the seconds until a face set can be searched, and until a server on it is ready."""
    return _by_size(found, "s", {FACE_SET: ("load_s", 1.0), SERVER: ("ready_s", 1.0)})


def memory(found: Measurements) -> list[Line]:
    """Return the gigabytes (of a thousand million bytes) of a server."""
    gigabytes = 1024 * 1024 / 1e9
    return _by_size(found, "GB", {AT_READY: ("memory_ready_mb", gigabytes), AFTER_WORK: ("memory_end_mb", gigabytes)})


def peaks(found: Measurements) -> list[Line]:
    """Return the peak memory of the whole pipeline's processes over all photos, in megabytes."""
    cases = found.stage(measurements.PHOTO, "photo")
    known = cases[-1]["contestants"].items() if cases else ()
    return (
        [Line("peak memory", 1, "MB", {name: Spread.exactly(one["megabytes"]) for name, one in known})] if cases else []
    )


def first_photos(found: Measurements) -> list[Line]:
    """Return the times of the first, second, … 1080p photo after a start."""
    rounds = _rounds(found)
    return _by_turn(FULL_HD, [one["photos_ms"] for one in rounds])


def first_sizes(found: Measurements) -> list[Line]:
    """Return the times of the first, second, … photo of a size that the server had not seen."""
    return _by_turn(NEW_SIZE, [size["milliseconds"] for one in _rounds(found) for size in one["sizes"]])


def ratio(line: Line, ours: str, peers: Sequence[str]) -> Spread | None:
    """Return how many times as fast ours is as the fastest of these peers; None when one side is not there."""
    known = [line.values[peer] for peer in peers if peer in line.values]
    if ours not in line.values or not known:
        return None
    if line.unit == RATES:
        return line.values[ours].over(max(known, key=lambda one: one.middle))
    return min(known, key=lambda one: one.middle).over(line.values[ours])


def contestants_of(lines: Iterable[Line]) -> list[str]:
    """Name everybody who is in any of the lines."""
    return ordered(name for line in lines for name in line.values)


def faces_on(case: Json) -> int:
    """Return how many faces ours found on a photo."""
    return int(case["contestants"][default(case["contestants"])]["faces"])


def _photo(case: Json, unit: str) -> Line:
    return Line(_photo_title(case), case["width"] * case["height"] / 1e6, unit, contestants(case))


def _photo_title(case: Json) -> str:
    faces = faces_on(case)
    return f"{case['width']}x{case['height']}, {faces} face{'s' * (faces != 1)}"


def _counted(case: Json, unit: str) -> Line:
    return Line(case["case"], int(case["case"].split()[0]), unit, contestants(case))


def _clients(count: str) -> str:
    return f"{count} client{'s' * (count != '1')}"


def _levels(found: Measurements) -> list[tuple[str, Json]]:
    facts = found.get(measurements.LEVELS) or {"levels": {}}
    return sorted(facts["levels"].items(), key=lambda level: int(level[0]))


def _by_size(found: Measurements, unit: str, columns: dict[str, tuple[str, float]]) -> list[Line]:
    sizes = (found.get(measurements.LOADING) or {"sizes": []})["sizes"]
    return [
        Line(
            f"{size['faces']:,} faces",
            size["faces"],
            unit,
            {
                title: Spread.of(one[key] for one in size["rounds"]).times(factor)
                for title, (key, factor) in columns.items()
            },
        )
        for size in sizes
    ]


def _rounds(found: Measurements) -> list[Json]:
    rounds: list[Json] = (found.get(measurements.STARTUP) or {"rounds": []})["rounds"]
    return rounds


def _by_turn(title: str, times: Sequence[Sequence[float]]) -> list[Line]:
    turns = enumerate(zip(*times, strict=True), 1)
    return [Line(f"number {turn}", turn, MILLISECONDS, {title: Spread.of(each)}) for turn, each in turns]


BY_THRESHOLD = {typed: partial(searches, typed=typed) for typed in SHOWN}
