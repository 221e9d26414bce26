"""What a dialect is to the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint

from engine import FaceEngine
from errors import FaceError
from settings import Settings

EngineSource = Callable[[], FaceEngine]
"""Return the engine; raise errors.Overloaded while it is still starting."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Hold a dialect: the paths it answers for, its routes, and its words for an error (a JSON body and a status)."""

    name: str
    prefix: str
    blueprint: Callable[[Settings, EngineSource], Blueprint]
    render: Callable[[FaceError], tuple[dict[str, Any], int]]
