"""Add thousands of photos through the page, with a cancel and a killed server in the midst, and check what was kept.

    python -m benchmarks.page_add [--photos 2000] [--seed 0]

The photos are variations of the demo's: turned, cropped, brightened, mirrored, no two of the same bytes. Chromium adds
them at once where they have one clear face, from a real server. After a fifth of them the batch is cancelled and the
rest tried again; after three fifths the server is killed and started again. Prints the time, the memory of the tab (its
heap, and all of its process) and of the server, and the longest task that the tab was busy with. Ends with status 1
when a photo was lost or a face added twice: every photo must have ended, and those that say "added" must be exactly
those of whose bytes the set has a face, one each.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import tables
from benchmarks.chromium import MB, launched, tab_memory
from benchmarks.photos import listed, read, write
from benchmarks.served import Client, ServerProcess
from model.base import Image
from model.weights import ensure_photos
from settings import Settings

CANCELLED_AT, KILLED_AT = 0.2, 0.6
SAMPLE_SECONDS = 1.0
HOUR = 3600
SIDE = 480
LONG_TASKS = """() => {
    window.longest = 0;
    const watch = (list) => { for (const { duration } of list.getEntries()) longest = Math.max(longest, duration); };
    new PerformanceObserver(watch).observe({ type: "longtask", buffered: true });
}"""


def varied(photo: Image, random: np.random.Generator) -> Image:
    """Return another photo of the same person: turned by up to 8 degrees, cropped, brighter or darker, mirrored."""
    height, width = photo.shape[:2]
    scale = SIDE / max(height, width) * random.uniform(1.0, 1.15)
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-8, 8), scale)
    size = round(SIDE * width / max(height, width)), round(SIDE * height / max(height, width))
    turned[:, 2] += [size[0] / 2 - width / 2, size[1] / 2 - height / 2]
    warped = cv2.warpAffine(photo, turned, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    bright = cv2.convertScaleAbs(warped, alpha=random.uniform(0.75, 1.25), beta=random.uniform(-15, 15))
    return np.ascontiguousarray(bright[:, :: random.choice([-1, 1])], np.uint8)


def write_photos(folder: Path, count: int, seed: int) -> dict[str, bytes]:
    """Write so many photos, each in a folder of its person's name; return the SHA-256 of each by its path."""
    random = np.random.default_rng(seed)
    originals = [(path.parent.name, read(path)) for path in listed(ensure_photos(Settings.from_environment().weights))]
    digests = {}
    for number in range(count):
        person, original = originals[number % len(originals)]
        path = folder / person / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, varied(original, random))
        digests[f"{person}/{path.name}"] = hashlib.sha256(path.read_bytes()).digest()
    return digests


@dataclass
class Tab:
    """The page with the batch, and what it takes."""

    page: Page
    samples: list[tuple[float, float, float, int]] = field(default_factory=list)

    def sample(self, server: ServerProcess) -> None:
        """Note the tab's heap and its process's memory and the server's, in MB, and the page's elements."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Performance.enable")
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        session.detach()
        heap, elements = metrics["JSHeapUsedSize"] / MB, int(metrics["Nodes"])
        self.samples.append((heap, tab_memory(self.page), server.memory(), elements))

    def progress(self) -> tuple[int, int, bool]:
        """Return how many photos are done with, of how many, and whether that is the end."""
        text = self.page.locator(".batch-progress p").inner_text()
        found = re.match(r"([\d,]+) of ([\d,]+) photos?(.*)", text)
        assert found, text
        done, count = (int(number.replace(",", "")) for number in found.groups()[:2])
        return done, count, found[3].strip().startswith("Done.")

    def until(self, share: float, server: ServerProcess) -> None:
        """Wait until that share is done with, or the end."""
        deadline = time.monotonic() + HOUR
        while time.monotonic() < deadline:
            self.sample(server)
            done, count, ended = self.progress()
            if ended or (done >= share * count and share < 1):
                return
            time.sleep(SAMPLE_SECONDS)
        raise TimeoutError(self.progress())

    def counts(self) -> dict[str, int]:
        """Return how many photos each filter shows."""
        self.page.wait_for_timeout(1000)
        texts = self.page.locator(".segment").all_inner_texts()
        return {name: int(count.replace(",", "")) for name, count in (text.rsplit(" ", 1) for text in texts)}


def opened(browser: Browser, url: str, photos: Path) -> Tab:
    """Open the view with all photos chosen."""
    page = browser.new_page(base_url=url, locale="en-US")
    page.goto("/add")
    page.wait_for_selector("html[data-ready]")
    page.evaluate(LONG_TASKS)
    page.get_by_label("Add clear faces at once").check()
    page.locator("input[webkitdirectory]").set_input_files(photos)
    page.locator(".batch-progress p").wait_for()
    return Tab(page)


def added_through(tab: Tab, data: Path, server: ServerProcess) -> ServerProcess:
    """See a batch through: cancelled and tried again, its server killed; return the server that is there at the end."""
    tab.until(CANCELLED_AT, server)
    tab.page.get_by_role("button", name="Cancel").click()
    tab.until(1, server)
    print("cancelled:", tab.page.locator(".notes").inner_text())
    tab.page.get_by_role("button", name=re.compile("^Try .* again$")).first.click()
    tab.page.wait_for_timeout(1000)
    tab.until(KILLED_AT, server)
    print(f"killed at {tab.progress()[0]}")
    server.stop(signal.SIGKILL)
    server = ServerProcess(data, port=server.port)
    server.ready()
    tab.until(1, server)
    return server


def faults(client: Client, digests: dict[str, bytes], counts: dict[str, int]) -> list[str]:
    """Return what is wrong with the face set, by the photos that its faces come from."""
    kept = {
        path: client.get("/faces", photo_sha256=digest.hex(), limit=1)[1]["total"] for path, digest in digests.items()
    }
    total = client.get("/faces", limit=1)[1]["total"]
    found = [f"{path} is in the set {count} times" for path, count in kept.items() if count > 1]
    added = sum(kept.values())
    if not total == added == counts["Added"]:
        found.append(f"{total} faces in the set, {added} of these photos, {counts['Added']} said to be added")
    ended = sum(counts[name] for name in ("Waiting for you", "Added", "Failed or stopped", "Nothing to add"))
    if not ended == counts["All"] == len(digests):
        found.append(f"{len(digests)} photos, {counts['All']} in the list, {ended} ended")
    failed = counts["Failed or stopped"]
    return [*found, *([f"{failed} failed"] if failed else [])]


def report(tab: Tab, seconds: float, counts: dict[str, int]) -> str:
    """Lay out what it took."""
    names = ("tab's heap MB", "tab's process MB", "server MB", "elements")
    rows: list[tuple[str, ...]] = [("", "start", "half", "end", "most")]
    for name, values in zip(names, zip(*tab.samples, strict=True), strict=True):
        shown = (values[0], values[len(values) // 2], values[-1], max(values))
        rows.append((name, *(f"{value:,.0f}" for value in shown)))
    longest = float(tab.page.evaluate("() => longest"))
    rate = f"{counts['All']} photos in {seconds:.0f} s, {counts['All'] / seconds:.1f} a second"
    return f"{rate}: {counts}\n{tables.text(rows)}\nlongest task of the tab: {longest:.0f} ms"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.page_add", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder, data = Path(temporary) / "photos", Path(temporary) / "data"
        digests = write_photos(folder, options.photos, options.seed)
        server = ServerProcess(data)
        server.ready()
        with launched(playwright) as browser:
            tab = opened(browser, f"http://127.0.0.1:{server.port}", folder)
            began = time.monotonic()
            start = tab.page.get_by_role("button", name="Start")
            if start.is_visible():
                start.click()
            server = added_through(tab, data, server)
            seconds = time.monotonic() - began
            counts = tab.counts()
            print(report(tab, seconds, counts))
        wrong = faults(Client(server.port), digests, counts)
        status = server.stop()
    print(*wrong or ["nothing lost, nothing twice"], sep="\n")
    return 1 if wrong or status else 0


if __name__ == "__main__":
    sys.exit(main())
