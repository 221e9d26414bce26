"""What a run of requests comes to: how many were answered or refused, how long it took, at what cost to the client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks import tables
from benchmarks.arrivals import Run
from benchmarks.connections import Sample

MARKS = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99, "max_ms": 100}

Summary = dict[str, Any]


def percentiles(samples: Iterable[Sample]) -> dict[str, float | None]:
    """Return the latencies' marks in milliseconds, counted from when the requests were due; None without any."""
    return _marks([sample.done - sample.due for sample in samples])


def summary(run: Run) -> Summary:
    """Return the accounting of a run as the benchmark's JSON has it: `sent` is answered + refused + failed.

    Refusals, which are 503 with Retry-After, have times of their own, so that quick ones do not flatter the answers.
    `late_ms` tells how long after its time a request was sent: the part of the latency that it waited for a connection.
    """
    samples = run.samples
    refused, late = [one for one in samples if one.refused], [one.sent - one.due for one in samples]
    answered = sum(one.answered for one in samples)
    seconds = run.seconds
    return {
        "asked": run.asked,
        "sent": len(samples),
        "unsent": run.asked - len(samples),
        "answered": answered,
        "refused": len(refused),
        "failed": len(samples) - answered - len(refused),
        "statuses": dict(sorted(Counter(_status(one) for one in samples).items())),
        "seconds": round(seconds, 3),
        "offered_rate": round(run.asked / run.planned, 2),
        "achieved_rate": round(answered / seconds, 2),
        "faces": sum(one.faces for one in samples),
        "all": _kind(samples),
        "kinds": {kind: _kind([one for one in samples if one.kind == kind]) for kind in _kinds(samples)},
        "refusals": percentiles(refused),
        "late_ms": _marks(late),
        "connections": run.connections,
        "client_cpu_seconds": round(run.cpu, 3),
        "client_cpu_share": round(run.cpu / seconds, 4),
    }


def table(found: Summary) -> str:
    """Lay out a summary by kind of request, and under it what belongs to the whole run."""
    kinds = dict(found["kinds"])
    if len(kinds) > 1:
        kinds["all"] = found["all"]
    rows = [["kind", "sent", "answered", "refused", "faces", "p50 ms", "p95 ms", "p99 ms", "max ms"]]
    for kind, part in kinds.items():
        counts = [str(part[column]) for column in ("sent", "answered", "refused", "faces")]
        rows.append([kind, *counts, *milliseconds(part)])
    statuses = ", ".join(f"{count} times {status}" for status, count in found["statuses"].items())
    lines = [tables.text(rows), f"answers by status: {statuses or 'none'}"]
    if found["refused"]:
        lines.append(f"time to 503: p50 / p95 / p99 / max {' / '.join(milliseconds(found['refusals']))} ms")
    if found["unsent"]:
        lines.append(f"{found['unsent']} requests were never sent: no connection was free for too long")
    return "\n".join([*lines, client(found)])


def client(found: Summary) -> str:
    """Say what the client itself took: it may share the cores with the server."""
    late = found["late_ms"]["p99_ms"]
    return (
        f"client: {found['client_cpu_seconds']:.2f} s of CPU ({found['client_cpu_share']:.1%} of a core), "
        f"{found['connections']} connections, 99 % of requests sent within {'-' if late is None else f'{late:.1f}'} ms "
        "of their time"
    )


def milliseconds(marks: Summary) -> list[str]:
    """Return p50, p95, p99 and the maximum as text."""
    return ["-" if marks[mark] is None else f"{marks[mark]:.1f}" for mark in MARKS]


def _kind(samples: Sequence[Sample]) -> Summary:
    answered, refused = [one for one in samples if one.answered], sum(one.refused for one in samples)
    counts = {"sent": len(samples), "answered": len(answered), "refused": refused}
    return counts | {"faces": sum(one.faces for one in answered)} | percentiles(answered)


def _kinds(samples: Sequence[Sample]) -> list[str]:
    return sorted({one.kind for one in samples})


def _status(sample: Sample) -> str:
    if sample.status == 503:
        return "503" if sample.refused else "503 without Retry-After"
    return str(sample.status) if sample.status else "no answer"


def _marks(seconds: Sequence[float]) -> dict[str, float | None]:
    if not seconds:
        return dict.fromkeys(MARKS)
    return {mark: round(float(np.percentile(seconds, q)) * 1000, 3) for mark, q in MARKS.items()}
