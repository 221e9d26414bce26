"""Tenants: who may come in by an app key and a secret. Secrets are kept as scrypt hashes only (RFC 7914)."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import string
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import delete, exc, insert, select, update

from errors import BadArguments, Overloaded
from faceset.tables import tenants
from faceset.transactions import Transactions

OWNED = "tenant/"
"""What the keys of all tenants' groups begin with."""

ALPHABET = string.ascii_letters + string.digits
APP_KEY, SECRET = 16, 32
"""Characters of either: 95 and 190 bits."""

COST, BLOCK, PARALLEL, SALT = 2**14, 8, 1, 16
"""scrypt's parameters: 16 MB and some 50 ms a try."""


PENDING = 2
"""Secrets that are hashed or wait for it. A try takes 16 MB and a core, and who waits keeps others from being served:
strangers who guess are sent away at once."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Hold what may be told of a tenant. `created_at` is in seconds since the epoch."""

    app_key: str
    name: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Credentials:
    """Hold what is shown once and never again."""

    app_key: str
    secret: str


class Tenants:
    """Keep tenants in the face set's database; several processes may."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        # What was verified before: under a key of this process, so that no memory dump holds what a disk may not.
        self._pepper = os.urandom(32)
        self._known: dict[str, tuple[bytes, bytes]] = {}
        self._lock = threading.Lock()
        self._hashing = threading.Lock()
        self._pending: dict[tuple[str, bytes | None, bytes], Future[bool]] = {}

    def add(self, name: str) -> Credentials:
        """Make a tenant. Raises BadArguments when the name is taken."""
        made = Credentials(_random(APP_KEY), _random(SECRET))
        row = {"app_key": made.app_key, "name": name, "created_at": time.time(), "secret": _hashed(made.secret)}
        with self._transactions.writing() as connection:
            try:
                connection.execute(insert(tenants).values(row))
            except exc.IntegrityError as error:
                raise BadArguments(f"there is a tenant named {name} already") from error
            connection.commit()
        return made

    def rotate(self, name: str) -> Credentials:
        """Give a tenant another secret; the old one is worth nothing from now on. Raises BadArguments for no such."""
        secret = _random(SECRET)
        change = update(tenants).where(tenants.c.name == name).values(secret=_hashed(secret))
        with self._transactions.writing() as connection:
            app_key = connection.execute(change.returning(tenants.c.app_key)).scalar()
            connection.commit()
        if app_key is None:
            raise _unknown(name)
        return Credentials(app_key, secret)

    def remove(self, name: str) -> str:
        """Forget a tenant and return its app key; what it owns is for the caller to remove. Raises BadArguments."""
        with self._transactions.writing() as connection:
            gone = delete(tenants).where(tenants.c.name == name).returning(tenants.c.app_key)
            app_key: str | None = connection.execute(gone).scalar()
            connection.commit()
        if app_key is None:
            raise _unknown(name)
        return app_key

    def all(self) -> list[Tenant]:
        """Return every tenant, oldest first."""
        query = select(tenants.c.app_key, tenants.c.name, tenants.c.created_at).order_by(tenants.c.id)
        with self._transactions.reading() as connection:
            return [Tenant(*row) for row in connection.execute(query)]

    def are_right(self, app_key: str, secret: str) -> bool:
        """Tell whether the secret is that tenant's; no is said as late for an unknown tenant as for a wrong secret.

        Raises Overloaded while too many secrets wait to be checked.
        """
        with self._transactions.reading() as connection:
            stored = connection.execute(select(tenants.c.secret).where(tenants.c.app_key == app_key)).scalar()
        seen = hmac.digest(self._pepper, secret.encode(errors="surrogatepass"), "sha256")
        if self._is_known(app_key, stored, seen):
            return True
        with self._lock:
            asked = app_key, stored, seen
            # Those of one tenant that come together after a start need one hash, not one each.
            pending = self._pending.get(asked)
            if pending is None:
                if len(self._pending) >= PENDING:
                    raise Overloaded("many secrets are being checked; try again in a moment")
                mine = self._pending[asked] = Future()
        if pending is not None:
            return pending.result()
        try:
            mine.set_result(self._hash(app_key, stored, seen, secret))
        except BaseException as error:
            mine.set_exception(error)
        finally:
            with self._lock:
                del self._pending[asked]
        return mine.result()

    def _hash(self, app_key: str, stored: bytes | None, seen: bytes, secret: str) -> bool:
        with self._hashing:
            right = hmac.compare_digest(_hashed(secret, stored or _NOBODY), stored or _NOBODY)
        if right and stored is not None:
            self._known[app_key] = stored, seen
        return right and stored is not None

    def _is_known(self, app_key: str, stored: bytes | None, seen: bytes) -> bool:
        known_hash, known = self._known.get(app_key, (b"", b""))
        return stored is not None and hmac.compare_digest(known_hash, stored) and hmac.compare_digest(known, seen)


def groups_of(app_key: str) -> str:
    """Return what the keys of a tenant's groups begin with; no other tenant can name them."""
    return f"{OWNED}{app_key}/"


def _hashed(secret: str, like: bytes | None = None) -> bytes:
    """Return salt and hash; with the salt of another one, when that is given."""
    salt = like[:SALT] if like else os.urandom(SALT)
    data = secret.encode(errors="surrogatepass")
    return salt + hashlib.scrypt(data, salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=2 * 128 * BLOCK * COST)


_NOBODY = bytes(SALT + 64)
"""What no secret hashes to, for those who ask for a tenant that is not there."""


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _unknown(name: str) -> BadArguments:
    return BadArguments(f"there is no tenant named {name}")
