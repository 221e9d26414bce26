"""The NHN dialect says what a model of it says, whatever two tenants do, with lists half read and over restarts."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from engine import FaceEngine
from faceset.tenants import groups_of
from server import create_app
from serving import Server
from settings import Settings
from similarity import similarity
from tests.client import Client
from tests.nhn_client import Checked
from tests.nhn_faces import made_up

NO_GROUP, NO_FACE = (-40000, "NotFoundGroupError"), (-40000, "NotFoundFaceIDError")
NO_TOKEN = (-40000, "InvalidTokenError")

tenants, names, some = st.integers(0, 1), st.sampled_from(["a", "b-1", "c"]), st.integers(0, 2**16)


@dataclass(eq=False)
class Group:
    """A group as it should be: its faces' vectors by id, oldest first."""

    faces: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Walk:
    """A list whose pages are being read: what was seen, and what must be on the pages to come."""

    tenant: int
    name: str | None
    group: Group | None
    limit: int
    token: str
    seen: list[str]
    to_come: list[str]


class Serving:
    """Serve whichever engine there is now."""

    def __init__(self) -> None:
        self.engine: Any = None
        options = Settings(host="127.0.0.1", port=0, drain=2.0, data=Path(tempfile.mkdtemp()))
        self._server = Server(create_app(options, lambda: self.engine), options)
        self._folder = options.data
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        self.checked = Checked(Client(self._server.port))

    def stop(self) -> None:
        self._server.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()
        shutil.rmtree(str(self._folder))


class Machine(RuleBasedStateMachine):
    serving: Serving
    new_engine: Callable[[Path], FaceEngine]
    photo: bytes

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.serving.engine = type(self).new_engine(self.folder)
        self.checked = self.serving.checked
        self.apps = [self.serving.engine.faceset.tenants.add(name) for name in ("one", "other")]
        self.groups: list[dict[str, Group]] = [{}, {}]
        self.walks: list[Walk] = []
        self.seed = 0

    def teardown(self) -> None:
        for walk in self.walks:
            while walk.token:
                self.turn(walk)
        for tenant in (0, 1):
            for name, group in self.groups[tenant].items():
                listed = self.checked.list_faces(self.apps[tenant], name)["faces"]
                assert [face["faceId"] for face in listed] == list(group.faces)[::-1]
        self.serving.engine.close()
        shutil.rmtree(self.folder)

    @rule(tenant=tenants, name=names)
    def create_group(self, tenant: int, name: str) -> None:
        answer = self.checked.create_group(self.apps[tenant], name)
        assert answer == ((-40000, "DuplicatedGroupID") if name in self.groups[tenant] else None)
        self.groups[tenant].setdefault(name, Group())

    @rule(tenant=tenants, name=names, count=st.integers(1, 6))
    def add_made_up_faces(self, tenant: int, name: str, count: int) -> None:
        if name in self.groups[tenant]:
            self.seed += 1
            faces = made_up(count, self.seed, "x" if count % 2 else None)
            key = groups_of(self.apps[tenant].app_key) + name
            self.serving.engine.faceset.add(faces, key, make_group=False)
            self.groups[tenant][name].faces |= {face.token: face.vector for face in faces}

    @rule(tenant=tenants, name=names)
    def add_a_photo(self, tenant: int, name: str) -> None:
        answer = self.checked.add_faces(self.apps[tenant], name, self.photo)
        if name not in self.groups[tenant]:
            assert answer == NO_GROUP
            return
        (face,) = answer["addedFaces"]
        key = groups_of(self.apps[tenant].app_key) + name
        self.groups[tenant][name].faces[face["faceId"]] = self.serving.engine.faceset.vector(face["faceId"], key)

    @rule(tenant=tenants, name=names)
    def delete_group(self, tenant: int, name: str) -> None:
        answer = self.checked.delete_group(self.apps[tenant], name)
        assert answer == (None if self.groups[tenant].pop(name, None) else NO_GROUP)
        for walk in self.walks:
            if walk.name is None and walk.tenant == tenant:
                # One of the same name that is made later is another one, and may well be seen.
                walk.seen, walk.to_come = ([each for each in of if each != name] for of in (walk.seen, walk.to_come))

    @rule(tenant=tenants, name=names, number=some)
    def delete_a_face(self, tenant: int, name: str, number: int) -> None:
        """Delete a face of this group, or ask this group for one of another."""
        known = [face for groups in self.groups for group in groups.values() for face in group.faces]
        if not known:
            return
        face, group = known[number % len(known)], self.groups[tenant].get(name)
        answer = self.checked.delete_face(self.apps[tenant], name, face)
        if group is None or face not in group.faces:
            assert answer == (NO_GROUP if group is None else NO_FACE)
            return
        assert answer is None
        del group.faces[face]
        for walk in self.walks:
            if face in walk.to_come:
                walk.to_come.remove(face)

    @rule(tenant=tenants, name=names, number=some, threshold=st.sampled_from([1, 40, 80, 100]), limit=st.integers(1, 9))
    def search(self, tenant: int, name: str, number: int, threshold: int, limit: int) -> None:
        faces = self.groups[tenant].get(name, Group()).faces
        if not faces:
            return
        probe = list(faces)[number % len(faces)]
        answer = self.checked.search_by_face(self.apps[tenant], name, probe, threshold, limit)
        found = {match["face"]["faceId"]: match["similarity"] for match in answer["matchFaces"]}
        like = {
            face: similarity(float(np.linalg.norm(vector - faces[probe])))
            for face, vector in faces.items()
            if face != probe
        }
        # A hair's breadth beside the threshold either may be right.
        surely = sorted((-value, face) for face, value in like.items() if value > threshold + 1e-3)
        assert len(found) <= limit
        assert list(found)[: len(surely)] == [face for _, face in surely][:limit]
        assert all(value == pytest.approx(like[face], abs=1e-3) for face, value in found.items())
        assert all(value >= threshold for value in found.values())

    @rule(tenant=tenants, name=st.none() | names, limit=st.integers(1, 3))
    def open_a_list(self, tenant: int, name: str | None, limit: int) -> None:
        group = None if name is None else self.groups[tenant].get(name)
        if name is not None and group is None:
            return
        to_come = list(self.groups[tenant]) if group is None else list(group.faces)[::-1]
        walk = Walk(tenant, name, group, limit, "", [], to_come)
        self.walks.append(walk)
        self.turn(walk)

    @rule(number=some)
    def turn_a_page(self, number: int) -> None:
        unread = [walk for walk in self.walks if walk.token]
        if unread:
            self.turn(unread[number % len(unread)])

    def turn(self, walk: Walk) -> None:
        app, limit, token = self.apps[walk.tenant], None if walk.token else walk.limit, walk.token or None
        if walk.name is None:
            page = self.checked.list_groups(app, limit, token)
            shown = [group["groupId"] for group in page["groups"]]
        else:
            page = self.checked.list_faces(app, walk.name, limit, token)
            now = self.groups[walk.tenant].get(walk.name)
            if now is not walk.group:
                assert page == (NO_GROUP if now is None else NO_TOKEN)
                walk.token = ""
                return
            shown = [face["faceId"] for face in page["faces"]]
            # The newest come first, so nothing that was added meanwhile is still to come.
            assert shown == walk.to_come[: walk.limit]
        assert set(shown).isdisjoint(walk.seen)
        staying = [each for each in shown if each in walk.to_come]
        assert staying == walk.to_come[: len(staying)]
        walk.seen += shown
        walk.to_come = walk.to_come[len(staying) :]
        walk.token = page["nextToken"]
        assert walk.token or not walk.to_come
        assert len(shown) == walk.limit or not walk.token

    @rule()
    def restart(self) -> None:
        self.serving.engine.close()
        self.serving.engine = type(self).new_engine(self.folder)

    @invariant()
    def groups_and_counts(self) -> None:
        for app, groups in zip(self.apps, self.groups, strict=True):
            listed = self.checked.list_groups(app)["groups"]
            assert [group["groupId"] for group in listed] == list(groups)
            for name, group in groups.items():
                (shown,) = self.checked.show_group(app, name)["groups"]
                assert shown["faceCount"] == len(group.faces)


@pytest.fixture
def machine(
    new_engine: Callable[..., FaceEngine], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[Machine]]:
    # Every example has tenants of its own, and every restart asks for their secrets again.
    monkeypatch.setattr("faceset.tenants.COST", 16)
    serving = Serving()
    photo = sorted(photos.glob("val/ben_afflek/*.jpg"))[1].read_bytes()
    yield type("Given", (Machine,), {"serving": serving, "new_engine": staticmethod(new_engine), "photo": photo})
    serving.stop()


def test_two_tenants_and_their_pages(machine: type[Machine]) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    options = settings(max_examples=10, stateful_step_count=40, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(machine, settings=options)
