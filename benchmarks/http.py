"""Load a running facetoken server over HTTP, open loop, and tell latency, throughput and refusals.

    python -m benchmarks.http --url URL --images DIR --rate R [--seconds S] [--clients N] [--mix detect=1,search=0.2]
    python -m benchmarks.http --url URL --images DIR --levels 1,2,4,8,32 [--seconds S]
    python -m benchmarks.http --url URL --images DIR --isolation [--rate 20] [--seconds S]
    python -m benchmarks.http --url URL --images DIR --overload [--seconds S]

Every request has an arrival time, drawn beforehand as a Poisson process of a fixed seed, and its latency counts from
that time: waiting is counted, for the server and for one of at most N connections. Kinds: `detect` (POST /detect),
`search` (GET /search by token, of faces added first and removed again in the end) and `search_photo` (POST /search).
Latencies are of answers with status 200; refusals (503 with Retry-After) have times of their own. The client's CPU time
is told, since it may share the cores with the server. Ends with status 1 when any other answer came, or none.

JSON: machine, versions, seed, command, mix, seconds, and one of
    "steady": RUN
    "levels": {"1": {"closed": RUN, "open": RUN}, …}
    "isolation": {"alone": RUN, "loaded": RUN, "uploads": RUN, "allowed_ms", "uploads_meanwhile" (a second), "within"}
    "overload": {"capacity": RUN, "open": RUN, "shares": {"answered", "refused", "failed"}, "retry_after_on_every_503"}
RUN is {"asked", "sent", "unsent", "answered", "refused", "failed", "statuses": {"200": n, …}, "seconds",
"offered_rate", "achieved_rate", "faces", "all": KIND, "kinds": {"detect": KIND, …}, "refusals": MARKS,
"late_ms": MARKS, "connections", "client_cpu_seconds", "client_cpu_share"}; MARKS is {"p50_ms", "p95_ms", "p99_ms",
"max_ms"}, null without any; KIND is MARKS of what was answered, with "sent", "answered", "refused" and "faces".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from benchmarks import experiments
from benchmarks.experiments import Finding
from benchmarks.load import MOST_CLIENTS, Load
from benchmarks.machine import described
from benchmarks.workload import KINDS, Workload

ISOLATION_RATE = 20.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    begun = described(options.seed)
    try:
        with Workload(options.url, options.images, options.threshold) as workload:
            load = Load(workload, options.mix, options.seconds, options.clients, options.seed)
            name, (found, text) = _run(load, options)
    except (OSError, HTTPException, RuntimeError, ValueError) as error:
        print(f"benchmarks.http: {error}", file=sys.stderr)
        return 2
    print(f"{begun['machine']['cores']} cores, load before {begun['machine']['load_before']}, {options.seconds:g} s\n")
    print(text)
    if options.json:
        facts = begun | {"mix": options.mix, "seconds": options.seconds, name: found}
        options.json.write_text(json.dumps(facts, indent=2) + "\n")
    return 1 if load.failed else 0


def _run(load: Load, options: argparse.Namespace) -> tuple[str, Finding]:
    if options.levels:
        return "levels", experiments.levels(load, options.levels)
    if options.isolation:
        return "isolation", experiments.isolation(load, options.rate or ISOLATION_RATE)
    if options.overload:
        return "overload", experiments.overload(load)
    return "steady", experiments.steady(load, options.rate)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", required=True, help="http://HOST:PORT of the server")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="photos to send")
    parser.add_argument("--rate", type=positive, metavar="R", help="requests a second")
    parser.add_argument("--seconds", type=positive, default=10.0, metavar="S")
    parser.add_argument("--clients", type=count, default=MOST_CLIENTS, metavar="N", help="connections at most")
    parser.add_argument("--mix", type=mix, default={"detect": 1.0}, help=f"kind=weight, … of {', '.join(KINDS)}")
    parser.add_argument("--threshold", type=float, default=0.65, help="of the searches")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--levels", type=counts, metavar="1,2,4", help="numbers of clients, one after the other")
    instead.add_argument("--isolation", action="store_true", help="search alone, then beside uploading clients")
    instead.add_argument("--overload", action="store_true", help=f"offer {experiments.OVERLOAD} times the capacity")
    options = parser.parse_args(arguments)
    if not (options.rate or options.levels or options.isolation or options.overload):
        parser.error("--rate is needed, or one of --levels, --isolation and --overload")
    return options


def positive(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise ValueError
    return number


def count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def counts(text: str) -> list[int]:
    return [count(part) for part in text.split(",")]


def mix(text: str) -> dict[str, float]:
    weights = {kind: positive(weight or "1") for kind, _, weight in (part.partition("=") for part in text.split(","))}
    if not weights.keys() <= set(KINDS):
        raise ValueError
    return weights


if __name__ == "__main__":
    sys.exit(main())
