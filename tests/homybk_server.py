"""A server of the HomyBK dialect, and photos that are registered with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import FaceEngine
from tests.client import Client
from tests.conftest import Live
from tests.homybk_client import FILES, HomyBK
from tests.module_engine import engine

__all__ = ["engine"]

Serve = Callable[..., Live]
SMALL: dict[str, Any] = {"threads": 4, "queue": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def homy(serve: Serve, engine: FaceEngine, folder: Path) -> HomyBK:
    return HomyBK(Client(serve(engine, data=folder, **SMALL).port))


@pytest.fixture(scope="module")
def registered(homy: HomyBK) -> dict[str, str]:
    """The URL of each photo."""
    return {name: homy.registered(data) for name, data in FILES.items()}
