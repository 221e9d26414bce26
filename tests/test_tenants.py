"""Tenants: what a secret opens, and what its absence does not tell."""

from __future__ import annotations

import hashlib
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from errors import BadArguments, Overloaded
from faceset.cipher import KEY, Keyring
from faceset.database import Database
from faceset.seal import Seal
from faceset.tenants import APP_KEY, PENDING, SECRET, Tenants
from faceset.transactions import Transactions


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Transactions]:
    opened = Transactions(Database(tmp_path / "faces.db", Seal(Keyring([bytes(KEY)]), "model")))
    yield opened
    opened.close()


def test_the_right_secret_opens_and_no_other_does(database: Transactions) -> None:
    tenants = Tenants(database)
    one, other = tenants.add("one"), tenants.add("other")
    assert (len(one.app_key), len(one.secret)) == (APP_KEY, SECRET)
    for _ in range(2):
        # The second time it is known.
        assert tenants.are_right(one.app_key, one.secret)
        assert not tenants.are_right(one.app_key, other.secret)
        assert not tenants.are_right(other.app_key, one.secret)
        assert not tenants.are_right("nobody", one.secret)
        for wrong in ("", one.secret[:-1], one.secret + "x", one.secret.swapcase(), "\ud800", "\0", "ü" * 4000):
            assert not tenants.are_right(one.app_key, wrong)


def test_what_another_process_changes_counts_at_once(database: Transactions) -> None:
    serving, command = Tenants(database), Tenants(database)
    first = command.add("shop")
    assert serving.are_right(first.app_key, first.secret)
    second = command.rotate("shop")
    assert second.app_key == first.app_key
    assert not serving.are_right(first.app_key, first.secret)
    assert serving.are_right(second.app_key, second.secret)
    assert command.remove("shop") == first.app_key
    assert not serving.are_right(second.app_key, second.secret)


def test_names_are_taken_once_and_listed(database: Transactions) -> None:
    tenants = Tenants(database)
    made = [tenants.add(name) for name in ("b", "a")]
    with pytest.raises(BadArguments, match="already"):
        tenants.add("a")
    assert [(tenant.name, tenant.app_key) for tenant in tenants.all()] == [
        ("b", made[0].app_key),
        ("a", made[1].app_key),
    ]
    assert all(abs(tenant.created_at - time.time()) < 60 for tenant in tenants.all())
    for change in (tenants.rotate, tenants.remove):
        with pytest.raises(BadArguments, match="no tenant named nobody"):
            change("nobody")


def test_no_secret_is_on_the_disk(database: Transactions, tmp_path: Path) -> None:
    made = Tenants(database).add("shop")
    again = Tenants(database).rotate("shop")
    held = b"".join(file.read_bytes() for file in tmp_path.glob("faces.db*"))
    assert made.app_key.encode() in held
    assert made.secret.encode() not in held
    assert again.secret.encode() not in held


def test_a_known_secret_takes_no_scrypt(database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = Tenants(database)
    made = tenants.add("shop")
    assert tenants.are_right(made.app_key, made.secret)
    monkeypatch.setattr("hashlib.scrypt", None)
    assert tenants.are_right(made.app_key, made.secret)


def test_an_unknown_tenant_takes_as_long_as_a_wrong_secret(database: Transactions) -> None:
    tenants = Tenants(database)
    made = tenants.add("shop")
    assert tenants.are_right(made.app_key, made.secret)
    times: dict[str, list[float]] = {made.app_key: [], "nobody": []}
    for app_key in [*times] * 5:
        begun = time.perf_counter()
        assert not tenants.are_right(app_key, "wrong")
        times[app_key].append(time.perf_counter() - begun)
    one, other = (statistics.median(each) for each in times.values())
    # Both computed a hash, which is nearly all of it; a shortcut would be hundreds of times as fast.
    assert 0.2 < one / other < 5


def test_those_who_come_together_need_one_hash(database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = Tenants(database)
    made, scrypt, hashed = tenants.add("shop"), hashlib.scrypt, []

    def counted(*args: Any, **kwargs: Any) -> bytes:
        hashed.append(1)
        return scrypt(*args, **kwargs)

    monkeypatch.setattr("hashlib.scrypt", counted)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: tenants.are_right(made.app_key, made.secret), range(16)))
    assert len(hashed) == 1


def test_a_flood_of_wrong_secrets_is_sent_away(database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = Tenants(database)
    made, scrypt, go = tenants.add("shop"), hashlib.scrypt, threading.Event()
    known = tenants.add("known")
    assert tenants.are_right(known.app_key, known.secret)

    def held(*args: Any, **kwargs: Any) -> bytes:
        assert go.wait(20)
        return scrypt(*args, **kwargs)

    monkeypatch.setattr("hashlib.scrypt", held)
    with ThreadPoolExecutor(8) as pool:
        guesses = [pool.submit(tenants.are_right, made.app_key, f"wrong {n}") for n in range(PENDING)]
        while len(tenants._pending) < PENDING:
            time.sleep(0.001)
        with pytest.raises(Overloaded):
            tenants.are_right("nobody", "wrong")
        # Who was right before is not asked to wait, and who asks the same as another one waits with that one.
        assert tenants.are_right(known.app_key, known.secret)
        same = pool.submit(tenants.are_right, made.app_key, "wrong 0")
        go.set()
        assert not any(guess.result(20) for guess in (*guesses, same))
    assert tenants.are_right(made.app_key, made.secret)
