"""The table of settings, for the terminal and as the page docs/settings.md."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from errors import StartError
from setting import SettingRow
from settings import Settings

INTRODUCTION = """\
# Settings

Every setting is an environment variable; all have defaults. The server and every command read them when they start, and
refuse a `FACETOKEN_` variable that is not in this list or a value that is not allowed. `facetoken settings` prints this
list with what is set now; `facetoken settings --markdown` prints this page.
"""


def page() -> str:
    """Return the page docs/settings.md."""
    rows = ["| variable | default | allowed | what it does |", "|---|---|---|---|"]
    rows += [
        f"| `{row.env}` | {_escaped(row.shown_default)} | {_escaped(row.allowed)} | {_escaped(row.help)} |"
        for row in Settings.table()
    ]
    return "\n".join([INTRODUCTION, *rows]) + "\n"


def text(environment: Mapping[str, str], columns: int) -> str:
    """Return the table for a terminal, `columns` wide, with the values that are set in the environment."""
    rows = list(Settings.table())
    names = max(len(row.env) for row in rows)
    defaults = max(len(row.shown_default) for row in rows)
    blocks = [f"{'variable':<{names}}  {'default':<{defaults}}  set to"]
    for row in rows:
        head = f"{row.env:<{names}}  {row.shown_default:<{defaults}}  {_set_to(row, environment)}".rstrip()
        indent = "    "
        blocks.append(head + "\n" + textwrap.fill(row.help, columns, initial_indent=indent, subsequent_indent=indent))
    return "\n".join(blocks)


def _set_to(row: SettingRow, environment: Mapping[str, str]) -> str:
    value = environment.get(row.env, "")
    try:
        if value:
            row.parse(value)
    except StartError:
        return f"{row.shown(value)} (not allowed: it must be {row.allowed})"
    return row.shown(value)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
