"""The sections of the report: what each is about, which measurements it takes, and what it shows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import figures, growth, lines, measurements, verdicts
from benchmarks.experiments import SHARE_OF_CAPACITY
from benchmarks.figures import Draft
from benchmarks.lines import SHOWN
from benchmarks.measurements import Line, Measurements

Table = list[list[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """Hold a section: `lines` are tabled and searched for peers that are ahead, `tables` are shown as they are."""

    title: str
    about: str
    sources: Sequence[str]
    draft: Draft | None = None
    lines: Sequence[Callable[[Measurements], list[Line]]] = ()
    tables: Sequence[Callable[[Measurements], Table]] = ()
    peers: Sequence[str] = ()


TORCH, DEEPFACE = ("facenet-pytorch",), ("deepface", "deepface-onnx")
FLAT = ("faiss",)


def _within(read: Callable[[Measurements, str], list[Line]]) -> list[Callable[[Measurements], list[Line]]]:
    return [lambda found, typed=typed: read(found, typed) for typed in SHOWN]  # type: ignore[misc]


SECTIONS = (
    Section(
        "Detection, by image size",
        "A decoded photo to boxes and landmarks, by its megapixels; everybody with the same thresholds.",
        [measurements.DETECTION],
        figures.detection,
        [lines.detection],
        peers=TORCH,
    ),
    Section(
        "Detection parity",
        "Boxes of facenet-pytorch that ours has at IoU >= 0.9, and what one has and the other has not, over all "
        "photos and sizes.",
        [measurements.PARITY],
        tables=[verdicts.parity],
    ),
    Section(
        "A whole photo, by the faces on it",
        "The bytes of a photo to vectors: decode, detect, cut out, embed; ours also gives tokens and writes the crops. "
        "The figure has the photos of one size, the table all of them.",
        [measurements.PHOTO],
        figures.crowds,
        [lines.photos, lines.peaks],
        peers=[*TORCH, *DEEPFACE],
    ),
    Section(
        "Embedding, by batch",
        "Faces cut out and in memory to vectors. The figure is for one face, the table for the whole batch.",
        [measurements.EMBEDDING],
        figures.embedding,
        [lines.embedding],
        peers=TORCH,
    ),
    Section(
        "Photos a second, by clients in the process",
        "A closed loop: each client thread has the next photo as soon as it has an answer, inside the process of the "
        "pipeline; ours also over HTTP, where the clients take their share of the same cores.",
        [measurements.PHOTO],
        figures.throughput,
        [lines.throughput],
        peers=[*TORCH, "facenet-pytorch-single", *DEEPFACE],
    ),
    Section(
        "Photos over HTTP, by clients",
        "`make bench` starts the server, on loopback and an empty face set, and the clients share its cores. "
        f"Capacity is a closed loop of so many clients. Latency is an open loop at {SHARE_OF_CAPACITY:.0%} of it: "
        "arrival times are fixed beforehand, and waiting is counted.",
        [measurements.LEVELS],
        figures.clients,
        [lines.capacity, lines.latencies],
    ),
    Section(
        "Search beside uploads, and overload",
        "Searches by token alone, and while eight clients upload photos without a pause; and an offer of several times "
        "the capacity, where whoever is refused has 503 and Retry-After.",
        [measurements.ISOLATION, measurements.OVERLOAD],
        tables=[verdicts.isolation, verdicts.overload],
    ),
    Section(
        "Exact search, by gallery size",
        "One query over made-up faces with the distances of real ones. Peers that take minutes there are left out of "
        "the large galleries.",
        [measurements.SEARCH],
        figures.gallery,
        _within(lines.searches),
        peers=[*FLAT, "usearch", "sqlite-vec"],
    ),
    Section(
        "Exact search, by threshold",
        "One query. What a threshold lets through has to be looked at, so a wide one costs more; FAISS looks at "
        "everything at any threshold.",
        [measurements.THRESHOLDS],
        figures.thresholds,
        [lines.thresholds],
        peers=FLAT,
    ),
    Section(
        "Exact search, several queries at once",
        "The figure is for one query, the table for the whole batch.",
        [measurements.SEARCH.format(lines.MILLION)],
        figures.batches,
        _within(lines.batches),
        peers=FLAT,
    ),
    Section(
        "Adding and removing",
        "The index alone, in memory, one face at a time; and all faces of the gallery at once, until nothing is done "
        "in the background any more. FAISS removes from an IndexIDMap2.",
        [measurements.SEARCH],
        None,
        [lambda found: lines.changes(found, "add"), lambda found: lines.changes(found, "remove"), lines.building],
        peers=FLAT,
    ),
    Section(
        "Right answers",
        "Answers of the search compared with a brute force in float64 over all vectors, with those of batches, and "
        "with FAISS up to its rounding.",
        [measurements.SEARCH, measurements.THRESHOLDS, measurements.EXACTNESS],
        tables=[verdicts.exactness],
    ),
    Section(
        "Start-up and memory, by gallery size",
        "Until a face set in SQLite can be searched, and until a server on it says that it is ready, its networks "
        "loaded and warm; the file is in the page cache.",
        [measurements.LOADING],
        figures.loading,
        [lines.loading, lines.memory],
    ),
    Section(
        "The first photos",
        "The first 1080p photos after /readyz says yes, and the first photos of sizes that the server has not seen.",
        [measurements.STARTUP],
        figures.warmth,
        [lines.first_photos, lines.first_sizes],
    ),
    Section(
        "Growth",
        "What ten times as much costs, from the measurements above.",
        [
            measurements.SEARCH,
            measurements.LOADING,
            measurements.DETECTION,
            measurements.PHOTO,
            measurements.LEVELS,
        ],
        tables=[growth.rows],
    ),
)
