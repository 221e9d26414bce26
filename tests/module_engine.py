"""An engine that the tests of a module share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine import FaceEngine


@pytest.fixture(scope="module")
def engine(new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaceEngine]:
    made = new_engine(tmp_path_factory.mktemp("engine"))
    yield made
    made.close()
