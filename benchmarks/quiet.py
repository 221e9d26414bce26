"""Tell whether a process that is being timed had the machine to itself.

Torch's worker threads spin at the end of every operation until the last of them is done. When another program holds a
core, that last one waits for its turn while the others burn theirs: while others took about one of two cores,
facenet-pytorch needed up to fifty times as long for a photo. Runtimes that are loaded and rest cost it next to nothing.
So a time counts only when nobody else computed meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROCESSES = Path("/proc")

ALLOWED_SECONDS, ALLOWED_SHARE = 0.05, 0.05
"""Processor seconds of others that a window may have, and as a share of its length: the kernel counts in hundredths."""


class Window:
    """Watch the processors from now on, for work that is neither a process group's nor this process's."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._start = self._now()

    def is_quiet(self) -> bool:
        """Tell whether others took next to nothing since the window opened."""
        length, idle, own, cores = self._since()
        return cores * length - idle - own <= ALLOWED_SECONDS + ALLOWED_SHARE * length

    def _since(self) -> tuple[float, float, float, int]:
        (length, idle, own), cores = self._now(), _cores()
        return length - self._start[0], idle - self._start[1], own - self._start[2], cores

    def _now(self) -> tuple[float, float, float]:
        idle = sum(map(int, _processors()[0].split()[4:6])) / TICKS
        return time.monotonic(), idle, cpu_seconds(self._group) + time.process_time()


def members(group: int) -> Iterator[Path]:
    """Name the folders of a process group's processes."""
    for folder in PROCESSES.iterdir():
        if folder.name.isdecimal() and (fields := _fields(folder)) and int(fields[2]) == group:
            yield folder


def cpu_seconds(group: int) -> float:
    """Return the processor time that the processes of a group have used."""
    counted = [fields for folder in members(group) if (fields := _fields(folder))]
    return sum(int(fields[11]) + int(fields[12]) for fields in counted) / TICKS


def peak_megabytes(group: int) -> int:
    """Return the peak memory of the processes of a group, added up."""
    lines = [line for folder in members(group) for line in (folder / "status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def _processors() -> list[str]:
    lines = (PROCESSES / "stat").read_text().splitlines()
    return [line for line in lines if line.startswith("cpu")]


def _cores() -> int:
    return len(_processors()) - 1


def _fields(folder: Path) -> list[str]:
    """Return the fields of a process's `stat` from its state on; none when it has ended."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
