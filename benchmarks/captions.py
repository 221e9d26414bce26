"""What stands under every figure: machine, versions, seed and the exact commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.leads import is_ours
from benchmarks.measurements import Json
from benchmarks.numbers import digits
from benchmarks.palette import look

UNKNOWN = "not recorded"


def caption(measured: Sequence[Json]) -> list[str]:
    """Return lines of Markdown: a paragraph and the commands, one a line."""
    seeds = _together(str(facts.get("seed", UNKNOWN)) for facts in measured)
    about = [f"Machine: {_machine(measured)}", f"Versions: {_together(_versions(facts) for facts in measured)}"]
    if peers := _together(text for facts in measured for text in _peers(facts)):
        about.append(f"Peers: {peers}")
    about.append(f"Seed: {seeds}. Made by:")
    commands = dict.fromkeys(facts.get("command", UNKNOWN) for facts in measured)
    return [f"<sub>{'. '.join(about)}</sub>", "", "```", *commands, "```"]


def _machine(measured: Sequence[Json]) -> str:
    known = [facts["machine"] for facts in measured if "machine" in facts]
    if not known:
        return UNKNOWN
    machines = _together(f"{one['cpu']}, {one['cores']} cores, {digits(one['memory_gb'])} GB" for one in known)
    loads = sorted(one["load_before"] for one in known)
    span = digits(loads[0]) if loads[0] == loads[-1] else f"{digits(loads[0])} to {digits(loads[-1])}"
    return f"{machines}, load before {span}"


def _versions(facts: Json) -> str:
    return ", ".join(f"{name} {version}" for name, version in facts.get("versions", {}).items()) or UNKNOWN


def _peers(facts: Json) -> Iterable[str]:
    """Yield versions of the packages, and whose they are."""
    owners: dict[str, list[str]] = {}
    for name, packages in facts.get("peer_versions", {}).items():
        owners.setdefault(", ".join(f"{each} {packages[each]}" for each in sorted(packages)), []).append(name)
    for versions, names in owners.items():
        if peers := [look(name).title for name in names if not is_ours(name)]:
            yield f"{' and '.join(peers)} with {versions}"
    for name, built in facts.get("build", {}).items():
        if not is_ours(name):
            yield f"{look(name).title} {built['version']}"


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
