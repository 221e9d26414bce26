"""From a photo chosen on the search page to its answer on the screen, in Chromium.

    python -m benchmarks.page_find [--sizes 1,1000000] [--rounds 15] [--data DIR]

The faces of benchmarks.gallery are put in and served; the page searches them for real photos. "Chosen to seen" begins
with the choice of the file and ends with the frame that shows the verdict; "answered to seen" begins when the last byte
of the API's answer is there. Everything is deleted in the end. Ends with status 1 when a verdict did not come.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks import tables
from benchmarks.chromium import launched, tab_memory
from benchmarks.loading import growing
from benchmarks.photos import listed
from benchmarks.served import LOOPBACK, ServerProcess
from model.weights import ensure_photos
from settings import Settings

SIZES, READY_SECONDS, PHOTOS = (1, 1_000_000), 600, 5

WATCH = """() => {
    document.addEventListener("change", ({ target }) => {
        if (target.type !== "file") return;
        window.timed = null;
        performance.clearResourceTimings();
        const begun = performance.now();
        const seen = new MutationObserver(() => {
            if (!document.querySelector(".answer .verdict")) return;
            seen.disconnect();
            // The second frame begins when the first one, with the verdict, has been drawn.
            requestAnimationFrame(() => requestAnimationFrame(() => {
                const calls = performance.getEntriesByType("resource");
                const spent = (path) => calls.find(({ name }) => name.includes(path));
                const answers = calls.filter(({ name }) => /search|faces/.test(name));
                const end = Math.max(...answers.map(({ responseEnd }) => responseEnd));
                window.timed = {
                    total: performance.now() - begun,
                    detect: spent("/detect").duration,
                    search: spent("/search").duration,
                    seen: performance.now() - end,
                };
            }));
        });
        seen.observe(document.querySelector("main"), { childList: true, subtree: true });
    }, true);
}"""


def timed(page: Page, photos: Sequence[Path], rounds: int) -> list[dict[str, float]]:
    """Choose photos by turns and return what each took, in milliseconds; the first of them warms up."""
    page.evaluate(WATCH)
    found: list[dict[str, float]] = []
    for turn in range(rounds + 1):
        page.locator("input[type=file]").first.set_input_files(photos[turn % len(photos)])
        page.wait_for_function("() => window.timed")
        taken: dict[str, Any] = page.evaluate("() => window.timed")
        if turn:
            found.append(taken)
    return found


def measure(server: ServerProcess, size: int, rounds: int) -> list[list[str]]:
    """Return the rows of one size."""
    server.ready(READY_SECONDS)
    photos = listed(ensure_photos(Settings.from_environment().weights))[-PHOTOS:]
    with sync_playwright() as playwright, launched(playwright) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://{LOOPBACK}:{server.port}/")
        page.wait_for_selector("html[data-ready]")
        found = timed(page, photos, rounds)
        memory = tab_memory(page)
    named = {"total": "chosen to seen", "detect": "/detect", "search": "/search", "seen": "answered to seen"}
    rows = []
    for key, name in named.items():
        low, median, high = np.percentile([each[key] for each in found], [25, 50, 75])
        rows.append([f"{size:,}", name, f"{median:.0f}", f"{low:.0f}-{high:.0f}"])
    print(f"{size:,} faces: the tab has {memory:.0f} MB, the server {server.memory():.0f} MB", flush=True)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_find", description=summary)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), metavar="N,…", help="numbers of faces, ascending")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where to make, and afterwards delete, the face set")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",")]
    table = [["faces", "", "median, ms", "quartiles"]]
    for size, server in growing(sizes, options.data):
        table += measure(server, size, options.rounds)
    print(tables.text(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
