"""A face set with a few people in it, made once and copied by tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import FaceEngine

PEOPLE = ("ben_afflek", "elton_john", "jerry_seinfeld", "madonna", "mindy_kaling")
KNOWN = PEOPLE[:4]
"""Those who are in the face set, three photos each; nobody knows the fifth."""


@pytest.fixture(scope="session")
def photos_of(photos: Path) -> dict[str, list[Path]]:
    """Five people's five photos, of one clear face each."""
    return {name: sorted((photos / "val" / name).glob("*.jpg")) for name in PEOPLE}


@pytest.fixture(scope="session")
def population(
    new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory, photos_of: dict[str, list[Path]]
) -> Path:
    """A data folder with three faces of each of four people, the last four of them the newest; tests work on copies."""
    folder = tmp_path_factory.mktemp("population")
    engine = new_engine(folder)
    for place in range(3):
        for name in KNOWN:
            engine.add(engine.detect(photos_of[name][place].read_bytes()).faces[0].token, name)
    engine.close()
    return folder
