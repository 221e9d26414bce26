"""A face set of thousands without crops, for tests of the wall."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page

from engine import FaceEngine
from faceset.tokens import Face
from model.base import EMBEDDING_DIM
from tests.browser import Complaints, answered
from tests.conftest import Live
from tests.page_wall import walled
from tests.vectors import unit

CROWD = 3000


def made_up(count: int, names: Callable[[int], str]) -> list[Face]:
    vectors = unit(np.random.default_rng(0).standard_normal((count, EMBEDDING_DIM)))
    return [Face(f"{row:024}", vector, 0.99, 99.0, name=names(row)) for row, vector in enumerate(vectors)]


@pytest.fixture(scope="module")
def crowd(
    new_engine: Callable[..., FaceEngine], serve: Callable[..., Live], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    """A server with many faces that have no crops: person 0 is the oldest."""
    engine = new_engine(tmp_path_factory.mktemp("crowd"))
    engine.faceset.add(made_up(CROWD, lambda row: f"person {row:04}"), "default")
    yield serve(engine)
    engine.close()


@pytest.fixture
def crowded(new_page: Callable[..., Page], crowd: Live, complaints: Complaints) -> Page:
    complaints.allow(answered(404))
    return walled(new_page(crowd.url))
