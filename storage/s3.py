"""Photos in buckets, by boto3, which is imported when S3 is set only, and finds the credentials itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, TypeVar

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from errors import InternalError, StartError
from fetcher import nothing_there, too_large, too_slow
from outbound import CONNECT_SECONDS, Deadline, read
from storage.base import content_type, is_name, new_name
from storage.buckets import BucketUrls, Place

AT_ONCE = 16
"""Reads and writes at the same time; others wait."""

ABSENT = frozenset(("NoSuchKey", "404"))
"""Codes of S3 that call for nobody's attention."""

LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3")

log = logging.getLogger("facetoken.storage")

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class S3Rule:
    """Say which buckets are read, where they are, and how long each read or write may take, seconds."""

    readable: frozenset[str] = frozenset()
    region: str | None = None
    endpoint: str | None = None
    seconds: float = 10.0


class S3Source:
    """Read the photos of the readable buckets; safe for many threads. Raises StartError when boto3 cannot be used."""

    def __init__(self, rule: S3Rule) -> None:
        self._rule = rule
        self._client, region = _client(rule)
        self._urls = BucketUrls(region, rule.endpoint)
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def get(self, url: str, base: str, max_bytes: int) -> bytes | None:  # noqa: ARG002 - a bucket is nobody's host
        """Return the photo behind a URL of a readable bucket, None for any other.

        Raises PhotoUrlError when there is none that the credentials open, PhotoTimeout when its time is over, and
        UploadTooLarge over `max_bytes`.
        """
        place = self._urls.place(url)
        if place is None or not self._reads(place):
            return None
        if place.key is None:
            raise nothing_there()
        try:
            photo = self._in_time(lambda deadline: self._read(place, max_bytes, deadline))
        except TimeoutError as error:
            raise too_slow() from error
        except OSError as error:
            raise nothing_there() from error
        if photo is None:
            raise too_large(max_bytes)
        return photo

    def _reads(self, place: Place) -> bool:
        return place.bucket in self._rule.readable

    def _read(self, place: Place, max_bytes: int, deadline: Deadline) -> bytes | None:
        answer = self._client.get_object(Bucket=place.bucket, Key=place.key)
        # One that sends a byte now and then never meets boto3's own limit.
        with answer["Body"] as response, deadline.ends(lambda: _shut(response)):
            photo = read(response, max_bytes)
        # A connection that was cut off ends like one that was closed.
        deadline.left()
        if photo is not None and len(photo) != answer.get("ContentLength", len(photo)):
            raise HTTPException("the object is cut off")
        return photo

    def _in_time(self, work: Callable[[Deadline], Found]) -> Found:
        """Do what boto3 has no time limit for; raise TimeoutError when it takes too long, OSError when it fails."""
        deadline = Deadline(self._rule.seconds)
        if not self._free.acquire(timeout=deadline.left()):
            raise TimeoutError
        pending: Future[Found] = Future()

        def run() -> None:
            try:
                pending.set_result(work(deadline))
            except BaseException as error:
                pending.set_exception(error)
            finally:
                self._free.release()

        # A server that sends its headers a byte at a time holds the thread longer than the deadline; no stop waits.
        threading.Thread(target=run, name="s3", daemon=True).start()
        try:
            return pending.result(deadline.left())
        except TimeoutError:
            log.warning("S3 did not answer in time")
            raise
        except _failures() as error:
            deadline.left()
            reason = _reason(error)
            if reason not in ABSENT:
                log.warning("S3 failed: %s", reason)
            raise OSError("S3 failed") from error


class S3Storage(S3Source):
    """Store photos in a bucket too. Of that bucket only those are read, unless it is named among the readable."""

    def __init__(self, rule: S3Rule, bucket: str) -> None:
        super().__init__(rule)
        self._bucket = bucket

    def put(self, photo: bytes, base: str) -> str:  # noqa: ARG002 - a bucket is nobody's host
        """Store a JPEG or PNG, for its owner only; return its URL.

        Raises FileError for anything else, InternalError when S3 refuses it or takes too long; nobody then knows the
        name of what may have been stored.
        """
        name = new_name(photo)
        content = {"Body": photo, "ContentType": content_type(name)}
        try:
            self._in_time(lambda _: self._client.put_object(Bucket=self._bucket, Key=name, **content))
        except OSError as error:
            raise InternalError("the photo cannot be stored at the moment; try again later") from error
        return self._urls.url(self._bucket, name)

    def delete(self, url: str, base: str) -> None:  # noqa: ARG002 - a bucket is nobody's host
        """Delete the photo that `put` returned this URL for; any other URL changes nothing. Raises InternalError."""
        place = self._urls.place(url)
        if place is None or not self._is_stored(place):
            return
        try:
            self._in_time(lambda _: self._client.delete_object(Bucket=self._bucket, Key=place.key))
        except OSError as error:
            raise InternalError("the photo cannot be deleted at the moment; try again later") from error

    def _reads(self, place: Place) -> bool:
        return super()._reads(place) or self._is_stored(place)

    def _is_stored(self, place: Place) -> bool:
        return place.bucket == self._bucket and place.key is not None and is_name(place.key)


def _client(rule: S3Rule) -> tuple[Any, str]:
    """Return boto3's client and its region; raise StartError when there is none to be had."""
    try:
        # Imported here: most servers have no use for it, and it is an extra.
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        raise StartError("S3 is set and boto3 is not installed; install facetoken[s3]") from None
    for name in LIBRARIES:
        # They log URLs and what is signed.
        logging.getLogger(name).setLevel(logging.ERROR)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=rule.seconds,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=AT_ONCE,
        ignore_configured_endpoint_urls=True,
        s3={"addressing_style": "auto" if rule.endpoint is None else "path"},
        # Servers that are not Amazon's do not all know the checksums that are sent otherwise.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        session = Session()
        if session.get_credentials() is None:
            raise StartError("S3 is set and boto3 finds no credentials; set AWS_ACCESS_KEY_ID, AWS_PROFILE or a role")
        region = rule.region or session.region_name or "us-east-1"
        return session.client("s3", region_name=region, endpoint_url=rule.endpoint, config=config), region
    except _failures() as error:
        raise StartError(f"S3 cannot be used as it is set: {error}") from error


def _failures() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError

    # Bodies are read past boto3. It raises ValueError for an endpoint that it does not understand, and looks for the
    # region of a bucket without end where every answer is a redirect.
    return BotoCoreError, ClientError, HTTPError, HTTPException, OSError, ValueError, RecursionError


def _reason(error: Exception) -> str:
    """Return S3's code for an error, else the error's kind: its text may hold the URL."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(error).__name__)


def _shut(response: BaseHTTPResponse) -> None:
    try:
        response.shutdown()
    except (OSError, ValueError, RuntimeError):
        # It was closed in between.
        return
