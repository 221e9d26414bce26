"""Tenants: what a secret opens, and what its absence does not tell."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from errors import BadArguments
from faceset.tables import metadata
from faceset.tenants import APP_KEY, SECRET, Tenants


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'faces.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_the_right_secret_opens_and_no_other_does(database: Engine) -> None:
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


def test_what_another_process_changes_counts_at_once(database: Engine) -> None:
    serving, command = Tenants(database), Tenants(database)
    first = command.add("shop")
    assert serving.are_right(first.app_key, first.secret)
    second = command.rotate("shop")
    assert second.app_key == first.app_key
    assert not serving.are_right(first.app_key, first.secret)
    assert serving.are_right(second.app_key, second.secret)
    assert command.remove("shop") == first.app_key
    assert not serving.are_right(second.app_key, second.secret)


def test_names_are_taken_once_and_listed(database: Engine) -> None:
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


def test_no_secret_is_on_the_disk(database: Engine, tmp_path: Path) -> None:
    made = Tenants(database).add("shop")
    again = Tenants(database).rotate("shop")
    held = (tmp_path / "faces.db").read_bytes()
    assert made.app_key.encode() in held
    assert made.secret.encode() not in held
    assert again.secret.encode() not in held


def test_a_known_secret_takes_no_scrypt(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = Tenants(database)
    made = tenants.add("shop")
    assert tenants.are_right(made.app_key, made.secret)
    monkeypatch.setattr("hashlib.scrypt", None)
    assert tenants.are_right(made.app_key, made.secret)


def test_an_unknown_tenant_takes_as_long_as_a_wrong_secret(database: Engine) -> None:
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
