"""Random secrets that a face set keeps, sealed, for those who sign and name things by them."""

from __future__ import annotations

import os

from sqlalchemy import insert, select

from faceset.seal import Seal
from faceset.tables import secrets
from faceset.transactions import Transactions

SIZE = 32
"""Bytes."""


def secret(transactions: Transactions, seal: Seal, name: str) -> bytes:
    """Return the secret of a name; make it when it is not there."""
    with transactions.writing() as connection:
        sealed = connection.execute(select(secrets.c.sealed).where(secrets.c.name == name)).scalar()
        if sealed is not None:
            return seal.open_secret(sealed, name)
        made = os.urandom(SIZE)
        connection.execute(insert(secrets).values(name=name, sealed=seal.secret(made, name)))
        connection.commit()
    return made
