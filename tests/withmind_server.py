"""A server of the WithMind dialect with somebody enrolled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import FaceEngine
from tests.client import Client
from tests.conftest import Live
from tests.withmind_client import SUCCESS, People, WithMind, sized


@pytest.fixture(scope="module")
def people(photos: Path) -> People:
    return People(photos)


@pytest.fixture(scope="module")
def live(
    serve: Callable[..., Live], new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Live]:
    engine = new_engine(tmp_path_factory.mktemp("withmind"))
    yield serve(engine)
    engine.close()


@pytest.fixture(scope="module")
def asked(live: Live, people: People) -> WithMind:
    """The dialect, with Mindy enrolled for Acme."""
    made = WithMind(Client(live.port))
    assert made.enrol("acme", "mindy", sized(people.mindy[0])) == SUCCESS
    return made
