"""The next-token: only what was issued for this list opens, until it expires, whatever else a client sends."""

from __future__ import annotations

import string
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.nhn.next_token import LIFETIME, Page, issue, redeem
from api.nhn.refusals import InvalidToken
from engine import FaceEngine
from faceset.cipher import KEY
from faceset.tenants import Credentials, groups_of
from tests.client import Client
from tests.conftest import Live
from tests.nhn_client import Checked
from tests.nhn_faces import made_up

SECRET, OTHER_SECRET = bytes(KEY), b"o" * KEY
SCOPE = "tenant/app/group\n1.5"
LETTERS = string.ascii_letters + string.digits + "-_"
INVALID = (-40000, "InvalidTokenError")

pages = st.builds(Page, st.integers(1, 200), st.integers(0, 2**63 - 1))


@given(pages, st.text(), st.integers(0, 2**40))
def test_a_token_brings_its_page_back(page: Page, scope: str, now: int) -> None:
    token = issue(SECRET, page, scope, lambda: now + 0.5)
    assert redeem(SECRET, token, scope, lambda: now) == page
    assert set(token) <= set(LETTERS)


@given(pages, pages)
def test_tokens_tell_nothing(one: Page, other: Page) -> None:
    made = [issue(SECRET, page, SCOPE) for page in (one, one, other)]
    assert len(set(made)) == 3
    assert len({len(token) for token in made}) == 1
    # Nothing but the name of the key stands at the same place in two tokens of one page.
    same = sum(first == second for first, second in zip(*made[:2], strict=True))
    assert same < len(made[0]) // 4


def test_a_token_expires() -> None:
    token = issue(SECRET, Page(7, 3), SCOPE, lambda: 1000.9)
    assert redeem(SECRET, token, SCOPE, lambda: 1000 + LIFETIME - 0.001) == Page(7, 3)
    for late in (1000 + LIFETIME, 1001 + LIFETIME, 2**40):
        with pytest.raises(InvalidToken, match="expired"):
            redeem(SECRET, token, SCOPE, lambda late=late: late)  # type: ignore[misc]


def test_a_token_is_of_one_list_and_one_key() -> None:
    token = issue(SECRET, Page(7, 3), SCOPE)
    for scope in ("", "tenant/app/", "tenant/app/group", SCOPE + "0", SCOPE.upper(), "tenant/other/group\n1.5"):
        with pytest.raises(InvalidToken):
            redeem(SECRET, token, scope)
    with pytest.raises(InvalidToken):
        redeem(OTHER_SECRET, token, SCOPE)


def test_a_token_with_any_character_changed_added_or_cut_off_is_refused() -> None:
    token = issue(SECRET, Page(7, 3), SCOPE)
    changed = [token[:at] + letter + token[at + 1 :] for at in range(len(token)) for letter in LETTERS + "+/= é\0"]
    cut = [token[:at] for at in range(len(token))] + [token[at:] for at in range(1, len(token))]
    longer = [token + "=", token + "==", token + "A", token * 2, f" {token}", f"{token}\n", token + "A" * 5000]
    for wrong in [*changed, *cut, *longer]:
        if wrong != token:
            with pytest.raises(InvalidToken):
                redeem(SECRET, wrong, SCOPE)
    assert redeem(SECRET, token, SCOPE) == Page(7, 3)


@given(st.text() | st.text(LETTERS, max_size=300) | st.binary(max_size=100).map(bytes.hex))
@example("A" * 67)
@example("\ud800")
def test_a_text_that_was_not_issued_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        redeem(SECRET, text, SCOPE)


class Lists:
    """Hold a server, and two tenants who have groups and faces of the same names and numbers."""

    def __init__(self, engine: FaceEngine, folder: Path, serve: Callable[..., Live]) -> None:
        self.engine, self._folder, self._serve = engine, folder, serve
        self.app, self.other = (engine.faceset.tenants.add(name) for name in ("app", "other"))
        self.restart(engine)
        for seed, app in enumerate((self.app, self.other)):
            for number in range(5):
                assert self.checked.create_group(app, f"group-{number}") is None
                self.fill(app, f"group-{number}", 10 * seed + number)

    def restart(self, engine: FaceEngine) -> None:
        self.engine = engine
        self.checked = Checked(Client(self._serve(engine, data=self._folder).port))

    def fill(self, app: Credentials, group: str, seed: int) -> None:
        self.engine.faceset.add(made_up(5, seed), groups_of(app.app_key) + group, make_group=False)

    def page(self, app: Credentials, group: str | None, limit: object = 2, token: str | None = None) -> Any:
        """List a group's faces, or the tenant's groups."""
        if group is None:
            return self.checked.list_groups(app, limit, token)
        return self.checked.list_faces(app, group, limit, token)

    def ids(self, app: Credentials, group: str | None, limit: object = 200, token: str | None = None) -> list[str]:
        found = self.page(app, group, limit, token)
        return [face["faceId"] for face in found["faces"]] if group else [row["groupId"] for row in found["groups"]]


@pytest.fixture
def lists(
    serve: Callable[..., Live],
    new_engine: Callable[..., FaceEngine],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lists]:
    # Who may come in is not what is asked here.
    monkeypatch.setattr("faceset.tenants.COST", 16)
    made = Lists(new_engine(tmp_path), tmp_path, serve)
    yield made
    made.engine.close()


def test_a_token_fixes_the_limit(lists: Lists) -> None:
    for group in (None, "group-0"):
        everything = lists.ids(lists.app, group)
        token = lists.page(lists.app, group)["nextToken"]
        for limit in (2, None, 1, 200, 0, 201, "x", ""):
            assert lists.ids(lists.app, group, limit, token) == everything[2:4], limit
        last = lists.page(lists.app, group, None, token)["nextToken"]
        assert lists.ids(lists.app, group, None, last) == everything[4:]
        assert lists.page(lists.app, group, None, last)["nextToken"] == ""
        # An empty one is none, and then a limit is required.
        assert lists.ids(lists.app, group, 2, "") == everything[:2]
        assert lists.page(lists.app, group, None, "") == (-40000, "InvalidParam")


def test_a_token_is_of_one_tenant_one_list_and_one_group(lists: Lists) -> None:
    places = [(app, group) for app in (lists.app, lists.other) for group in (None, "group-0", "group-1")]
    tokens = {place: lists.page(*place)["nextToken"] for place in places}
    for place in places:
        for origin, token in tokens.items():
            answer = lists.page(*place, token=token)
            assert (answer == INVALID) == (origin != place)
    assert len({len(token) for token in tokens.values()}) == 1


def test_a_group_of_the_same_name_is_another_list(lists: Lists) -> None:
    token = lists.page(lists.app, "group-0")["nextToken"]
    of_groups = lists.page(lists.app, None)["nextToken"]
    assert lists.checked.delete_group(lists.app, "group-0") is None
    assert lists.page(lists.app, "group-0", token=token) == (-40000, "NotFoundGroupError")
    assert lists.checked.create_group(lists.app, "group-0") is None
    lists.fill(lists.app, "group-0", seed=99)
    assert lists.page(lists.app, "group-0", token=token) == INVALID
    # The list of groups goes on; the new group is the last one.
    assert lists.ids(lists.app, None, token=of_groups) == ["group-2", "group-3"]


def test_a_token_outlives_a_restart(lists: Lists, new_engine: Callable[..., FaceEngine], tmp_path: Path) -> None:
    expected: dict[str | None, list[str]] = {}
    tokens: dict[str | None, str] = {}
    for group in (None, "group-0"):
        expected[group] = lists.ids(lists.app, group)
        tokens[group] = lists.page(lists.app, group)["nextToken"]
    lists.engine.close()
    lists.restart(new_engine(tmp_path))
    for group, token in tokens.items():
        assert lists.ids(lists.app, group, None, token) == expected[group][2:4]
        assert lists.page(lists.other, group, token=token) == INVALID


def test_a_token_expires_on_the_server_too(lists: Lists) -> None:
    key = groups_of(lists.app.app_key) + "group-0"
    secret, created = lists.engine.faceset.secret("next-token"), lists.engine.faceset.groups.get(key).created_at
    scope = f"{key}\n{created!r}"
    page = redeem(secret, lists.page(lists.app, "group-0")["nextToken"], scope)
    for age, expired in ((LIFETIME - 60, False), (LIFETIME + 1, True)):
        old = issue(secret, page, scope, lambda age=age: time.time() - age)  # type: ignore[misc]
        assert (lists.page(lists.app, "group-0", token=old) == INVALID) == expired
