"""Tables of what was right: parity, exactness, isolation, overload."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import measurements
from benchmarks.measurements import Json, Measurements
from benchmarks.numbers import digits

MARKS = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


def parity(found: Measurements) -> list[list[str]]:
    """Return by precision and reference how many boxes are the same, missed or extra."""
    rows = [["parity", "faces", "same box", "share", "missed", "missed, by score", "extra"]]
    for row in (found.get(measurements.PARITY) or {"detection": []})["detection"]:
        missed = ", ".join(f"{count} at {bucket}" for bucket, count in row["missed"].items() if count)
        counts = [sum(row["missed"].values()), missed, sum(row["extra"].values())]
        share = f"{row['same'] / row['faces']:.1%}" if row["faces"] else ""
        title = f"{row['backend']} against {row['reference']}"
        rows.append([title, str(row["faces"]), str(row["same"]), share, *map(str, counts)])
    return rows


def exactness(found: Measurements) -> list[list[str]]:
    """Return by measurement of the search how many answers were compared, and how many were wrong."""
    rows = [["faces", "thresholds", "queries compared", "wrong: brute force", "batches", "FAISS"]]
    names = (measurements.SEARCH, measurements.THRESHOLDS, measurements.EXACTNESS)
    for facts in found.named(names):
        check, thresholds = facts["check"], ", ".join(facts["thresholds"])
        wrong = [check["brute_force"], check["batches"], check["faiss"] if "faiss" in facts["build"] else "-"]
        rows.append([f"{facts['rows']:,}", thresholds, f"{check['queries']:,}", *map(str, wrong)])
    return rows


def isolation(found: Measurements) -> list[list[str]]:
    """Return the latencies of searches alone and beside uploads."""
    facts = (found.get(measurements.ISOLATION) or {}).get("isolation")
    rows = [["search by token", "answered", "refused", *_heads()]]
    if not facts:
        return rows
    rows += [[title, *_counts(facts[key])] for key, title in (("alone", "alone"), ("loaded", "beside uploads"))]
    rows.append(["allowed", "", "", "", "", digits(facts["allowed_ms"]), ""])
    rows.append(["the uploads", *_counts(facts["uploads"])])
    return rows


def overload(found: Measurements) -> list[list[str]]:
    """Return what an overloaded server answered, refused and failed to do."""
    facts = (found.get(measurements.OVERLOAD) or {}).get("overload")
    rows = [["overload", "offered /s", "answered /s", "answered", "refused", "failed", *_heads()]]
    return [*rows, *_overloaded(facts)] if facts else rows


def _overloaded(facts: Json) -> Iterator[list[str]]:
    for key, title in (("capacity", "capacity, closed loop"), ("open", "several times that, open loop")):
        run = facts[key]
        rates = [digits(run[name]) for name in ("offered_rate", "achieved_rate")]
        yield [title, *rates, *(str(run[name]) for name in ("answered", "refused", "failed")), *_marks(run["all"])]
    yield ["the refusals", "", "", "", "", "", *_marks(facts["open"]["refusals"])]


def _counts(run: Json) -> list[str]:
    return [str(run["answered"]), str(run["refused"]), *_marks(run["all"])]


def _heads() -> list[str]:
    return [mark.replace("_", " ") for mark in MARKS]


def _marks(found: Json) -> list[str]:
    return ["-" if found[mark] is None else digits(found[mark]) for mark in MARKS]
