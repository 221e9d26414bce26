"""Scroll through a wall of faces in Chromium, and time its frames.

    python -m benchmarks.page_wall [--faces 100000] [--crops 40] [--data DIR]

A face set of made-up people, whose crops are links to some real ones (--crops 0: none), is served by a real server and
scrolled by the wheel, by a fling and by jumps of the scroll bar. Everything is deleted in the end. Ends with status 1
when a face that should be seen is not there at the end of a part.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.chromium import MB, launched, tab_memory
from benchmarks.gallery import Gallery
from benchmarks.loading import fill, numbered
from benchmarks.million import token
from benchmarks.photos import listed, read
from benchmarks.served import LOOPBACK, ServerProcess
from faceset.folder import CropFolder
from model.weights import ensure_photos
from settings import Settings

CROP_SIDE = 160
WHEEL_TURNS, WHEEL_PIXELS, WHEEL_MS = 150, 120, 30
JUMPS, JUMP_MS = 40, 250
FLING_FRAMES = 90

WATCH = """() => {
    const seen = { frames: [], tasks: [], last: null, on: true };
    window.watched = seen;
    new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((it) => it.duration)))
        .observe({ type: "longtask" });
    const frame = (at) => {
        if (seen.last !== null) seen.frames.push(at - seen.last);
        seen.last = at;
        if (seen.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""
WATCHED = "() => { watched.on = false; return watched; }"
FLING = """async (frames) => {
    const length = document.documentElement.scrollHeight;
    for (let step = 0; step <= frames; step++) {
        scrollTo(0, (length * step) / frames);
        await new Promise(requestAnimationFrame);
    }
}"""
JUMP = "(share) => scrollTo(0, share * document.documentElement.scrollHeight)"
THERE = """() => [...document.querySelectorAll(".wall .wall-cell")].every((cell) => {
    const { top, bottom } = cell.getBoundingClientRect();
    return cell.hidden || bottom < 0 || top > innerHeight || cell.cell.face !== null;
})"""


def link_crops(settings: Settings, faces: int, count: int) -> None:
    """Give the first `count` faces real photos as crops, and all others links to those."""
    folder = CropFolder(settings.crops)
    photos = listed(ensure_photos(settings.weights))[:count]
    for row in range(faces if photos else 0):
        if row < len(photos):
            small = cv2.resize(read(photos[row]), (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA)
            folder.write(token(row), cv2.imencode(".jpg", small[:, :, ::-1])[1].tobytes())
        else:
            os.link(folder.file(token(row % len(photos))), folder.file(token(row)))


def wheel(page: Page) -> None:
    page.mouse.move(640, 500)
    for _ in range(WHEEL_TURNS):
        page.mouse.wheel(0, WHEEL_PIXELS)
        page.wait_for_timeout(WHEEL_MS)


def fling(page: Page) -> None:
    page.evaluate(FLING, FLING_FRAMES)


def jumps(page: Page) -> None:
    for share in np.random.default_rng(0).random(JUMPS):
        page.evaluate(JUMP, float(share))
        page.wait_for_timeout(JUMP_MS)


def measure(page: Page, session: CDPSession, name: str, scroll: Callable[[Page], None]) -> bool:
    """Scroll, print what it took, and tell whether the faces were there in the end."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(WATCH)
    scroll(page)
    watched: dict[str, Any] = page.evaluate(WATCHED)
    page.wait_for_timeout(1000)
    there = bool(page.evaluate(THERE))
    frames, tasks = np.asarray(watched["frames"]), watched["tasks"]
    low, high = np.percentile(frames, [50, 95])
    heap = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    pages, crops = (sum(part in url for url in asked) for part in ("/faces?", "/show_photo/"))
    print(
        f"{name:8}{len(frames):6} frames, ms: {low:.1f} median {high:.1f} p95 {frames.max():.1f} longest; "
        f"{len(tasks)} long tasks{f', to {max(tasks):.0f} ms' if tasks else ''}; "
        f"{page.locator('*').count()} elements, "
        f"{heap['JSHeapUsedSize'] / MB:.1f} MB heap, {tab_memory(page):.0f} MB tab; "
        f"{pages} pages and {crops} crops asked for; {'there' if there else 'NOT THERE'}",
        flush=True,
    )
    return there


def run(server: ServerProcess) -> bool:
    """Open the wall and scroll it in every way; tell whether all was there."""
    with sync_playwright() as playwright, launched(playwright) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://{LOOPBACK}:{server.port}/faceset")
        page.wait_for_selector(".wall-cell:not(.waiting)")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        ways = {"at rest": lambda page: page.wait_for_timeout(2000), "wheel": wheel, "fling": fling, "jumps": jumps}
        there = [measure(page, session, name, scroll) for name, scroll in ways.items()]
    return all(there)


def main(arguments: Sequence[str] | None = None) -> int:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_wall", description=summary)
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--crops", type=int, default=40, help="how many real pictures the crops are links to")
    parser.add_argument("--data", type=Path, help="where to make, and afterwards delete, the data folder")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.data) as data:
        settings = replace(Settings.from_environment(), data=Path(data))
        fill(settings, numbered(Gallery(options.faces)), options.faces)
        link_crops(settings, options.faces, options.crops)
        with ServerProcess(Path(data)) as server:
            there = run(server)
            print(f"{options.faces} faces; the server has {server.memory():.0f} MB")
            server.stop(signal.SIGTERM)
    return 0 if there else 1


if __name__ == "__main__":
    sys.exit(main())
