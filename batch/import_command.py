"""The import as a command: options in, progress and report while it runs, a summary at the end."""

from __future__ import annotations

import sys
import unicodedata
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from answers import EnrolmentRule
from batch.choice import Choice
from batch.importer import Importer
from batch.journal import Journal, default_journal
from batch.local import LocalTarget
from batch.remote import RemoteServer
from batch.remote_target import RemoteTarget
from batch.report import Outcome, ReportFile, Summary
from batch.sources import Source, from_file, from_parent, listed
from batch.stopping import Stop
from batch.target import Target
from settings import Settings
from startup import opened_engine


def run(options: Namespace, settings: Settings) -> Summary:
    """Import what the options name; raise StartError when it cannot begin, or cannot go on."""
    found = list(listed(options.paths, _naming(options)))
    # A server has a rule of its own; on the data folder its settings are honoured just the same.
    rule = EnrolmentRule(max(options.min_confidence, settings.min_confidence), max(options.min_size, settings.min_size))
    choice = Choice(rule, largest_only=options.faces == "largest")
    with (
        Stop() as stop,
        ReportFile(options.report) as report,
        _opened(options, settings, stop) as target,
        _Progress(found, quiet=options.quiet) as progress,
    ):

        def told(outcome: Outcome) -> None:
            report.add(outcome)
            progress.add(outcome)

        return Importer(target, choice).run(found, told, stop)


def _naming(options: Namespace) -> Callable[[Path], str]:
    if options.name is not None:
        return lambda _: str(options.name)
    return from_file if options.name_from == "file" else from_parent


@contextmanager
def _opened(options: Namespace, settings: Settings, stop: Stop) -> Iterator[Target]:
    if options.server is None:
        with opened_engine(settings) as engine:
            yield LocalTarget(engine)
        return
    with (
        RemoteServer(options.server, stop) as server,
        Journal(options.journal or default_journal(server.url), server.url) as journal,
    ):
        stop.insisted = server.hang_up
        server.greet()
        target = RemoteTarget(server, journal)
        target.recover()
        yield target


class _Progress:
    """Show how far the import is, and every file that did not go in, on stderr."""

    def __init__(self, sources: list[Source], *, quiet: bool) -> None:
        self._quiet = quiet
        hidden = quiet or not sys.stderr.isatty()
        self._bar = tqdm(total=len(sources), unit="photo", disable=hidden, file=sys.stderr, dynamic_ncols=True)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def add(self, outcome: Outcome) -> None:
        """Count one file."""
        if not outcome.is_in and not self._quiet:
            tqdm.write(f"{_visible(str(outcome.path))}: {outcome.result}: {_visible(outcome.reason)}", file=sys.stderr)
        self._bar.update()


def _visible(text: str) -> str:
    """Escape what a file name may hold to play tricks on a terminal."""
    return "".join(ascii(char)[1:-1] if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)
