"""Galleries that are as hard to search as real ones, of any size and seeded.

The model, and where its numbers come from. 118 photos of five people (the archive's, 1,354 genuine and 5,549 stranger
pairs) were embedded in f32; their vectors are unit vectors of 128 numbers, but vary in 64 directions only. What is
kept of them here is the handful of numbers below, in a random orthogonal basis: no vector and no person is in it.

- Directions. With x from 0 to 1 over the 64 directions, a face differs from its person by exp(-2.3 x) (1 - x)^0.4 of
  variance, a person from the mean by (1 - x)^0.7, in the same basis. Fitted to the real covariances: of five people
  drawn with as many faces each, groups of eight eigenvectors of the within-person covariance hold .169 .092 .054 .032
  .018 .010 .005 .002 of it (real: .154 .087 .057 .039 .023 .014 .007 .002) and of the centres' .150 .119 .106 .091
  .069 .050 .034 .019 (real, of five centres and so rough: .124 .130 .086 .118 .091 .064 .038 .018). The mean of all
  is zero: its square, estimated by the mean product of two centres, is -0.04.
- People look alike. Directions alone make too few near strangers: there are 128 types, and half of what makes a
  person's centre is the type's. That number and that share are fitted to the false accept rates.
- Faces of a person. A face is its person's centre plus noise of its own length, made a unit vector again. The length
  is log-normal, once for the person (0.155) and once for the face (0.35) around 0.71, and five times that for 3 % of
  the faces: false and tiny detections, which the photos have as well. Fitted to the genuine distances.

What comes out is in GENUINE, STRANGERS and FAR beside what was measured, and a test compares. The false accept rates up
to 1.1 are met within a fifth. Two things are not met. The real strangers' mean, of ten pairs of people, is out of any
large gallery's reach: the mean cosine of many people cannot be negative, so the mean square of their distances is at
most 2. Their spread is wider, as those false accept rates ask: the 118 photos alone have none up to 1.1, and 0.0038
at 1.2. And at 1.2 strangers are a third more frequent than among the 182.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
GENUINE = {"measured": (0.45, 0.56, 0.71, 0.83, 0.97, 1.22, 1.40), "made": (0.46, 0.56, 0.71, 0.84, 0.98, 1.21, 1.38)}
STRANGERS = {"measured": (1.23, 1.29, 1.39, 1.45, 1.50, 1.57, 1.60), "made": (1.14, 1.23, 1.34, 1.41, 1.48, 1.57, 1.63)}
"""Distances at the quantiles. Strangers: mean 1.440 and deviation 0.082 measured, 1.409 and 0.104 made."""

FAR_AT = (0.65, 0.9, 1.0, 1.1, 1.2)
FAR = {"measured": (0, 0.0001, 0.0008, 0.005, 0.022), "made": (0, 0.00008, 0.00075, 0.0046, 0.029)}
"""Share of strangers at or under a threshold; measured on 15,003 pairs of 182 photos of three sources."""

DIM, LIVE = 128, 64
FACES_EACH, PART = 10, 20_000
PEOPLE = PART // FACES_EACH
MADE_QUERIES = 200

# Of the variance, this share lies in the other 64 directions (measured: 0.0001 within people, 0.0006 of the centres).
REST = 3e-4
TYPES, TYPE_SHARE = 128, 0.52
SPREAD, PERSON_SPREAD, FACE_SPREAD = 0.71, 0.155, 0.35
BAD, BAD_SPREAD = 0.03, 5.0

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Files = tuple[Path, Path]


class Gallery:
    """Make up `rows` faces, ten of each person in a row; the same for the same seed, whatever is asked first."""

    def __init__(self, rows: int, seed: int = 0) -> None:
        self.rows, self.seed = rows, seed
        random = self._random("basis", 0)
        self._basis: Floats = np.linalg.qr(random.standard_normal((DIM, DIM)))[0].astype(np.float32)
        place = (np.arange(LIVE) + 0.5) / LIVE
        self._within = _deviations(np.exp(-2.3 * place) * (1 - place) ** 0.4)
        self._between = _deviations((1 - place) ** 0.7)
        self._types = _unit(_normal(random, TYPES) * self._between)

    def parts(self) -> Iterator[Floats]:
        """Yield all faces in order, float32 (20,000 or fewer at the end, 128), unit vectors."""
        for part in range(-(-self.rows // PART)):
            faces = self._faces(*self._people(part), self._random("faces", part))
            yield faces[: self.rows - part * PART]

    def vectors(self) -> Floats:
        """Return all faces, float32 (rows, 128)."""
        return np.concatenate(list(self.parts()))

    def save(self, path: Path) -> None:
        """Write all faces as .npy, one part in memory at a time."""
        stored = np.lib.format.open_memmap(path, "w+", np.float32, (self.rows, DIM))
        for number, faces in enumerate(self.parts()):
            stored[number * PART : number * PART + len(faces)] = faces
        stored.flush()

    def queries(self, count: int) -> Floats:
        """Return `count` fresh faces: of people in the gallery at even places, of strangers at odd ones."""
        random = self._random("queries", 0)
        known = random.integers(0, max(1, self.rows // FACES_EACH), count)
        # Strangers are the people of parts that no gallery reaches.
        asked = np.where(np.arange(count) % 2, random.integers(1 << 40, 1 << 41, count), known)
        centres, lengths = np.empty((count, DIM), np.float32), np.empty((count, 1), np.float32)
        for part in np.unique(asked // PEOPLE).tolist():
            mine = asked // PEOPLE == part
            people, spreads = self._people(part)
            centres[mine], lengths[mine] = people[asked[mine] % PEOPLE], spreads[asked[mine] % PEOPLE]
        return self._faces(centres, lengths, random, each=1)

    def _people(self, part: int) -> tuple[Floats, Floats]:
        """Return the centres (people, 128), before the basis, and the spreads (people, 1) of a part's people."""
        random = self._random("people", part)
        own = _unit(_normal(random, PEOPLE) * self._between)
        shared = self._types[random.integers(0, TYPES, PEOPLE)]
        centres = _unit(np.float32(TYPE_SHARE**0.5) * shared + np.float32((1 - TYPE_SHARE) ** 0.5) * own)
        spreads: Floats = SPREAD * np.exp(PERSON_SPREAD * random.standard_normal((PEOPLE, 1), np.float32))
        return centres, spreads

    def _faces(self, centres: Floats, spreads: Floats, random: np.random.Generator, each: int = FACES_EACH) -> Floats:
        centres, spreads = centres.repeat(each, axis=0), spreads.repeat(each, axis=0)
        lengths = spreads * np.exp(FACE_SPREAD * random.standard_normal(spreads.shape, np.float32))
        lengths[random.random(spreads.shape, np.float32) < BAD] *= BAD_SPREAD
        faces: Floats = _unit(centres + lengths * self._within * _normal(random, len(centres))) @ self._basis
        return faces

    def _random(self, purpose: str, part: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, part, *purpose.encode()])


def prepared(given: Files | None, gallery: Gallery, count: int | None, folder: Path) -> Files:
    """Return files of vectors and of the first `count` queries, float32 in C order: those given, or of the gallery."""
    files = folder / "vectors.npy", folder / "queries.npy"
    if given is None:
        gallery.save(files[0])
        np.save(files[1], gallery.queries(count or MADE_QUERIES))
        return files
    vectors, queries = (np.load(file, mmap_mode="r") for file in given)
    if vectors.ndim != 2 or queries.ndim != 2 or vectors.shape[1] != queries.shape[1]:
        raise ValueError(f"vectors must be (n, dim) and queries (q, dim), not {vectors.shape} and {queries.shape}")
    np.save(files[1], np.ascontiguousarray(queries[:count], np.float32))
    if vectors.dtype == np.float32 and vectors.flags.c_contiguous:
        return given[0].absolute(), files[1]
    np.save(files[0], np.ascontiguousarray(vectors, np.float32))
    return files


def _deviations(variances: Doubles) -> Floats:
    """Return standard deviations in all directions, whose squares sum to one."""
    rest = np.full(DIM - LIVE, REST / (DIM - LIVE))
    shares: Doubles = np.append(variances / variances.sum() * (1 - REST), rest)
    return np.sqrt(shares).astype(np.float32)


def _normal(random: np.random.Generator, count: int) -> Floats:
    return random.standard_normal((count, DIM), np.float32)


def _unit(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths
