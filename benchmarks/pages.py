"""The report as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks import leads, lines, targets
from benchmarks.captions import caption
from benchmarks.figures import Figure
from benchmarks.measurements import Line, Measurements
from benchmarks.numbers import digits, spread
from benchmarks.palette import look
from benchmarks.sections import SECTIONS, Section, Table

HEAD = """# Benchmarks

Written by `make bench`, text and numbers alike, from the JSON that each command left; `python -m benchmarks.report`
writes it again from those. Both sides of a comparison ran in one command, in turns. Numbers are medians with their
quartiles in brackets, unless something else is said; so are the bars in the figures."""

NOT_MEASURED = "Not measured."


def page(found: Measurements, plots: str) -> str:
    """Return the page; `plots` is the folder of its figures as the page says it."""
    parts = [HEAD, *_targets(found), *_troubles(found)]
    for section in SECTIONS:
        parts += [f"## {section.title}", section.about, *_section(section, found, plots)]
    return "\n\n".join([*parts, *_runs(found)]) + "\n"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, its first row the heading."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    ruler = ["---", *["---:"] * (len(cells[0]) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [cells[0], ruler, *cells[1:]])


def _targets(found: Measurements) -> list[str]:
    rows = targets.rows(found)
    verdicts = [row[-1] for row in rows[1:]]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in dict.fromkeys(verdicts))
    about = (
        "How many times as fast ours is as the peer, or a number with its unit. Ratios are of medians in one command; "
        "over several cases their geometric mean, with the lowest and the highest case as spread; of one case as far "
        "as the quartiles of both sides let it go."
    )
    return ["## Targets", f"{about} Of {len(verdicts)}: {counts}.", table(rows)]


def _troubles(found: Measurements) -> Iterable[str]:
    wrong = [f"- **Wrong answers** in `{name}`: {text}" for name, text in found.wrong().items()]
    failed = [f"- `{name}` did not end well: {note}" for name, note in found.failed().items()]
    return ["\n".join([*wrong, *failed])] if wrong or failed else []


def _section(section: Section, found: Measurements, plots: str) -> Iterable[str]:
    measured = found.named(section.sources)
    if not measured:
        yield NOT_MEASURED
        return
    figure: Figure | None = section.draft(found) if section.draft else None
    if figure:
        yield f"![{figure.alt}]({plots}/{figure.name}.svg)"
    yield "\n".join(caption(measured))
    known = [read(found) for read in section.lines]
    yield from (_lines(each) for each in known if each)
    yield from (_shown(read(found)) for read in section.tables)
    if section.lines:
        yield from _peers(section, [line for each in known for line in each])


def _shown(rows: Table) -> str:
    return table(rows) if len(rows) > 1 else f"{rows[0][0].capitalize()}: not measured."


def _lines(known: Sequence[Line]) -> str:
    names = lines.contestants_of(known)
    rows = [[known[0].unit, *(look(name).title for name in names)]]
    rows += [[line.title, *(_cell(line, name) for name in names)] for line in known]
    return table(rows)


def _cell(line: Line, name: str) -> str:
    return spread(line.values[name]) if name in line.values else "not measured"


def _peers(section: Section, known: Sequence[Line]) -> Iterable[str]:
    """Say who was not there, and where a peer is ahead."""
    missing = [look(name).title for name in section.peers if name not in lines.contestants_of(known)]
    if missing:
        yield f"Not measured: {', '.join(missing)}."
    if not known:
        yield NOT_MEASURED
    elif len(missing) < len(section.peers):
        ahead = leads.sentences(known)
        yield "\n".join(f"- {each}" for each in ahead) if ahead else "No peer is ahead here."


def _runs(found: Measurements) -> Iterable[str]:
    if found.runs:
        rows = [["measurement", "seconds", "ended"]]
        rows += [[f"`{name}`", digits(run["seconds"]), run["note"]] for name, run in found.runs.items()]
        yield from ("## What was run", table(rows))
