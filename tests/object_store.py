"""moto's server: S3 as boto3 finds it, on loopback."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

SECONDS = 60
SECRET = "a-secret-of-the-tests"


def set_credentials(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have boto3 find credentials of no worth, and nothing of this machine's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(folder / "none"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


class ObjectStore:
    """A running server: its URL, and a client of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="AKIATEST",
            aws_secret_access_key=SECRET,
        )

    def check_credentials(self, *, on: bool) -> None:
        """Have every request refused whose key the server does not know; at first it knows none."""
        allowed, kind = b"0" if on else b"inf", {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.url}/moto-api/reset-auth", allowed, kind, method="POST")
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            assert answer.status == 200


@contextmanager
def object_store(folder: Path, *buckets: str) -> Iterator[ObjectStore]:
    """Run a server of its own process with these buckets."""
    log = folder / "object_store.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with log.open("wb") as written, subprocess.Popen(command, stdout=written, stderr=written) as running:
        try:
            store = ObjectStore(_url(log, running))
            for bucket in buckets:
                store.client.create_bucket(Bucket=bucket)
            yield store
            store.client.close()
        finally:
            running.terminate()


def _url(log: Path, running: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and running.poll() is None:
        _, found, rest = log.read_text().partition("Running on ")
        if found and "\n" in rest:
            return rest.split()[0]
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text()}")
