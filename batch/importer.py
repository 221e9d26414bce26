"""Add photos in bulk: look at each, choose its faces, add them, and say what became of it."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from batch.choice import Choice
from batch.remote import ServerGone
from batch.report import Outcome, Result, Summary
from batch.sources import Source, read
from batch.target import SeenPhoto, Target
from errors import FaceError, FaceTokenError, FileError, InternalError, UploadError, UploadTooLarge
from faceset.names import problem_with

LOOKERS = 1
"""Threads that read and look at the next photos while this one's faces are added."""

AHEAD = 2
"""Photos looked at before their turn; each is held decoded."""

LOOKS = 3
"""Times a photo is looked at when a server forgets its faces before they are added."""

FAILURES = 5
"""Photos that fail for no fault of their own, while none goes in, before the import is given up."""


@dataclass(slots=True)
class _Step:
    """Hold a file on its way: settled when it has an outcome, and else seen."""

    source: Source
    digest: bytes = b""
    data: bytes = b""
    seen: SeenPhoto | None = None
    outcome: Outcome | None = None

    def settled(self, result: Result, tokens: tuple[str, ...] = (), reason: str = "") -> Outcome:
        return Outcome(self.source.path, self.source.name, result, tokens, reason)

    def refused(self, error: FaceError) -> Outcome:
        kinds = ((UploadTooLarge, Result.TOO_LARGE), ((FileError, UploadError), Result.UNREADABLE))
        result = next((result for kind, result in kinds if isinstance(error, kind)), Result.FAILED)
        return self.settled(result, reason=error.detail)


class Importer:
    """Import files into a target, in order."""

    def __init__(self, target: Target, choice: Choice) -> None:
        self._target = target
        self._choice = choice
        # Digest of every photo that went in during this run, and where it lay.
        self._added: dict[bytes, Path] = {}

    def run(self, sources: Sequence[Source], told: Callable[[Outcome], None], stopping: Callable[[], bool]) -> Summary:
        """Import the files, tell each outcome in the order of the files, and sum up.

        Ends early when `stopping` says so, when the server is gone, and when photo after photo fails.
        """
        summary = Summary(len(sources))
        try:
            with closing(self._looked(sources)) as steps:
                self._finish_all(steps, summary, told, stopping)
        except ServerGone as error:
            summary.stopped = str(error)
        return summary

    def _finish_all(
        self,
        steps: Iterator[_Step],
        summary: Summary,
        told: Callable[[Outcome], None],
        stopping: Callable[[], bool],
    ) -> None:
        failures = 0
        for step in steps:
            outcome = self._finish(step)
            summary.add(outcome)
            told(outcome)
            failures = 0 if outcome.result is Result.ADDED else failures + (outcome.result is Result.FAILED)
            if summary.done == summary.files:
                return
            if stopping():
                summary.stopped = "stopped"
                return
            if failures == FAILURES:
                summary.stopped = f"given up after {FAILURES} failures"
                return

    def _looked(self, sources: Sequence[Source]) -> Generator[_Step, None, None]:
        """Yield the files in order, the next ones being looked at meanwhile; forget those when closed early."""
        waiting: deque[Future[_Step]] = deque()
        with ThreadPoolExecutor(LOOKERS, "looking") as pool:
            try:
                for source in sources:
                    waiting.append(pool.submit(self._look, source))
                    if len(waiting) > AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    if not future.cancel():
                        _forget(future)

    def _look(self, source: Source) -> _Step:
        """Read a file and find its faces, unless it is in already."""
        step = _Step(source)
        try:
            if source.problem:
                raise FileError(source.problem)
            if problem := problem_with(source.name):
                step.outcome = step.settled(Result.BAD_NAME, reason=f"the name {problem}")
                return step
            step.data = read(source.path, self._target.max_bytes)
            step.digest = hashlib.sha256(step.data).digest()
            step.outcome = self._known(step)
            if step.outcome is None:
                step.seen = self._target.look(step.data, step.digest)
        except FaceError as error:
            step.outcome = step.refused(error)
        return step

    def _known(self, step: _Step) -> Outcome | None:
        known = self._target.known(step.digest)
        if not known.tokens:
            return None
        other = f" under the name {known.name}" if known.name != step.source.name else ""
        return step.settled(Result.DUPLICATE, known.tokens, f"in the face set already{other}")

    def _finish(self, step: _Step) -> Outcome:
        """Add the photo's faces, unless it is settled already or its twin went in meanwhile."""
        try:
            if step.digest in self._added:
                return self._twin(step, self._added[step.digest])
            return step.outcome or self._add(step)
        except FaceError as error:
            return step.refused(error)

    def _twin(self, step: _Step, first: Path) -> Outcome:
        if step.seen:
            step.seen.drop()
        return step.settled(Result.DUPLICATE, self._target.known(step.digest).tokens, f"the same photo as {first}")

    def _add(self, step: _Step) -> Outcome:
        for _ in range(LOOKS):
            step.seen = step.seen or self._target.look(step.data, step.digest)
            try:
                return self._decide(step, step.seen)
            except FaceTokenError:
                step.seen = None
        raise InternalError(f"the server forgot the photo's faces {LOOKS} times before they could be added")

    def _decide(self, step: _Step, seen: SeenPhoto) -> Outcome:
        total = len(seen.faces)
        if not total:
            return step.settled(Result.NO_FACE, reason="no face of at least 30x30 pixels was found in the photo")
        chosen, reasons = self._choice.of(seen.faces)
        tokens: tuple[str, ...] = ()
        if chosen:
            added = seen.add(chosen, step.source.name)
            tokens, reasons = added.tokens, [*reasons, *added.refused]
        seen.drop()
        if not tokens:
            return step.settled(Result.BELOW_LIMITS, reason=self._choice.why_none(total, reasons))
        self._added[step.digest] = step.source.path
        return step.settled(Result.ADDED, tokens, self._choice.why_some(total, len(tokens), reasons))


def _forget(future: Future[_Step]) -> None:
    try:
        step = future.result()
    except ServerGone:
        return
    if step.seen:
        step.seen.drop()
