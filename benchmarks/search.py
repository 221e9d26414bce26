"""Race the exact index against FAISS and others, and compare its answers with a brute force in float64.

    python -m benchmarks.search [--vectors FILE.npy --queries FILE.npy] [--rows N] [--count Q]
        [--thresholds 0.65,0.9,1.1] [--batches 1,8,64] [--peers faiss,usearch,sqlite-vec] [--rounds N] [--timed N]
        [--check N|all] [--seed N] [--hits FILE.npz] [--json FILE] [--quick]

Without --vectors it makes its own gallery (benchmarks.gallery). Every contender is a process that holds all vectors,
with its library's own number of threads; rounds alternate between them, and who has no turn waits. Times are medians
(quartiles) of whole batches. Slow ones are timed with fewer queries: usearch a fifth, sqlite-vec a twenty-fifth.

--hits: for each threshold T as typed rows_T (int64, of the vectors file), starts_T (int64, one more than queries) and
distances_T (float32), CSR over the queries, nearest first. Ends with status 1 when one of a sample of answers (--check)
is not that of the brute force, of a batch or of faiss; never for being slow.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from tqdm import tqdm

from benchmarks import tables
from benchmarks.gallery import Files, Gallery, prepared
from benchmarks.machine import described
from benchmarks.truth import Floats, Rows, beyond_rounding, faults, neighbours
from settings import ROOT

OURS, FAISS, VENV = "ours", "faiss", ".venv-search"
# Those of another environment, and the share of the queries that they are timed with.
SHARES = {"usearch": 0.2, "sqlite-vec": 0.04}
BATCHLESS, CHANGELESS, CHANGES = "sqlite-vec", "usearch", 30
QUICK = {"rows": 50_000, "count": 60, "rounds": 3, "timed": 20, "peers": FAISS}
# Worker threads that still spin after one contender's turn would slow the next one's.
PAUSE = 0.1
# From 20 queries a call on FAISS expands squares, which cancels.
FAISS_BATCH = 16

Found = list[tuple[Rows, Floats]]
Answers = dict[str, Found]
Times = dict[str, list[float]]


class Racer:
    """Talk to a contender in another process; use as a context, which ends the process."""

    def __init__(self, name: str, vectors: Path, queries: Path) -> None:
        self.name = name
        python = ROOT / VENV / "bin/python" if name in SHARES else Path(sys.executable)
        # Threads stay as every library sets them.
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("FACETOKEN_", "OMP_", "NUMBA_"))}
        command = [str(python), "-m", "benchmarks.search_peers", name, str(vectors), str(queries)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, cwd=ROOT, env=kept, **pipes)

    def ask(self, do: str, **arguments: object) -> Any:
        """Have it run one method of `Course`; raise RuntimeError when it breaks off."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        if line := self._process.stdout.readline():
            return json.loads(line)
        raise RuntimeError(f"{self.name} broke off; its last words are above")

    def answers(self, threshold: float, batch: int, places: Iterable[int]) -> Found:
        """Return the hits, (rows, distances), of the queries at `places`, asked `batch` at a time."""
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            self.ask("answer", threshold=threshold, batch=batch, places=list(map(int, places)), file=file.name)
            with np.load(file.name) as stored:
                borders = stored["starts"][1:-1]
                return list(zip(*(np.split(stored[name], borders) for name in ("rows", "distances")), strict=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind:
            self._process.kill()
        self._process.communicate()


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        files = prepared(options.files, Gallery(options.rows, options.seed), options.count, Path(folder))
        racers = {name: stack.enter_context(Racer(name, *files)) for name in (OURS, *options.peers)}
        answers, report = measured(files, racers, options)
    print(text(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    if options.hits:
        _write(options.hits, answers)
    return 1 if report["check"]["wrong"] else 0


def measured(files: Files, racers: Mapping[str, Racer], options: argparse.Namespace) -> tuple[Answers, dict[str, Any]]:
    """Run the whole course; return our answers by threshold and the report."""
    shapes = [np.load(file, mmap_mode="r").shape for file in files]
    report = described(options.seed) | {"rows": shapes[0][0], "dim": shapes[0][1], "queries": shapes[1][0]}
    report |= {"rounds": options.rounds, "build": {name: racer.ask("build") for name, racer in racers.items()}}
    times = race(list(racers.values()), options)
    answers = {typed: racers[OURS].answers(float(typed), 1, range(shapes[1][0])) for typed in options.thresholds}
    report["thresholds"] = {}
    for typed, found in answers.items():
        batches = {str(batch): compared(times[typed, batch]) for batch in options.batches}
        hits = {"hits_per_query": round(sum(len(rows) for rows, _ in found) / len(found), 2)}
        report["thresholds"][typed] = batches.pop("1") | hits | {"batches": batches}
    report["check"] = check(files, answers, racers, options)
    changes = {name: racer.ask("change", count=CHANGES) for name, racer in racers.items() if name != CHANGELESS}
    for what in ("add", "remove"):
        report[what] = compared({name: each[f"{what}_ms"] for name, each in changes.items()})
    return answers, report


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small gallery and few rounds")
    parser.add_argument("--vectors", type=Path, metavar="FILE.npy", help="float32 (n, dim); else made up")
    parser.add_argument("--queries", type=Path, metavar="FILE.npy", help="float32 (q, dim)")
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="faces to make up")
    parser.add_argument("--count", type=int, metavar="Q", help="queries; else 200, or all of the file")
    parser.add_argument("--thresholds", default="0.65,0.9,1.1")
    parser.add_argument("--batches", default="1,8,64")
    parser.add_argument("--peers", default=FAISS, help="faiss,usearch,sqlite-vec or fewer")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--timed", type=int, default=50, metavar="N", help="queries timed a round")
    parser.add_argument("--check", default="20", metavar="N", help="queries compared with brute force, or `all`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hits", type=Path, metavar="FILE.npz")
    parser.add_argument("--json", type=Path, metavar="FILE")
    if parser.parse_args(arguments).quick:
        parser.set_defaults(**QUICK)
    options = parser.parse_args(arguments)
    options.thresholds, options.peers = options.thresholds.split(","), list(filter(None, options.peers.split(",")))
    options.batches = sorted({1, *map(int, options.batches.split(","))})
    if unknown := set(options.peers) - {FAISS, *SHARES}:
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
    if set(options.peers) & set(SHARES) and not (ROOT / VENV).is_dir():
        parser.error(f"`make {VENV}/.made` first, for the peers")
    if (options.vectors is None) != (options.queries is None):
        parser.error("--vectors and --queries go together")
    options.files = (options.vectors, options.queries) if options.vectors else None
    return options


def race(racers: Sequence[Racer], options: argparse.Namespace) -> dict[tuple[str, int], Times]:
    """Time every contender at every threshold and batch size, a different one first in each round."""
    times: dict[tuple[str, int], Times] = {each: {} for each in product(options.thresholds, options.batches)}
    # A round before the first, with one search each, warms up.
    for turn in tqdm(range(-1, options.rounds), "rounds", leave=False, disable=None):
        first = turn % len(racers)
        for (typed, batch), racer in product(times, [*racers[first:], *racers[:first]]):
            if batch > 1 and racer.name == BATCHLESS:
                continue
            time.sleep(PAUSE)
            count = 1 if turn < 0 else max(1, int(options.timed * SHARES.get(racer.name, 1)) // batch)
            place = max(0, turn) * options.timed
            found = racer.ask("time", threshold=float(typed), batch=batch, first=place, count=count)
            times[typed, batch].setdefault(racer.name, []).extend(found if turn >= 0 else [])
    return times


def check(files: Files, answers: Answers, racers: Mapping[str, Racer], options: argparse.Namespace) -> dict[str, int]:
    """Compare the answers to a sample of the queries with brute force, batches and FAISS; count what is wrong."""
    vectors, queries = np.load(files[0], mmap_mode="r"), np.load(files[1])
    count = len(queries) if options.check == "all" else min(int(options.check), len(queries))
    places = np.sort(np.random.default_rng(options.seed).permutation(len(queries))[:count]).tolist()
    wrong = {"brute_force": 0, "batches": 0, FAISS: 0}
    truths = tqdm(
        neighbours(vectors, queries[places], max(map(float, answers))), "checked", count, leave=False, disable=None
    )
    for place, truth in zip(places, truths, strict=True):
        for typed, found in answers.items():
            wrong["brute_force"] += faults(found[place], truth, float(typed), vectors.shape[1])
    for (typed, found), batch in product(answers.items(), options.batches[1:]):
        asked = np.resize(places, max(batch, count)).tolist()
        for place, (rows, lengths) in zip(asked, racers[OURS].answers(float(typed), batch, asked), strict=True):
            same = np.array_equal(rows, found[place][0]) and np.array_equal(lengths, found[place][1])
            wrong["batches"] += not same
    for typed, found in answers.items() if FAISS in racers else ():
        for place, (rows, _) in zip(places, racers[FAISS].answers(float(typed), FAISS_BATCH, places), strict=True):
            wrong[FAISS] += beyond_rounding(vectors, queries[place], found[place][0], rows, float(typed))
    return {"queries": count, **wrong, "wrong": sum(wrong.values())}


def compared(times: Times) -> dict[str, Any]:
    """Return by contender the median and quartiles and how often it was timed, and FAISS's median over ours."""
    quarters = {name: np.percentile(each, [25, 50, 75]).round(5).tolist() for name, each in times.items()}
    report: dict[str, Any] = {f"{name}_ms": median for name, (_, median, _) in quarters.items()}
    if FAISS in quarters:
        report["ratio"] = report["faiss_ms"] / report["ours_ms"]
    report["quartiles_ms"] = {name: [lower, upper] for name, (lower, _, upper) in quarters.items()}
    return report | {"timed": {name: len(each) for name, each in times.items()}}


def text(report: Mapping[str, Any]) -> str:
    """Lay out the report as one table."""
    names = list(report["build"])
    lines = {}
    for typed, each in report["thresholds"].items():
        lines[f"within {typed}, one query, ms"] = each
        lines |= {f"within {typed}, {batch} at once, ms": batched for batch, batched in each["batches"].items()}
    lines |= {"one added, ms": report["add"], "one removed, ms": report["remove"]}
    rows = [["", *names, "faiss / ours", "timed", "hits"]]
    for title, each in lines.items():
        cells = [_cell(each.get(f"{name}_ms"), each["quartiles_ms"].get(name)) for name in names]
        timed = "/".join(str(each["timed"].get(name, 0)) for name in names)
        rows.append(
            [
                title,
                *cells,
                f"{each['ratio']:.2f}" if "ratio" in each else "",
                timed,
                str(each.get("hits_per_query", "")),
            ]
        )
    built = [f"{each['build_s']:.2f} + {each['settle_s']:.2f}" for each in report["build"].values()]
    rows.append(["all added + settled, s", *built, "", "", ""])
    return tables.text(rows)


def _cell(median: float | None, quartiles: Sequence[float] | None) -> str:
    return "-" if median is None or not quartiles else f"{median:.3g} ({quartiles[0]:.3g}-{quartiles[1]:.3g})"


def _write(file: Path, answers: Answers) -> None:
    arrays: dict[str, Any] = {}
    for typed, found in answers.items():
        rows, lengths = zip(*found, strict=True)
        arrays |= {f"rows_{typed}": np.concatenate(rows), f"distances_{typed}": np.concatenate(lengths)}
        arrays[f"starts_{typed}"] = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    np.savez(file, **arrays)


if __name__ == "__main__":
    sys.exit(main())
