"""Write the report of the benchmarks, page and figures, from the JSON that they left.

    python -m benchmarks.report [--results DIR] [--page FILE] [--plots DIR]

Prints the table of targets. The same JSON gives the same bytes. What is missing is told as not measured, and its
figure, should one be there from before, is deleted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import tables, targets
from benchmarks.measurements import Measurements
from benchmarks.pages import page
from benchmarks.sections import SECTIONS
from settings import ROOT

RESULTS, PAGE, PLOTS = ROOT / "build/bench", ROOT / "docs/benchmarks.md", ROOT / "docs/plots"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where the JSON is")
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE")
    parser.add_argument("--plots", type=Path, default=PLOTS, metavar="DIR")
    options = parser.parse_args(arguments)
    found = Measurements(options.results)
    write(found, options.page, options.plots)
    print(tables.text(targets.rows(found)))
    return 0


def write(found: Measurements, target: Path, plots: Path) -> None:
    """Write the page and its figures."""
    # Matplotlib takes a second to import, and only figures need it.
    from benchmarks.plots import draw

    plots.mkdir(parents=True, exist_ok=True)
    made = {figure.name: figure for section in SECTIONS if section.draft and (figure := section.draft(found))}
    for figure in made.values():
        draw(figure, plots / f"{figure.name}.svg")
    for old in plots.glob("*.svg"):
        if old.stem not in made:
            old.unlink()
    target.write_text(page(found, Path(os.path.relpath(plots, target.parent)).as_posix()))


if __name__ == "__main__":
    sys.exit(main())
