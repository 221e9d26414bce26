"""Write the tables of docs/api/*.md from the code, and what their walk-throughs print from a real server.

    python -m benchmarks.dialect_pages [--record] [--check] [PAGE ...]

A page is written by hand but for what stands between `<!-- made: NAME -->` and `<!-- end -->`, and the answers between
`<!-- recorded -->` and `<!-- end -->`. With --record the commands there are run by bash and curl against a server of
this checkout on an empty face set, with the settings that the page names. With --check nothing is written; the status
is 1 when a page is not as the code would make it.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flask import Flask

import api
import photo_urls
from api.dialect import Dialect, Services
from benchmarks.dialect_operations import operations_of
from benchmarks.dialect_refusals import refusals_of
from benchmarks.dialect_tables import photos_of, settings_of
from benchmarks.served import ServerProcess
from benchmarks.walkthrough import WEB, Stage, replayed, served_photos, settings_in, steps
from engine import FaceEngine
from errors import Overloaded
from model.weights import ensure_photos
from server import create_app
from setting import PREFIX
from settings import ROOT, Settings

PAGES = ROOT / "docs" / "api"

MADE = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
RECORDED = re.compile(r"(?<=<!-- recorded -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    changed = []
    for page in options.pages or [page_of(dialect) for dialect in api.OPTIONAL]:
        former = page.read_text()
        text = made(page.stem, recorded(former) if options.record else former)
        if text != former:
            changed.append(page.name)
            if not options.check:
                page.write_text(text)
    print(f"not as the code makes them: {', '.join(changed)}" if changed else "the pages are as the code makes them")
    return int(options.check and bool(changed))


def page_of(dialect: Dialect) -> Path:
    return PAGES / f"{dialect.name}.md"


def made(name: str, text: str) -> str:
    """Return a dialect's page with its tables made anew."""
    dialect = next(each for each in api.OPTIONAL if each.name == name)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        services = Services(settings, not_ready, photo_urls.from_settings(settings))
        parts = {
            "settings": lambda: settings_of(name),
            "photos": lambda: photos_of(name, services),
            "operations": lambda: operations_of(name, application(Path(folder)), steps(walk(text))),
            "refusals": lambda: refusals_of(dialect),
            "silent": lambda: _docstring(dialect),
        }
        return MADE.sub(lambda found: f"{found[1]}\n{parts[found[2]]()}\n\n{found[3]}", text)


def walk(text: str) -> str:
    """Return the walk-through of a page."""
    found = RECORDED.search(text)
    assert found is not None, "the page has no walk-through"
    return found[0]


def recorded(text: str) -> str:
    """Return a page with its walk-through run anew."""
    photos = ensure_photos(Settings.from_environment().weights)
    script = walk(text)
    with tempfile.TemporaryDirectory() as folder, served_photos(photos) as web:
        given = {name.removeprefix(PREFIX).lower(): value for name, value in settings_in(script, web).items()}
        with ServerProcess(Path(folder), status_200=0, **given) as server:
            stage = Stage(server.port, Path(folder), photos, web if WEB in script else 0)
            again = replayed(script, stage)
    return text.replace(script, again)


def application(folder: Path) -> Flask:
    """Return the server's application with every dialect, over no engine."""
    return create_app(Settings(data=folder), not_ready)


def not_ready() -> FaceEngine:
    raise Overloaded("there is no engine behind the pages")


def _docstring(dialect: Dialect) -> str:
    """Return what a dialect's module says of itself behind its first line."""
    module = inspect.getmodule(dialect.blueprint)
    return (inspect.getdoc(module) or "").partition("\n\n")[2]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dialect_pages", description=about)
    parser.add_argument("--record", action="store_true", help="run the walk-throughs")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("pages", type=Path, nargs="*", metavar="PAGE")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
