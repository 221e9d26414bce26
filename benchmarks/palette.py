"""How contestants are called and drawn: the same in every table and figure, told apart without colours as well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BLUE, SKY, VERMILION, ORANGE, GREEN, PURPLE, GREY = (
    "#0072b2", "#3a9bdc", "#d55e00", "#b87a00", "#009e73", "#b0578d", "#555555",
)  # fmt: skip
"""After Okabe and Ito, Color Universal Design (2008), the light ones darkened so that text in them can be read."""


@dataclass(frozen=True, slots=True)
class Look:
    """Hold a contestant's title, and the colour, marker and dashes of its line."""

    title: str
    colour: str
    marker: str
    dashes: str = "-"


LOOKS = {
    "ours": Look("facetoken", BLUE, "o"),
    "faiss": Look("FAISS flat", VERMILION, "s"),
    "usearch": Look("usearch", GREEN, "^"),
    "sqlite-vec": Look("sqlite-vec", PURPLE, "D"),
    "facetoken-bf16": Look("facetoken bf16", BLUE, "o"),
    "facetoken-f32": Look("facetoken f32", SKY, "o", "--"),
    "facetoken-http-bf16": Look("facetoken bf16, HTTP", BLUE, "v", ":"),
    "facetoken-http-f32": Look("facetoken f32, HTTP", SKY, "v", ":"),
    "facenet-pytorch": Look("facenet-pytorch", VERMILION, "s"),
    "facenet-pytorch-single": Look("facenet-pytorch, single thread", ORANGE, "s", "--"),
    "deepface": Look("DeepFace", GREEN, "^"),
    "deepface-onnx": Look("DeepFace, ONNX", PURPLE, "D"),
    "face set open": Look("face set open", BLUE, "o"),
    "server ready": Look("server ready", VERMILION, "s"),
    "p50": Look("p50", BLUE, "o"),
    "p95": Look("p95", ORANGE, "s"),
    "p99": Look("p99", VERMILION, "^"),
}


def ordered(names: Iterable[str]) -> list[str]:
    """Return names, each once, in the order of LOOKS, and others after them as they come."""
    once = dict.fromkeys(names)
    return [*(name for name in LOOKS if name in once), *(name for name in once if name not in LOOKS)]


def look(name: str, place: int = 0) -> Look:
    """Return how a contestant looks; one that is not known is told apart by its place among the others."""
    others = (Look(name, BLUE, "o"), Look(name, VERMILION, "s"), Look(name, GREEN, "^"), Look(name, PURPLE, "D"))
    return LOOKS.get(name, others[place % len(others)])
