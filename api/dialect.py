"""What a dialect is to the server."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from flask import Blueprint, request

from engine import FaceEngine
from errors import FaceError
from images import NATIVE_LIMITS
from photo_urls import PhotoUrls
from settings import Settings

EngineSource = Callable[[], FaceEngine]
"""Return the engine; raise errors.Overloaded while it is still starting."""

FORM_OVERHEAD = 64 * 1024
"""What a body adds to its photos: boundaries, headers, the small fields."""


@dataclass(frozen=True)
class Services:
    """Hold what the routes of every dialect may use."""

    settings: Settings
    engine: EngineSource
    photo_urls: PhotoUrls

    def photo_at(self, url: str, max_bytes: int) -> bytes:
        """Return the photo behind a URL that the request at hand brought; raises what `PhotoUrls.get` does."""
        return self.photo_urls.get(url, request.url_root, max_bytes)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Hold a dialect: the paths it answers for, its routes, and its words for an error (a JSON body and a status).

    `max_body` are the bytes that its requests may have. `fetching` fits the paths of those that may bring a photo by
    its URL, and so wait for others. `origins` are the web origins whose pages may call it, `*` for all.
    """

    name: str
    prefixes: tuple[str, ...]
    blueprint: Callable[[Services], Blueprint]
    render: Callable[[FaceError], tuple[dict[str, Any], int]]
    max_body: int = NATIVE_LIMITS.max_bytes + FORM_OVERHEAD
    fetching: re.Pattern[str] | None = None
    origins: Callable[[Settings], tuple[str, ...]] = attrgetter("cors_origins")
