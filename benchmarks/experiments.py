"""What loads on one running server tell: a steady rate, levels of clients, isolation, overload.

Each experiment returns what it found, for the JSON, and the same as text.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks import latencies, tables
from benchmarks.arrivals import Run
from benchmarks.latencies import Summary, milliseconds, summary
from benchmarks.load import Load
from benchmarks.uploaders import Uploaders

CALIBRATION_SECONDS = 5.0
WARMING = (2, 2.0)
"""Clients and seconds of a closed loop that is thrown away: what the server does only once is no part of these runs."""

SHARE_OF_CAPACITY = 0.7
OVERLOAD = 5
CAPACITY_CLIENTS = 8

SEARCH = {"search": 1.0}
UPLOADERS = 8
SETTLING_SECONDS = 1.0
"""Uploads run alone for so long before and after the searches among them."""

ISOLATION_FACTOR, ISOLATION_MS = 5, 20

Finding = tuple[Summary, str]


def steady(load: Load, rate: float) -> Finding:
    """Offer one rate."""
    found = summary(load.open(rate))
    return found, f"{rates(found)}, {found['faces']} faces\n{latencies.table(found)}"


def levels(load: Load, counts: Sequence[int]) -> Finding:
    """Measure what so many clients can have, each asking after its answer; then offer a share of it, open loop."""
    load.closed(*WARMING)
    rows = [["clients", "capacity /s", "offered /s", "achieved /s", "p50 ms", "p95 ms", "p99 ms", "max ms", "refused"]]
    rows[0] += ["client CPU"]
    found: Summary = {}
    for clients in counts:
        closed = summary(load.closed(clients, _calibration(load)))
        opened = summary(load.open(max(SHARE_OF_CAPACITY * closed["achieved_rate"], 1 / load.seconds), clients))
        found[str(clients)] = {"closed": closed, "open": opened}
        speeds = [f"{rate:.1f}" for rate in (closed["achieved_rate"], opened["offered_rate"], opened["achieved_rate"])]
        tail = [str(opened["refused"]), f"{opened['client_cpu_share']:.1%}"]
        rows.append([str(clients), *speeds, *milliseconds(opened["all"]), *tail])
    heading = f"open loop at {SHARE_OF_CAPACITY:.0%} of what the same number of clients took as a closed loop"
    return found, f"{heading}\n{tables.text(rows)}"


def isolation(load: Load, rate: float) -> Finding:
    """Search by token alone, then while uploading clients keep the server busy."""
    load.closed(*WARMING)
    alone = summary(load.open(rate, mix=SEARCH))
    with Uploaders(load, UPLOADERS, load.seconds + 2 * SETTLING_SECONDS) as uploaders:
        time.sleep(SETTLING_SECONDS)
        run = load.open(rate, mix=SEARCH)
        uploads = load.counted(uploaders.run())
    loaded = summary(run)
    high = loaded["all"]["p99_ms"]
    allowed = max(ISOLATION_FACTOR * (alone["all"]["p50_ms"] or 0), ISOLATION_MS)
    found = {"alone": alone, "loaded": loaded, "uploads": summary(uploads), "allowed_ms": round(allowed, 3)}
    found |= {"uploads_meanwhile": _meanwhile(uploads, run), "within": high is not None and high <= allowed}
    return found, _isolation_text(found)


def _isolation_text(found: Summary) -> str:
    rows = [["search by token", "answered", "refused", "p50 ms", "p95 ms", "p99 ms", "max ms"]]
    for name, part in {"alone": found["alone"], f"beside {UPLOADERS} uploading clients": found["loaded"]}.items():
        rows.append([name, str(part["answered"]), str(part["refused"]), *milliseconds(part["all"])])
    lines = [
        tables.text(rows),
        f"uploads meanwhile: {found['uploads_meanwhile']:.1f} answered a second, {found['uploads']['refused']} refused",
        f"p99 beside uploads is {milliseconds(found['loaded']['all'])[2]} ms, allowed {found['allowed_ms']:.1f} ms "
        f"({ISOLATION_FACTOR} times p50 alone, or {ISOLATION_MS} ms): {'held' if found['within'] else 'MISSED'}",
        f"searching {latencies.client(found['loaded'])}",
        f"uploading {latencies.client(found['uploads'])}",
    ]
    return "\n".join(lines)


def overload(load: Load) -> Finding:
    """Offer several times what the server can do."""
    load.closed(*WARMING)
    capacity = summary(load.closed(CAPACITY_CLIENTS, _calibration(load)))
    opened = summary(load.open(OVERLOAD * max(capacity["achieved_rate"], 1 / load.seconds)))
    shares = {name: round(opened[name] / max(1, opened["sent"]), 4) for name in ("answered", "refused", "failed")}
    bare = opened["statuses"].get("503 without Retry-After", 0)
    found = {"capacity": capacity, "open": opened, "shares": shares, "retry_after_on_every_503": bare == 0}
    lines = [
        f"capacity {capacity['achieved_rate']:.1f}/s with {CAPACITY_CLIENTS} clients; {rates(opened)}",
        f"{shares['answered']:.1%} answered, {shares['refused']:.1%} refused with 503 and Retry-After, "
        f"{bare} refused without Retry-After",
        latencies.table(opened),
    ]
    return found, "\n".join(lines)


def rates(found: Summary) -> str:
    return f"offered {found['offered_rate']:.1f}/s, achieved {found['achieved_rate']:.1f}/s"


def _calibration(load: Load) -> float:
    return min(CALIBRATION_SECONDS, load.seconds)


def _meanwhile(uploads: Run, searches: Run) -> float:
    """Return the uploads answered a second while the searches ran."""
    end = searches.begun + searches.planned
    count = sum(one.answered and searches.begun <= one.done <= end for one in uploads.samples)
    return round(count / searches.planned, 2)
