"""Transactions: what one process reads and then writes is not overtaken by another."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from errors import InternalError
from faceset.database import Database
from faceset.keyfile import KeyFile
from faceset.seal import Seal
from faceset.tables import groups
from faceset.transactions import Transactions
from settings import ROOT
from tests.faces import MODEL

ROUNDS = 150

COUNTING = f"""
import sys
from pathlib import Path
from tests.test_transactions import counted, opened
transactions = opened(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
counted(transactions, {ROUNDS})
transactions.close()
"""


def opened(folder: Path) -> Transactions:
    seal = Seal(KeyFile(folder / "key").read_or_make(), MODEL)
    return Transactions(Database(folder / "faces.db", seal))


def counted(transactions: Transactions, times: int = 1) -> None:
    """Read a number and write the next one, again and again."""
    for _ in range(times):
        with transactions.writing() as connection:
            number = connection.execute(select(groups.c.created_at).where(groups.c.id == 1)).scalar_one()
            connection.execute(update(groups).where(groups.c.id == 1).values(created_at=number + 1))
            connection.commit()


def fail(transactions: Transactions) -> None:
    with transactions.writing() as connection:
        connection.execute(update(groups).values(created_at=7))
        raise ValueError("on purpose")


def number(transactions: Transactions) -> float:
    with transactions.reading() as connection:
        found: float = connection.execute(select(groups.c.created_at).where(groups.c.id == 1)).scalar_one()
    return found


@pytest.fixture
def transactions(tmp_path: Path) -> Iterator[Transactions]:
    made = opened(tmp_path)
    with made.writing() as connection:
        connection.execute(insert(groups).values(id=1, key="default", created_at=0))
        connection.commit()
    yield made
    made.close()


def test_two_processes_and_two_threads_that_read_and_then_write_lose_nothing(
    transactions: Transactions, tmp_path: Path
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "open\n"
    threads = [threading.Thread(target=counted, args=(transactions, ROUNDS)) for _ in range(2)]
    for thread in threads:
        thread.start()
    _, errors = other.communicate("go\n", timeout=120)
    for thread in threads:
        thread.join()
    assert (other.returncode, errors) == (0, "")
    assert number(transactions) == 3 * ROUNDS


def test_what_was_not_committed_is_rolled_back(transactions: Transactions) -> None:
    with transactions.writing() as connection:
        connection.execute(update(groups).values(created_at=7))
    assert number(transactions) == 0
    with pytest.raises(ValueError, match="on purpose"):
        fail(transactions)
    assert number(transactions) == 0
    counted(transactions)
    assert number(transactions) == 1


def test_readers_see_the_last_commit_while_one_writes(transactions: Transactions) -> None:
    with transactions.writing() as connection:
        connection.execute(update(groups).values(created_at=7))
        assert number(transactions) == 0
        connection.commit()
        assert number(transactions) == 7


def test_a_file_that_went_before_or_during_a_change_is_told(transactions: Transactions, tmp_path: Path) -> None:
    path = tmp_path / "faces.db"
    with ExitStack() as during:
        connection = during.enter_context(transactions.writing())
        path.rename(tmp_path / "away")
        connection.execute(update(groups).values(created_at=7))
        connection.commit()
        with pytest.raises(InternalError, match="gone from its place"):
            during.close()
    with pytest.raises(InternalError, match="gone from its place"):
        fail(transactions)
    (tmp_path / "away").rename(path)
    counted(transactions)
    assert number(transactions) == 8
