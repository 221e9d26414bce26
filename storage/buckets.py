"""URLs of photos in buckets: `s3://`, virtual-hosted and path-style."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from addresses import MAX_URL, PORTS, parse
from parsers import BUCKET
from storage.base import path_below

MAX_KEY = 1024
"""Bytes, S3's own limit."""

_REGION = r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}"
# The forms with a dash, with dualstack and without a region are old or rare, and all in use.
_AMAZON = re.compile(rf"(?:({BUCKET})\.)?s3(?:(?:[.-]|\.dualstack\.){_REGION})?\.(amazonaws\.com(?:\.cn)?)")
_S3 = re.compile(rf"[sS]3://({BUCKET})/([!-\[\]-~]*)")
_PATH = re.compile(rf"({BUCKET})/(.*)")


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where a URL leads: a bucket and, unless the URL's path is none of a photo, a key."""

    bucket: str
    key: str | None


@dataclass(frozen=True, slots=True)
class BucketUrls:
    """Tell buckets and keys from URLs and make URLs of them, for Amazon or for another server, the endpoint."""

    region: str
    endpoint: str | None = None

    def url(self, bucket: str, key: str) -> str:
        """Return the URL of a key that needs no quoting."""
        if self.endpoint is not None:
            return f"{self.endpoint}/{bucket}/{key}"
        return f"https://{bucket}.s3.{self.region}.{self._domain}/{key}"

    def place(self, url: str) -> Place | None:
        """Return where a URL leads, None when that is no bucket.

        The key is percent-decoded once, that of `s3://` too. A query is left out: what it says, a signature for one,
        is for others; here the bucket decides.
        """
        found = _S3.fullmatch(url) if len(url) <= MAX_URL else None
        if found:
            return Place(found[1], _key(re.split("[?#]", found[2])[0]))
        if self.endpoint is None:
            return self._amazon_place(url)
        return _first_part(path_below(self.endpoint, url))

    def _amazon_place(self, url: str) -> Place | None:
        try:
            target = parse(url)
        except ValueError:
            return None
        host = _AMAZON.fullmatch(target.host)
        # China's buckets are others of the same names.
        if host is None or host[2] != self._domain or target.port != PORTS[target.scheme]:
            return None
        path = target.path.partition("?")[0].removeprefix("/")
        return Place(host[1], _key(path)) if host[1] else _first_part(path)

    @property
    def _domain(self) -> str:
        return "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"


def _first_part(path: str | None) -> Place | None:
    found = _PATH.fullmatch(path or "")
    return Place(found[1], _key(found[2])) if found else None


def _key(path: str) -> str | None:
    """Return the key that a URL's path spells; None for one that is no text, or that a proxy would walk up by."""
    try:
        key = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return None
    if not key or len(key.encode()) > MAX_KEY or re.search(r"[\x00-\x1f\x7f]", key):
        return None
    return None if {".", ".."} & set(re.split(r"[/\\]", key)) else key
