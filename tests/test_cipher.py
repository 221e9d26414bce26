"""Sealing: only the same key and the same row open it, and nothing of it can be changed."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceset.cipher import KEY, NAME, OVERHEAD, Keyring, SealBroken, keys_from, name_of, new_key

OLD, NEW = bytes(range(KEY)), bytes(range(1, KEY + 1))


@given(st.binary(max_size=600), st.binary(max_size=60))
def test_what_is_sealed_opens_again_and_looks_like_nothing(plain: bytes, about: bytes) -> None:
    ring = Keyring([OLD])
    sealed = ring.seal(plain, about)
    assert len(sealed) == len(plain) + OVERHEAD
    assert ring.open(sealed, about) == plain
    assert ring.seal(plain, about) != sealed
    assert len(plain) < 4 or plain not in sealed


@given(st.binary(min_size=1, max_size=100), st.data())
def test_one_changed_bit_breaks_the_seal(plain: bytes, data: st.DataObject) -> None:
    ring = Keyring([OLD, NEW])
    sealed = bytearray(ring.seal(plain, b"row 7"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        ring.open(bytes(sealed), b"row 7")


@given(st.binary(max_size=80))
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        Keyring([OLD]).open(sealed, b"")
    with pytest.raises(SealBroken):
        Keyring([OLD]).open(name_of(OLD) + sealed, b"")


def test_another_row_or_another_key_does_not_open() -> None:
    sealed = Keyring([OLD]).seal(b"a vector", b"row 7")
    with pytest.raises(SealBroken):
        Keyring([OLD]).open(sealed, b"row 8")
    with pytest.raises(SealBroken):
        Keyring([NEW]).open(sealed, b"row 7")
    assert Keyring([NEW, OLD]).open(sealed, b"row 7") == b"a vector"


def test_the_first_key_seals() -> None:
    ring = Keyring([NEW, OLD])
    assert ring.seal(b"", b"")[:NAME] == name_of(NEW) == ring.sealing
    assert ring.names == (name_of(NEW), name_of(OLD))


def test_a_name_that_is_not_known_has_the_keys_read_again_and_none_forgotten() -> None:
    kept = [OLD]
    ring = Keyring(kept, lambda: kept)
    before = ring.seal(b"a vector", b"row 7")
    kept[:] = [NEW]
    assert ring.open(Keyring([NEW]).seal(b"another", b"row 8"), b"row 8") == b"another"
    # Whoever reads may still be at rows of before.
    assert ring.open(before, b"row 7") == b"a vector"
    assert ring.sealing == name_of(OLD)
    ring.seal_with(name_of(NEW))
    assert ring.seal(b"", b"")[:NAME] == name_of(NEW)
    with pytest.raises(SealBroken, match="a key that is not here"):
        ring.seal_with(bytes(NAME))
    assert ring.sealing == name_of(NEW)


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, OLD[:-1]], [OLD + b"x"]])
def test_no_key_or_one_of_another_length_is_refused(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(keys)


def test_keys_as_text() -> None:
    key = new_key()
    assert len(key) == KEY
    assert new_key() != key
    assert keys_from([key.hex(), "", f" {OLD.hex().upper()}\n"]) == [key, OLD]
    for wrong in ([], [""], ["x" * 64], [key.hex()[:-1]], [key.hex() + "00"], [os.urandom(8).hex(), key.hex()]):
        with pytest.raises(ValueError, match="64 hexadecimal"):
            keys_from(wrong)
