"""WithMind: two thousand requests that nobody would think of, and not one answer that is not documented."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import FaceEngine
from tests.client import FORM, Client, Part, field, multipart, photo
from tests.conftest import Live
from tests.pictures import blank
from tests.withmind_client import ANALYSIS, ENROLMENT, WithMind, sized

IMAGES = {
    "nothing": b"",
    "small": b"x",
    "of no type": bytes(300_000),
    "too small a picture": sized(blank(40, 40), 300_000),
    "half a picture": sized(blank(64, 64), 300_000)[:-100] + bytes(100),
    "too large": bytes(512_000 + 1),
    "too large a message": bytes(1_024_001),
}
"""None of them gets as far as the networks."""

words = st.sampled_from(["", "acme", "mindy", "nobody", "Acme", "0", "1", "151"]) | st.text(max_size=70)
texts = st.builds(
    lambda name, text: Part(name, text.encode("utf-8", "surrogatepass")),
    st.sampled_from(["company", "id", "gender", "age", "image", "other", ""]),
    words,
)
files = st.builds(photo, st.sampled_from(list(IMAGES.values())), st.sampled_from(["image", "id", "photo"]))
whole = st.tuples(st.just(field("company", "acme")), st.just(field("id", "mindy"))).map(list)
forms = st.builds(lambda begun, more: [*begun, *more], whole | st.just([]), st.lists(texts | files, max_size=4))
paths = st.sampled_from([ENROLMENT, ENROLMENT[:-1], ANALYSIS, ANALYSIS[:-1]])
cheap = settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def asked(
    serve: Callable[..., Live], new_engine: Callable[..., FaceEngine], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WithMind]:
    engine = new_engine(tmp_path_factory.mktemp("fuzz"))
    yield WithMind(Client(serve(engine).port))
    engine.close()


@settings(cheap, max_examples=1000)
@given(path=paths, parts=forms)
def test_a_thousand_forms(asked: WithMind, path: str, parts: list[Part]) -> None:
    asked.send(path, *parts)


@settings(cheap, max_examples=600)
@given(
    path=paths,
    kind=st.sampled_from([FORM, "multipart/form-data", "application/x-www-form-urlencoded", "application/json", ""])
    | st.text(string.printable[:95], max_size=60),
    body=st.binary(max_size=300)
    | st.builds(lambda parts, cut: multipart(parts)[: -1 - cut], forms, st.integers(0, 80))
    | st.text(string.printable, max_size=200).map(str.encode),
)
def test_six_hundred_bodies(asked: WithMind, path: str, kind: str, body: bytes) -> None:
    asked.request("POST", path, body, {"Content-Type": kind.strip()})


@settings(cheap, max_examples=400)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"]),
    path=paths,
    more=st.text(string.ascii_letters + string.digits + "/%.;:@&=+$,-_~", max_size=30),
    query=st.text(string.ascii_letters + string.digits + "/%.;:@&=+$,-_~", max_size=60)
    | words.map(lambda word: urlencode({"company": word.encode("utf-8", "surrogatepass"), "id": "mindy"})),
)
def test_four_hundred_targets(asked: WithMind, method: str, path: str, more: str, query: str) -> None:
    asked.request(method, f"{path}{more}?{query}", b"")
