"""Tenants as commands: they work beside a running server, which goes by what they changed from its next request on."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from errors import BadArguments
from faceset.database import Database, stored_fingerprint
from faceset.folder import FolderInUse, locked
from faceset.given_keys import chosen
from faceset.removal import purge
from faceset.seal import Seal
from faceset.sealing import sealing_key
from faceset.tenants import Credentials, Tenants
from faceset.transactions import Transactions
from settings import Settings


def add_options(parser: ArgumentParser, name: Callable[[str], str]) -> None:
    """Describe the commands; `name` checks a tenant's name."""
    commands = parser.add_subparsers(metavar="WHAT", required=True)
    for run in (add, rotate, remove, listed):
        about = (run.__doc__ or "").strip()
        word = "list" if run is listed else run.__name__
        made = commands.add_parser(word, help=about.split("\n")[0], description=about, allow_abbrev=False)
        made.set_defaults(change=run)
        if run is not listed:
            made.add_argument("name", type=name, metavar="NAME")
        if run is not remove:
            made.add_argument("--json", action="store_true", help="print JSON")


def run(options: Namespace) -> int:
    """Add, list and remove tenants of the NHN dialect, or give one another secret, while a server may be running."""
    options.change(options, Settings.from_environment())
    return 0


def add(options: Namespace, settings: Settings) -> None:
    """Make a tenant and print its keys; the secret is shown this once."""
    with _transactions(settings) as transactions:
        _show(Tenants(transactions).add(options.name), options)


def rotate(options: Namespace, settings: Settings) -> None:
    """Give a tenant another secret and print it, this once; the old one is worth nothing at once."""
    _require_database(options, settings)
    with _transactions(settings) as transactions:
        _show(Tenants(transactions).rotate(options.name), options)


def remove(options: Namespace, settings: Settings) -> None:
    """Remove a tenant with its groups and faces, for good. A running server removes those within seconds."""
    _require_database(options, settings)
    with _transactions(settings) as transactions:
        Tenants(transactions).remove(options.name)
        try:
            with locked(settings.database):
                purge(transactions)
        except FolderInUse:
            print(f"{options.name} is removed; the running server removes its groups within seconds")
        else:
            print(f"{options.name} is removed, with its groups")


def listed(options: Namespace, settings: Settings) -> None:
    """List the tenants, oldest first."""
    found = []
    if settings.database.exists():
        with _transactions(settings) as transactions:
            found = Tenants(transactions).all()
    if options.json:
        rows = [{"name": one.name, "appKey": one.app_key, "createdAt": one.created_at} for one in found]
        print(json.dumps(rows, ensure_ascii=False))
        return
    print(f"{'appKey':<16}  {'added (UTC)':<19}  name")
    for one in found:
        print(f"{one.app_key}  {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(one.created_at))}  {one.name}")


@contextmanager
def _transactions(settings: Settings) -> Iterator[Transactions]:
    """Open the database, made when it is not there, without index and networks."""
    path = settings.database
    ring = chosen(settings.key, settings.keys_in).of(sealing_key(path), path)
    transactions = Transactions(Database(path, Seal(ring, stored_fingerprint(path) or "")))
    try:
        yield transactions
    finally:
        transactions.close()


def _require_database(options: Namespace, settings: Settings) -> None:
    if not settings.database.exists():
        raise BadArguments(f"there is no tenant named {options.name}")


def _show(made: Credentials, options: Namespace) -> None:
    if options.json:
        print(json.dumps({"appKey": made.app_key, "secretKey": made.secret}))
        return
    print(f"appKey     {made.app_key}\nsecretKey  {made.secret}")
    print(f"The secret is shown this once; `facetoken tenants rotate {options.name}` makes another.")
