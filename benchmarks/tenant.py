"""The command line, and a tenant of the NHN dialect that it made, as benchmarks use them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.served import LOOPBACK
from faceset.tenants import Credentials, groups_of
from settings import ROOT

SECONDS = 120


def command(data: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a facetoken command on a data folder."""
    environment = os.environ | {"FACETOKEN_DATA": str(data)}
    words = [sys.executable, "-m", "cli", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


class Tenant:
    """Make a tenant in the face set of a data folder, and ask the server there as it."""

    def __init__(self, data: Path, name: str = "benchmark") -> None:
        adding = command(data, "tenants", "add", name, "--json")
        out, err = adding.communicate(timeout=SECONDS)
        if adding.returncode:
            raise RuntimeError(err.strip())
        made = json.loads(out)
        self._app = Credentials(made["appKey"], made["secretKey"])
        self.port = 0

    def key(self, group: str) -> str:
        """Return the key under which the face set has a group of this tenant."""
        return groups_of(self._app.app_key) + group

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Send one request to `port`; return the result code and the data."""
        connection = HTTPConnection(LOOPBACK, self.port, timeout=SECONDS)
        try:
            headers = {"Authorization": self._app.secret, "Content-Type": "application/json"}
            path = f"/nhn-face-reco/v1.0/appkeys/{self._app.app_key}{path}"
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer["header"]["resultCode"], answer.get("data")

    def add_faces(self, group: str, photo: bytes, label: str) -> tuple[int, Any]:
        """Add all faces of a photo to a group."""
        image = {"bytes": base64.b64encode(photo).decode()}
        return self.ask("POST", f"/groups/{group}", {"image": image, "limit": 100, "externalImageId": label})

    def faces(self, group: str) -> list[dict[str, Any]] | None:
        """Return every face of a group, page by page, or None when there is no such group."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            status, data = self.ask("GET", f"/groups/{group}/faces?limit=200&next-token={token}")
            if status:
                return None
            found += data["faces"]
            token = data["nextToken"]
            if not token:
                return found
