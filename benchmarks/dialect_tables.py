"""What a dialect's page says of its settings and of its photos, from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from api import finday, homybk, withmind
from api.dialect import Services
from api.nhn import parameters
from batch import settings_table
from images import PhotoLimits
from settings import Settings

BY_URL = (
    *("fetch_allow", "fetch_ports", "fetch_seconds", "fetches"),
    *("s3_read_buckets", "s3_region", "s3_endpoint"),
)
"""What dialects heed whose photos may come by URL."""

SEALED = ("key", "key_file")
"""What dialects heed that keep faces."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "nhn": (*BY_URL, *SEALED),
    "finday": BY_URL,
    "withmind": SEALED,
    "homybk": ("public_url", "s3_bucket", *BY_URL),
}
"""The settings that a dialect heeds beside its own."""

OWN: dict[str, tuple[str, ...]] = {name: (f"{name}_",) for name in SETTINGS} | {"homybk": ("homybk_", "clarifai_")}
"""What the names of a dialect's own settings begin with."""


def grid(*rows: Sequence[str]) -> str:
    """Return a table in Markdown, its first row the heading, every column to the left."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def settings_of(dialect: str) -> str:
    """Return the rows of docs/settings.md that a dialect heeds."""
    wanted = tuple(
        f"| `{row.env}` |"
        for row in Settings.table()
        if row.name.startswith(OWN[dialect]) or row.name in SETTINGS[dialect]
    )
    lines = [line for line in settings_table.page().splitlines() if line.startswith("|")]
    return "\n".join([*lines[:2], *(line for line in lines if line.startswith(wanted))])


def photos_of(dialect: str, services: Services) -> str:
    """Return the limits of a dialect's photos, with the settings as they are by default."""
    if dialect == "withmind":
        people = withmind._People(services, withmind.Window(services.settings))
        return _limits({"enrolment": people._one, "analysis": people._many}, people._window._least)
    limits = {"nhn": parameters.LIMITS, "finday": finday.LIMITS, "homybk": homybk.LIMITS}[dialect]
    return _limits({"": limits}, faces=dialect != "homybk")


def _limits(columns: Mapping[str, PhotoLimits], least: int = 0, *, faces: bool = True) -> str:
    words: dict[str, Callable[[PhotoLimits], str]] = {
        "format": lambda _: "JPEG or PNG, by content",
        "each side": lambda limits: f"{limits.min_side} to {limits.max_side:,} pixels",
        "size": lambda limits: (f"{least:,} to " if least else "at most ") + f"{limits.max_bytes:,} bytes",
        "pixels": lambda limits: f"at most {(limits.max_pixels or 0) // 1_000_000} million",
        "scaled down": lambda limits: f"to {limits.scaled_to:,} pixels on the longer side, where it is larger",
    }
    if faces:
        words["least face"] = lambda limits: f"{limits.min_face}x{limits.min_face} pixels, once scaled down"
    return grid(
        ["", *columns], *([name, *(word(limits) for limits in columns.values())] for name, word in words.items())
    )
