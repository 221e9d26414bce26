"""Run all benchmarks, one after the other on a quiet machine, and write the report.

    python -m benchmarks.bench [--only search,photo,…] [--fresh] [--results DIR] [--page FILE] [--plots DIR]
    python -m benchmarks.bench --quick

Each command leaves its JSON and its log in the folder of results, and how it ended in runs.json there. What is measured
already, by the same command, is not measured again, so that a run that was broken off goes on; --fresh measures it
anew. --only takes the beginnings of names. A command that fails loses nothing but itself: the report is written all the
same and tells, and the status is 1. A peer whose environment is not there is not measured, and that is no failure.

--quick takes a few minutes and writes no report. Its status is 1 for a wrong answer or a command that broke off, never
for a slow one.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import report, steps
from benchmarks.measurements import RUNS
from benchmarks.served import LOOPBACK, ServerProcess
from benchmarks.stages import STREAM, Pictures
from benchmarks.steps import Step
from model.weights import ensure_photos
from settings import ROOT, Settings

QUICK_RESULTS = ROOT / "build/bench-quick"
LAST_WORDS = 25
ENDING_SECONDS = 60

Json = dict[str, Any]


class Bench:
    """Run steps and keep what became of them in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._file = folder, folder / RUNS
        self._runs: dict[str, Json] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def run(self, step: Step) -> Json:
        """Run a step and return how it ended; whatever goes wrong is told in that, not raised."""
        begun = time.monotonic()
        self._result(step).unlink(missing_ok=True)
        try:
            status, note = (0, f"not run: {step.missing}") if step.missing else self._command(step)
        except (OSError, RuntimeError, ValueError) as error:
            status, note = 2, str(error)
        seconds = round(time.monotonic() - begun, 1)
        self._runs[step.name] = {"status": status, "seconds": seconds, "note": note, "asked": self._asked(step)}
        self._file.write_text(json.dumps(self._runs, indent=2) + "\n")
        return self._runs[step.name]

    def has(self, step: Step) -> bool:
        """Tell whether the same command has ended well."""
        run = self._runs.get(step.name, {})
        return run.get("status") == 0 and run["asked"] == self._asked(step) and self._result(step).exists()

    def last_words(self, step: Step) -> str:
        """Return the end of a step's log."""
        log = self._log(step)
        return "\n".join(log.read_text().splitlines()[-LAST_WORDS:]) if log.exists() else ""

    def _command(self, step: Step) -> tuple[int, str]:
        with ExitStack() as stack:
            given = self._server(stack) if step.on_server else []
            words = [*given, *step.arguments, "--json", _shown(self._result(step))]
            log = stack.enter_context(self._log(step).open("w"))
            command = [sys.executable, "-m", f"benchmarks.{step.module}", *words]
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            return _ended(process, step.limit)

    def _server(self, stack: ExitStack) -> list[str]:
        """Start a server on an empty face set, and return the options that lead to it and to photos for it."""
        photos = self._folder / "photos"
        photos.mkdir(exist_ok=True)
        Pictures(photos, ensure_photos(Settings.from_environment().weights), own=False).sendable(STREAM)
        data = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(ServerProcess(Path(data), status_200=0))
        return ["--url", f"http://{LOOPBACK}:{server.port}", "--images", _shown(photos)]

    def _asked(self, step: Step) -> str:
        return shlex.join([step.module, *step.arguments])

    def _result(self, step: Step) -> Path:
        return self._folder / f"{step.name}.json"

    def _log(self, step: Step) -> Path:
        return self._folder / f"{step.name}.log"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    # A shell that starts this in the background has it ignored, and commands that ignore it cannot be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chosen = [step for step in options.steps if any(step.name.startswith(name) for name in options.only)]
    failed = _run(Bench(options.results), chosen, options.fresh)
    try:
        status = _reported(options)
    finally:
        # Last, and also when the report cannot be written.
        for line in failed:
            print(f"benchmarks.bench: {line}", file=sys.stderr)
    return 1 if failed else status


def _run(bench: Bench, chosen: Sequence[Step], fresh: bool) -> list[str]:
    """Run the steps and return what went wrong."""
    failed = []
    for number, step in enumerate(chosen, 1):
        head = f"[{number}/{len(chosen)}] {step.name}"
        if not fresh and bench.has(step):
            print(f"{head}: measured already", flush=True)
            continue
        print(f"{head}: {shlex.join(['python', '-m', f'benchmarks.{step.module}', *step.arguments])}", flush=True)
        run = bench.run(step)
        print(f"    {run['note']}, {run['seconds']:.0f} s", flush=True)
        if run["status"]:
            failed.append(f"{step.name}: {run['note']}")
            print(bench.last_words(step), flush=True)
    return failed


def _reported(options: argparse.Namespace) -> int:
    if options.quick:
        return 0
    print()
    folders = {"--results": options.results, "--page": options.page, "--plots": options.plots}
    return report.main([str(word) for pair in folders.items() for word in pair])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a little of everything, for every day")
    parser.add_argument("--only", default="", metavar="NAME,…", help="names of measurements, or their beginnings")
    parser.add_argument("--fresh", action="store_true", help="measure again what is there")
    parser.add_argument("--results", type=Path, metavar="DIR", help="where JSON and logs go")
    parser.add_argument("--page", type=Path, default=report.PAGE, metavar="FILE")
    parser.add_argument("--plots", type=Path, default=report.PLOTS, metavar="DIR")
    options = parser.parse_args(arguments)
    options.results = options.results or (QUICK_RESULTS if options.quick else report.RESULTS)
    options.steps = steps.quick() if options.quick else steps.whole()
    options.fresh = options.fresh or options.quick
    options.only = options.only.split(",")
    for name in options.only:
        if not any(step.name.startswith(name) for step in options.steps):
            parser.error(f"there is no {name}, but {', '.join(step.name for step in options.steps)}")
    return options


def _ended(process: subprocess.Popen[bytes], limit: float) -> tuple[int, str]:
    """Wait for a command and return its status and what that means; interrupt it when its time is over."""
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        # Not killed at once: it has servers and other processes to end.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return 2, f"interrupted after {limit:.0f} s"
    except KeyboardInterrupt:
        # The terminal has told it as well.
        process.wait()
        raise
    return status, "well" if status == 0 else f"with status {status}"


def _shown(path: Path) -> str:
    """Return a path as a command shows it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


if __name__ == "__main__":
    sys.exit(main())
