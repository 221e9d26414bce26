"""Draw figures as SVG, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from benchmarks.figures import Figure, Panel
from benchmarks.lines import contestants_of
from benchmarks.measurements import Line
from benchmarks.numbers import digits
from benchmarks.palette import Look, look

STYLE: dict[Any, Any] = {
    # Else each file has ids of its own.
    "svg.hashsalt": "facetoken",
    # Outlines, so that the page looks the same whatever fonts its reader has.
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.edgecolor": "#555555",
    "axes.axisbelow": True,
    "figure.constrained_layout.h_pad": 0.08,
}
NO_DATE = {"Date": None, "Creator": None}

SIZES = {1: (7.6, 4.2), 2: (9.4, 4.2), 3: (10.8, 3.9)}
"""Inches, by the number of panels."""

LABEL_GAP = 0.055
"""Of the height of the axes, between two labels."""

STEPS, FINE_STEPS = (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
SUFFIXES = ((1_000_000, 1_000_000, "M"), (10_000, 1000, "k"))
"""From this on, divided by that, a number has the suffix."""


def draw(figure: Figure, path: Path) -> None:
    """Write a figure as SVG."""
    count = len(figure.panels)
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=SIZES[count], layout="constrained")
        for place, panel in enumerate(figure.panels, 1):
            axes = canvas.add_subplot(1, count, place)
            _panel(axes, panel)
            if place > 1 and panel.up == figure.panels[0].up:
                axes.set_ylabel("")
        canvas.savefig(path, format="svg", metadata=NO_DATE)


def _panel(axes: Axes, panel: Panel) -> None:
    axes.set(xlabel=panel.across, ylabel=panel.up, title=panel.title)
    names = contestants_of(panel.lines)
    looks = {name: look(name, place) for place, name in enumerate(names)}
    for name in names:
        _series(axes, [line for line in panel.lines if name in line.values], name, looks[name])
    _across(axes, panel)
    _up(axes, panel)
    if len(names) > 1:
        _labels(axes, [(looks[name], _end(panel.lines, name)) for name in names], max(line.at for line in panel.lines))


def _series(axes: Axes, lines: Sequence[Line], name: str, style: Look) -> None:
    values = [line.values[name] for line in lines]
    middles = [value.middle for value in values]
    bars = [[value.middle - value.low for value in values], [value.high - value.middle for value in values]]
    places = [line.at for line in lines]
    axes.errorbar(places, middles, np.maximum(bars, 0), color=style.colour, marker=style.marker, markersize=5,
                  linestyle=style.dashes, linewidth=1.6, capsize=2.5, elinewidth=1)  # fmt: skip


def _across(axes: Axes, panel: Panel) -> None:
    places = sorted({line.at for line in panel.lines})
    low, high = places[0], places[-1]
    if panel.log_across:
        axes.set_xscale("log")
        axes.set_xlim(low * 0.8, high * 1.25)
        # Many photos have a size of their own, and there the round numbers are told.
        ticks = places if len(places) <= 7 else [tick for tick in _round_numbers(low, high) if low <= tick <= high]
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
    elif len(places) <= 12:
        axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _up(axes: Axes, panel: Panel) -> None:
    if not panel.log_up:
        axes.set_ylim(bottom=0)
        return
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    # A line that ends before the others has its title above its end.
    ends = {_end(panel.lines, name)[0] for name in contestants_of(panel.lines)}
    room = 1.2 if len(ends) == 1 else 2.5
    # Less than an octave or so would be drawn as noise over the whole height.
    axes.set_ylim(low / 1.2, max(high * room, low * 4))
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=STEPS if high > 10 * low else FINE_STEPS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _labels(axes: Axes, ends: Sequence[tuple[Look, tuple[float, float]]], last: float) -> None:
    """Write each title beside the end of its line, apart from the others; above it, where others go on."""
    heights = [_height(axes, value) for _, (_, value) in ends]
    below = -LABEL_GAP
    for place in sorted(range(len(ends)), key=lambda each: heights[each]):
        style, (at, _) = ends[place]
        below = max(heights[place], below + LABEL_GAP)
        right = axes.transAxes.inverted().transform(axes.transData.transform((at, 1)))[0]
        offset, side = ((8, 0), "left") if at == last else ((0, 11), "right" if right > 0.5 else "left")
        axes.annotate(style.title, (right, below), offset, "axes fraction", "offset points", color=style.colour,
                      ha=side, va="center", fontsize=9, annotation_clip=False)  # fmt: skip


def _height(axes: Axes, value: float) -> float:
    height: float = axes.transAxes.inverted().transform(axes.transData.transform((axes.get_xlim()[0], value)))[1]
    return height


def _end(lines: Sequence[Line], name: str) -> tuple[float, float]:
    return next((line.at, line.values[name].middle) for line in reversed(lines) if name in line.values)


def _round_numbers(low: float, high: float) -> list[float]:
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [step * 10.0**power for power in powers for step in STEPS]


def _short(value: float) -> str:
    for start, size, suffix in SUFFIXES:
        if value >= start:
            return f"{digits(value / size)}{suffix}"
    return digits(value)
