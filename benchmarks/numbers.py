"""Numbers as a reader takes them in: three digits that count, and the unit that fits."""

from __future__ import annotations

import math

from benchmarks.measurements import Spread

MILLISECONDS, MICROSECONDS = "ms", "µs"
SCALES = ((1e-3, 1e6, "ns"), (1.0, 1e3, "µs"), (1e3, 1.0, "ms"), (math.inf, 1e-3, "s"))
"""Milliseconds below the first are told times the second, in the third."""


def digits(value: float) -> str:
    """Return a number with three significant digits, or all of those before its point."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float, unit: str) -> str:
    """Return a number with its unit, milliseconds in whichever unit of time fits."""
    if unit != MILLISECONDS:
        return f"{digits(value)} {unit}"
    factor, name = next((factor, name) for below, factor, name in SCALES if value < below)
    return f"{digits(value * factor)} {name}"


def spread(found: Spread) -> str:
    """Return the middle with what lies around it."""
    around = limits(found)
    return f"{digits(found.middle)} ({around})" if around else digits(found.middle)


def limits(found: Spread) -> str:
    """Return low and high; nothing where there is but one number."""
    return "" if found.low == found.high else f"{digits(found.low)}-{digits(found.high)}"
