"""The commands of the whole benchmark, and of its short version: what each is called, asks and needs."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import measurements
from benchmarks.contestants import PEERS, python_of
from benchmarks.search import FAISS, SHARES, VENV
from settings import ROOT

LONGEST, LONGEST_QUICK = 3600, 300

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 4_000_000)
"""Galleries to search."""

LARGEST_FOR_ALL = 1_000_000
"""Beyond it only FAISS searches beside ours: the others would take most of the hour."""

MADE = ".made"
"""What the Makefile leaves in an environment that is complete."""

LEVELS, LEVEL_SECONDS, SECONDS = "1,2,4,8,10,32", "10", "20"
TYPED = "0.4,0.5,0.65,0.8,0.9,1.0,1.1,1.2"
EXACT_QUERIES = "10000"


@dataclass(frozen=True, slots=True)
class Step:
    """Hold one command, `python -m benchmarks.MODULE ARGUMENTS`.

    `on_server` gives it the address of a server of its own and a folder of photos. With `missing`, which says what it
    lacks, it is not run. It may take `limit` seconds.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    on_server: bool = False
    missing: str = ""
    limit: float = LONGEST


def whole() -> list[Step]:
    """Return everything, what matters most first."""
    return [*_photos(), *_searches(), *_servers(), _parity(), _exactness()]


def quick() -> list[Step]:
    """Return a little of everything, without the peers that have environments of their own."""
    mix = ("--mix", "detect=1,search=1,search_photo=0.5")
    return [
        Step("search", "search", ("--quick",), limit=LONGEST_QUICK),
        Step("photo", "photo", ("--quick", "--peers", ""), limit=LONGEST_QUICK),
        Step("http", "http", ("--rate", "6", "--seconds", "5", *mix), on_server=True, limit=LONGEST_QUICK),
        Step("startup", "startup", ("--rounds", "1"), limit=LONGEST_QUICK),
    ]


def _photos() -> list[Step]:
    stages = {measurements.DETECTION: "detection", measurements.EMBEDDING: "embedding", measurements.PHOTO: "photo"}
    peers = ("--peers", ",".join(peer for peer, names in PEERS.items() if all(map(_is_made, names))))
    # DeepFace takes up to sixteen seconds a photo: fewer rounds of that.
    rounds = {measurements.PHOTO: ("--rounds", "2")}
    return [Step(name, "photo", ("--stages", stage, *peers, *rounds.get(name, ()))) for name, stage in stages.items()]


def _searches() -> list[Step]:
    return [
        *(Step(measurements.SEARCH.format(rows), "search", _search(rows)) for rows in SIZES),
        Step(measurements.THRESHOLDS, "search", ("--thresholds", TYPED, "--batches", "1")),
    ]


def _search(rows: int) -> tuple[str, ...]:
    small = rows <= LARGEST_FOR_ALL
    peers = [FAISS, *(SHARES if small and (ROOT / VENV / MADE).exists() else [])]
    rounds = () if small else ("--rounds", "3")
    return ("--rows", str(rows), "--peers", ",".join(peers), *rounds)


def _servers() -> list[Step]:
    return [
        Step(measurements.LEVELS, "http", ("--levels", LEVELS, "--seconds", LEVEL_SECONDS), on_server=True),
        Step(measurements.ISOLATION, "http", ("--isolation", "--seconds", SECONDS), on_server=True),
        Step(measurements.OVERLOAD, "http", ("--overload", "--seconds", SECONDS), on_server=True),
        Step(measurements.STARTUP, "startup"),
        Step(measurements.LOADING, "loading", ("--rounds", "2")),
    ]


def _parity() -> Step:
    """Compare detections; DeepFace's environment has TensorFlow and its MTCNN too."""
    peers = {"--torch": "facenet-pytorch", "--tensorflow": "deepface"}
    absent = [peer for peer in peers.values() if not _is_made(peer)]
    pythons = [(option, str(python_of(peer).relative_to(ROOT))) for option, peer in peers.items()]
    missing = f"no environment for {', '.join(absent)}" if absent else ""
    return Step(measurements.PARITY, "parity", tuple(word for pair in pythons for word in pair), missing=missing)


def _is_made(peer: str) -> bool:
    """Tell whether a contestant's environment was made to its end."""
    return (python_of(peer).parents[1] / MADE).exists()


def _exactness() -> Step:
    options = ("--count", EXACT_QUERIES, "--check", "all", "--batches", "1", "--rounds", "1", "--timed", "20")
    return Step(measurements.EXACTNESS, "search", ("--rows", "1000000", "--peers", "", *options))
