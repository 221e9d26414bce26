"""The photo behind a URL: of this server's own storage, of a bucket, or of the web."""

from __future__ import annotations

from collections.abc import Sequence

from fetcher import Fetcher, FetchRule
from settings import Settings
from storage.base import PhotoSource, Storage
from storage.local import LocalStorage
from storage.s3 import S3Rule, S3Source, S3Storage


class PhotoUrls:
    """Read photos by URL, those of the sources directly; `storage` is where this server keeps photos."""

    def __init__(self, storage: Storage, sources: Sequence[PhotoSource], fetcher: Fetcher) -> None:
        self.storage = storage
        self._sources = (storage, *sources)
        self._fetcher = fetcher

    def get(self, url: str, base: str, max_bytes: int) -> bytes:
        """Return the photo behind a URL; `base` is the URL that the request's client has this server by.

        Raises PhotoUrlError for one that may not be read or has nothing, PhotoTimeout when its time is over, and
        UploadTooLarge over `max_bytes`.
        """
        for source in self._sources:
            photo = source.get(url, base, max_bytes)
            if photo is not None:
                return photo
        return self._fetcher.get(url, max_bytes)


def from_settings(settings: Settings) -> PhotoUrls:
    """Return what the settings say. Raises StartError for a folder or for S3 that cannot be used."""
    rule = FetchRule(
        allow=frozenset(settings.fetch_allow), ports=frozenset(settings.fetch_ports), seconds=settings.fetch_seconds
    )
    buckets = S3Rule(
        frozenset(settings.s3_read_buckets), settings.s3_region, settings.s3_endpoint, settings.fetch_seconds
    )
    if settings.s3_bucket is not None:
        return PhotoUrls(S3Storage(buckets, settings.s3_bucket), (), Fetcher(rule))
    sources = (S3Source(buckets),) if buckets.readable else ()
    return PhotoUrls(LocalStorage(settings.stored, settings.public_url), sources, Fetcher(rule))
