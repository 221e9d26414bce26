"""Ask Clarifai's general image recognition what a photo shows, by its HTTP API, version 2."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from urllib3.exceptions import HTTPError

from errors import TaggerError
from outbound import Deadline, Server, read, trusted
from tags import spellings

MAX_ANSWER = 1024 * 1024
"""Bytes; an answer of twenty concepts has five thousand."""

SUCCESS = 10000


@dataclass(frozen=True, slots=True)
class ClarifaiAccount:
    """Say whom to ask, on whose account, and how long to wait, seconds; a concept counts from `minimum` on."""

    key: str = field(repr=False)
    url: str = "https://api.clarifai.com"
    model: str = "general-image-recognition"
    minimum: float = 0.0
    seconds: float = 10.0


class Clarifai:
    """See tags as Clarifai does; safe for many threads. The photo's file leaves this machine."""

    def __init__(self, account: ClarifaiAccount, context: ssl.SSLContext | None = None) -> None:
        self._account = account
        parts = urlsplit(account.url)
        tls = parts.scheme == "https"
        self._server = Server(
            parts.hostname or "", parts.port or (443 if tls else 80), (context or trusted()) if tls else None
        )
        self._path = f"{parts.path.rstrip('/')}/v2/users/clarifai/apps/main/models/{account.model}/outputs"
        self._headers = {
            "Host": parts.netloc,
            "Authorization": f"Key {account.key}",
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "facetoken",
        }

    def sees(self, file: Callable[[], bytes], image: NDArray[np.uint8], tag: str) -> bool:  # noqa: ARG002 - not pixels
        """Tell whether one of the photo's concepts is called `tag`, in the singular or the plural.

        Raises TaggerError when Clarifai gives no answer that can be understood.
        """
        words = set(spellings(tag))
        concepts = self.concepts(file())
        return any(words & set(spellings(name)) for name, value in concepts if value >= self._account.minimum)

    def concepts(self, data: bytes) -> list[tuple[str, float]]:
        """Return what a photo's file shows, by name, and how sure that is, 0 to 1. Raises TaggerError like `sees`."""
        body = json.dumps({"inputs": [{"data": {"image": {"base64": base64.b64encode(data).decode()}}}]})
        try:
            status, answer = self._ask(body.encode(), Deadline(self._account.seconds))
        except (OSError, ValueError, HTTPError, HTTPException) as error:
            # The kind alone: the text of some errors holds the request's head.
            raise TaggerError(f"Clarifai cannot be reached or broke off ({type(error).__name__})") from None
        return _concepts(status, answer)

    def _ask(self, body: bytes, deadline: Deadline) -> tuple[int, bytes | None]:
        """Send one request; return the answer's status and body, None in place of one that is too large."""
        with self._server.connected(self._server.addresses(deadline), deadline) as connection:
            connection.request("POST", self._path, body, self._headers, preload_content=False, decode_content=False)
            with closing(connection.getresponse()) as response:
                return response.status, read(response, MAX_ANSWER)


def _concepts(status: int, body: bytes | None) -> list[tuple[str, float]]:
    if body is None:
        raise TaggerError(f"Clarifai answered with more than {MAX_ANSWER} bytes")
    try:
        answer = json.loads(body)
        code = answer["status"]["code"]
        if status == 200 and code == SUCCESS:
            # What is zero or empty is left out of these answers.
            return [_concept(item) for item in answer["outputs"][0].get("data", {}).get("concepts", [])]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise TaggerError(f"Clarifai's answer, of HTTP status {status}, cannot be understood") from None
    number = code if isinstance(code, int) and 0 < code < 100_000 else "unknown"
    raise TaggerError(f"Clarifai refused to answer, with HTTP status {status} and its own code {number}")


def _concept(item: dict[str, Any]) -> tuple[str, float]:
    name, value = item["name"], item.get("value", 0.0)
    if not isinstance(name, str) or not isinstance(value, int | float):
        raise TypeError
    return name, float(value)
