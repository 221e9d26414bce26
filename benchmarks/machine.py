"""What a measurement was made with: machine, versions, command."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("facetoken", "numpy", "openvino", "opencv-contrib-python-headless", "faiss-cpu", "waitress")


def described(seed: int) -> dict[str, Any]:
    """Return machine, versions, seed and command, as every benchmark's JSON begins."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    machine = {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }
    return {"machine": machine, "versions": _versions(), "seed": seed, "command": _command()}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _command() -> str:
    module = getattr(sys.modules["__main__"], "__spec__", None)
    name = f"-m {module.name}" if module else Path(sys.argv[0]).name
    return shlex.join(["python", *name.split(), *sys.argv[1:]])
