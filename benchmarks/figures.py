"""The figures of the report: what each shows, taken from the measurements, and nothing of how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import lines
from benchmarks.measurements import Line, Measurements

PHOTO_MS, QUERY_MS = "milliseconds a photo", "milliseconds a query"
GALLERY = "faces in the gallery"


@dataclass(frozen=True, slots=True)
class Panel:
    """Hold one pair of axes: a line for each contestant through its values."""

    title: str
    across: str
    up: str
    lines: Sequence[Line]
    log_across: bool = True
    log_up: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold a file's name without its ending, what it shows in a sentence, and panels side by side."""

    name: str
    alt: str
    panels: Sequence[Panel]


Draft = Callable[[Measurements], Figure | None]


def detection(found: Measurements) -> Figure | None:
    panel = Panel("", "megapixels", PHOTO_MS, lines.detection(found))
    return _complete("detection", "Milliseconds to find the faces of a photo, by its megapixels", [panel])


def crowds(found: Measurements) -> Figure | None:
    panel = Panel("", "faces on a photo of one size", PHOTO_MS, lines.crowds(found), log_across=False)
    return _complete("faces", "Milliseconds from the bytes of a photo to its vectors, by the faces on it", [panel])


def embedding(found: Measurements) -> Figure | None:
    panel = Panel("", "faces at once", "milliseconds a face", _each(lines.embedding(found)))
    return _complete("embedding", "Milliseconds to embed a face, by how many are embedded at once", [panel])


def throughput(found: Measurements) -> Figure | None:
    panel = Panel("", "client threads", "photos a second", lines.throughput(found))
    return _complete("throughput", "Photos a second, by client threads", [panel])


def clients(found: Measurements) -> Figure | None:
    closed, opened = lines.capacity(found), lines.latencies(found)
    panels = [
        Panel("capacity, closed loop", "clients", "photos a second", closed, log_up=False),
        Panel("open loop at a share of it", "clients", PHOTO_MS, opened),
    ]
    return _complete("clients", "Photos a second, and latency of an open loop, by clients over HTTP", panels)


def gallery(found: Measurements) -> Figure | None:
    panels = [Panel(f"within {typed}", GALLERY, QUERY_MS, read(found)) for typed, read in lines.BY_THRESHOLD.items()]
    return _complete("search-gallery", "Milliseconds of an exact range search, by faces in the gallery", panels)


def thresholds(found: Measurements) -> Figure | None:
    panel = Panel("", "threshold", QUERY_MS, lines.thresholds(found), log_across=False)
    return _complete("search-threshold", "Milliseconds of an exact range search, by threshold", [panel])


def batches(found: Measurements) -> Figure | None:
    panels = [
        Panel(f"within {typed}", "queries at once", QUERY_MS, _each(lines.batches(found, typed)))
        for typed in lines.SHOWN
    ]
    return _complete("search-batch", "Milliseconds of a query, by how many are asked at once", panels)


def loading(found: Measurements) -> Figure | None:
    panels = [
        Panel("until it can be searched", GALLERY, "seconds", lines.loading(found)),
        Panel("resident memory of the server", GALLERY, "gigabytes", lines.memory(found), log_up=False),
    ]
    return _complete("start-up", "Seconds to start and gigabytes of memory, by faces in the gallery", panels)


def warmth(found: Measurements) -> Figure | None:
    panels = [
        Panel("after a start", "number of the photo", PHOTO_MS, lines.first_photos(found), False, False),
        Panel("a size not seen before", "number of the photo", PHOTO_MS, lines.first_sizes(found), False, False),
    ]
    return _complete("first-photos", "Milliseconds of the first photos after a start, and of a new size", panels)


def _complete(name: str, alt: str, panels: Sequence[Panel]) -> Figure | None:
    """Leave out what was not measured."""
    measured = [panel for panel in panels if panel.lines]
    return Figure(name, alt, measured) if measured else None


def _each(many: Sequence[Line]) -> list[Line]:
    """Divide what batches took by how many were in them."""
    return [
        Line(line.title, line.at, line.unit, {name: one.times(1 / line.at) for name, one in line.values.items()})
        for line in many
    ]
