"""Import five people, search for them in other photos, and measure how sure one can be.

    python -m benchmarks.demo [--mirror] [--json FILE]

The photos are the archive's: 93 of five celebrities to import, by the very code of `facetoken import`, into a folder
that is thrown away, and 25 others to search for. The accuracy is measured over all pairs of all 118 photos, the
largest face of each. Precision and backend are those of the settings (FACETOKEN_PRECISION=f32). Ends with status 1 when
a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from answers import EnrolmentRule
from batch.choice import Choice
from batch.importer import Importer
from batch.local import LocalTarget
from batch.report import Summary
from batch.sources import from_parent, listed
from benchmarks import celebrities, photos, tables
from engine import DEFAULT_GROUP, FaceEngine
from errors import StartError
from model.backends import networks, settled_precision
from model.weights import ensure_photos
from settings import Settings
from startup import opened_engine

THRESHOLDS = (0.65, 0.9, 1.0, 1.1, 1.2)
NEAR = 1.0
MIN_CONFIDENCE = 0.95
SMALL = 60
"""Pixels of the shorter side under which a face counts as small."""

MIN_RANK_ONE = 24
MIN_AUC = 0.985
MIN_TPR, MIN_TPR_MIRRORED = 0.91, 0.92


@dataclass(frozen=True, slots=True)
class Hit:
    """Hold what the search for one photo found: the nearest face, and how many near ones are own or others'."""

    person: str
    nearest: str
    distance: float
    own: int
    others: int


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        settings = Settings.from_environment()
        settings = replace(settings, mirror=settings.mirror or options.mirror)
        folder = ensure_photos(settings.weights)
        summary, hits = imported_and_searched(settings, folder)
        print(summary.text(), tables.text(_hit_rows(hits)), "", sep="\n\n")
        numbers = accuracy_numbers(settings, folder)
    except StartError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    print(_accuracy_text(numbers), tables.text(_threshold_rows(numbers)), sep="\n\n")
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n")
    for sentence in missed(numbers):
        print(f"demo: {sentence}", file=sys.stderr)
    return 1 if missed(numbers) else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mirror", action="store_true", help="as FACETOKEN_MIRROR=1: add the mirrored crop's vector")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the accuracy's numbers too")
    return parser.parse_args(arguments)


def imported_and_searched(settings: Settings, folder: Path) -> tuple[Summary, list[Hit]]:
    """Import the train photos, and search for the largest face of each val photo."""
    with tempfile.TemporaryDirectory() as data, opened_engine(replace(settings, data=Path(data))) as engine:
        importer = Importer(LocalTarget(engine), Choice(EnrolmentRule(MIN_CONFIDENCE)))
        sources = list(listed([folder / "train"], from_parent))
        with tqdm(total=len(sources), unit="photo", leave=False, disable=None) as bar:
            summary = importer.run(sources, lambda _: bar.update(), lambda: False)
        return summary, [hit for path in photos.listed(folder / "val") for hit in _search(engine, path)]


def _search(engine: FaceEngine, path: Path) -> list[Hit]:
    """Return the hit of a photo, or nothing when no face of at least 30 pixels is in it."""
    person = path.parent.name
    image, faces = engine.recognizer.locate(path.read_bytes())
    if not faces:
        return []
    found = engine.faceset.search(engine.recognizer.embed(image, faces[:1])[0], 2.0, DEFAULT_GROUP)
    names = engine.faceset.names([token for token, _ in found], DEFAULT_GROUP)
    near = [names[token] == person for token, distance in found if distance <= NEAR]
    nearest, distance = found[0]
    return [Hit(person, names[nearest], distance, sum(near), len(near) - sum(near))]


def _hit_rows(hits: Sequence[Hit]) -> list[list[object]]:
    rows: list[list[object]] = [["photo of", "nearest face", "distance", "", f"own within {NEAR}", "others' within it"]]
    for hit in hits:
        verdict = "right" if hit.nearest == hit.person else "WRONG"
        rows.append([hit.person, hit.nearest, f"{hit.distance:.3f}", verdict, hit.own, hit.others])
    return rows


def accuracy_numbers(settings: Settings, folder: Path) -> dict[str, Any]:
    """Measure the accuracy over all photos with the networks of the settings."""
    precision = settled_precision(settings.backend, settings.precision, None)
    loaded = networks(settings.backend, precision, settings.mirror, settings.weights, h5=settings.facenet_h5)
    found = celebrities.measured(folder, *loaded)
    pairs = found.pairs()
    right, asked = found.rank_one()
    return {
        "model": str(loaded[1].fingerprint),
        "mirror": settings.mirror,
        "photos": len(found.faces),
        "photos_without_face": found.faceless,
        "genuine_pairs": len(pairs.genuine),
        "stranger_pairs": len(pairs.strangers),
        "rank_one": right,
        "rank_one_of": asked,
        "auc": pairs.auc(),
        "tpr_at_far": {"0.01": pairs.tpr_at(1e-2), "0.001": pairs.tpr_at(1e-3)},
        "thresholds": {str(value): {"tpr": pairs.tpr(value), "far": pairs.far(value)} for value in THRESHOLDS},
        "unsure_faces": sum(face.score < MIN_CONFIDENCE for face in found.faces),
        "small_faces": sum(min(face.width, face.height) < SMALL for face in found.faces),
    }


def missed(numbers: dict[str, Any]) -> list[str]:
    """Say in one sentence each which targets were missed."""
    tpr, floor = numbers["tpr_at_far"]["0.001"], MIN_TPR_MIRRORED if numbers["mirror"] else MIN_TPR
    checks = (
        (numbers["rank_one"] >= MIN_RANK_ONE, f"rank-1 is {numbers['rank_one']}, under {MIN_RANK_ONE}"),
        (numbers["auc"] >= MIN_AUC, f"AUC is {numbers['auc']:.4f}, under {MIN_AUC}"),
        (tpr >= floor, f"TPR at FAR 0.001 is {tpr:.4f}, under {floor}"),
    )
    return [sentence for met, sentence in checks if not met]


def _accuracy_text(numbers: dict[str, Any]) -> str:
    tprs = numbers["tpr_at_far"]
    return "\n".join(
        (
            f"{numbers['model']}",
            f"{numbers['photos']} photos with a face, {numbers['photos_without_face']} without: "
            f"{numbers['genuine_pairs']} genuine pairs, {numbers['stranger_pairs']} pairs of strangers",
            f"{numbers['unsure_faces']} faces of confidence under {MIN_CONFIDENCE}, "
            f"{numbers['small_faces']} under {SMALL} pixels",
            f"rank-1 {numbers['rank_one']}/{numbers['rank_one_of']}   AUC {numbers['auc']:.4f}   "
            f"TPR at FAR 0.01 {tprs['0.01']:.4f}   TPR at FAR 0.001 {tprs['0.001']:.4f}",
        )
    )


def _threshold_rows(numbers: dict[str, Any]) -> list[list[object]]:
    rows = [[value, f"{each['tpr']:.4f}", f"{each['far']:.5f}"] for value, each in numbers["thresholds"].items()]
    return [["threshold", "TPR", "FAR"], *rows]


if __name__ == "__main__":
    raise SystemExit(main())
