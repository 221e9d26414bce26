"""The temporary store: time to live, least recently used out first, holding, and dropped exactly once."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from faceset.folder import CropFolder
from faceset.tokens import ALPHABET, LENGTH, Face, TemporaryStore, new_token

TTL, BUDGET = 10.0, 100


class Clock:
    """Stand still until told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def face(token: str) -> Face:
    return Face(token, np.zeros(128, np.float32))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dropped() -> list[str]:
    return []


@pytest.fixture
def store(clock: Clock, dropped: list[str]) -> TemporaryStore:
    return TemporaryStore(BUDGET, TTL, dropped.append, clock)


def put(store: TemporaryStore, tokens: str, cost: int = 10) -> None:
    for token in tokens:
        store.put(face(token), cost)


def test_tokens_have_24_letters_and_digits_and_name_a_crop() -> None:
    tokens = {new_token() for _ in range(2000)}
    assert len(tokens) == 2000
    assert all(len(token) == LENGTH == 24 and set(token) <= set(ALPHABET) for token in tokens)
    assert set("".join(tokens)) == set(ALPHABET)
    assert all(CropFolder.token(CropFolder.name(token)) == token for token in tokens)


def test_a_face_lives_for_its_time_and_no_longer(store: TemporaryStore, clock: Clock, dropped: list[str]) -> None:
    put(store, "a")
    for _ in range(9):
        clock.now += 1
        assert store.get("a") is not None, "and using it does not make it live longer"
    clock.now += 1
    assert store.get("a") is None
    assert store.remove("a") is False
    assert dropped == ["a"]
    assert (store.sweep(), len(store), store.spent) == (0, 0, 0)


def test_a_sweep_drops_only_what_is_too_old(store: TemporaryStore, clock: Clock, dropped: list[str]) -> None:
    put(store, "ab")
    clock.now += 6
    put(store, "cd")
    clock.now += 6
    assert store.sweep() == 2
    assert dropped == ["a", "b"]
    assert (len(store), store.spent) == (2, 20)


def test_the_least_recently_used_goes_first(store: TemporaryStore, dropped: list[str]) -> None:
    put(store, "abcdefghij")
    assert dropped == []
    assert store.get("a") is not None
    put(store, "k", cost=25)
    assert dropped == ["b", "c", "d"]
    assert store.spent == 95


def test_a_held_face_outlives_its_time_and_the_budget(store: TemporaryStore, clock: Clock, dropped: list[str]) -> None:
    put(store, "a")
    with store.hold("a") as held:
        assert held is not None
        clock.now += TTL + 1
        put(store, "bcdefghijk")
        assert store.get("a") is not None
        assert store.sweep() == 0
        assert dropped == ["b"]
    assert store.get("a") is None
    assert store.sweep() == 1
    assert dropped == ["b", "a"]


def test_a_face_that_was_kept_leaves_silently(store: TemporaryStore, dropped: list[str]) -> None:
    put(store, "ab")
    with store.hold("a"):
        store.keep("a")
    store.clear()
    assert dropped == ["b"]
    assert (len(store), store.spent) == (0, 0)


def test_an_exception_lets_go_of_the_face(store: TemporaryStore, clock: Clock, dropped: list[str]) -> None:
    put(store, "a")
    with pytest.raises(RuntimeError), store.hold("a"):
        raise RuntimeError
    clock.now += TTL
    store.sweep()
    assert dropped == ["a"]


def test_the_callback_may_use_the_store() -> None:
    seen: list[Face | None] = []
    small = TemporaryStore(10, TTL, lambda token: seen.append(small.get(token)))
    put(small, "ab")
    small.remove("b")
    assert seen == [None, None]


def test_threads_drop_every_face_exactly_once() -> None:
    dropped: Counter[str] = Counter()
    store = TemporaryStore(200, 0.002, lambda token: dropped.update([token]))
    tokens = [[f"{owner}-{number}" for number in range(300)] for owner in range(6)]

    def work(mine: list[str]) -> None:
        for token in mine:
            store.put(face(token), 10)
            with store.hold(token):
                store.sweep()
            store.remove(token)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dropped == Counter(token for mine in tokens for token in mine)
    assert (len(store), store.spent) == (0, 0)


class StoreMachine(RuleBasedStateMachine):
    """Do everything to a store and to a model of it: [expiry, cost, times held] by token, least recently used first."""

    tokens = st.sampled_from("abcdefgh")

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.dropped, self.expected = Clock(), list[str](), list[str]()
        self.store = TemporaryStore(BUDGET, TTL, self.dropped.append, self.clock)
        self.model: OrderedDict[str, list[float]] = OrderedDict()
        self.put_last: list[str] = []
        self.holds: list[tuple[ExitStack, list[float] | None]] = []

    @rule(token=tokens, cost=st.integers(0, 120))
    def put(self, token: str, cost: int) -> None:
        self.store.put(face(token), cost)
        self.model.pop(token, None)
        self.model[token] = [self.clock.now + TTL, cost, 0]
        self.put_last = [other for other in self.put_last if other != token] + [token]
        self._drop_old()
        self._drop(lambda other: self._spent() > BUDGET and other != token and not self.model[other][2])

    @rule(token=tokens)
    def get(self, token: str) -> None:
        found = self.store.get(token)
        here = token in self.model and not self._is_old(token)
        assert (found is not None) == here
        if here:
            self.model.move_to_end(token)

    @rule(token=tokens)
    def hold(self, token: str) -> None:
        stack = ExitStack()
        entry = None if self._is_old(token) else self.model.get(token)
        assert (stack.enter_context(self.store.hold(token)) is not None) == (entry is not None)
        if entry is not None:
            entry[2] += 1
        self.holds.append((stack, entry))

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def let_go(self, data: st.DataObject) -> None:
        stack, entry = self.holds.pop(data.draw(st.integers(0, len(self.holds) - 1)))
        stack.close()
        if entry is not None:
            entry[2] -= 1

    @rule(token=tokens)
    def keep(self, token: str) -> None:
        self.store.keep(token)
        self.model.pop(token, None)

    @rule(token=tokens)
    def remove(self, token: str) -> None:
        alive = token in self.model and self.model[token][0] > self.clock.now
        assert self.store.remove(token) == alive
        self._drop(lambda other: other == token)

    @rule(seconds=st.sampled_from([0.5, 3.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def sweep(self) -> None:
        before = len(self.expected)
        self._drop_old()
        assert self.store.sweep() == len(self.expected) - before

    @rule()
    def clear(self) -> None:
        self.store.clear()
        self._drop(lambda _: True)

    @invariant()
    def agrees(self) -> None:
        assert self.dropped == self.expected
        assert (len(self.store), self.store.spent) == (len(self.model), self._spent())

    def _drop_old(self) -> None:
        # In the order in which they were put, however they were used since.
        for token in self.put_last:
            if token in self.model and self._is_old(token):
                self._drop(token.__eq__)

    def _drop(self, chosen: Callable[[str], bool]) -> None:
        for token in list(self.model):
            if chosen(token):
                del self.model[token]
                self.expected.append(token)

    def _is_old(self, token: str) -> bool:
        return token in self.model and self.model[token][0] <= self.clock.now and not self.model[token][2]

    def _spent(self) -> float:
        return sum(cost for _, cost, _ in self.model.values())


StoreMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestStoreMachine = StoreMachine.TestCase
