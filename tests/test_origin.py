"""Pages of other origins may not act: every header that a browser sends, lies among them, and what stays as it was."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.origin import Origin
from tests.client import FORM, multipart, photo
from tests.origin_headers import BOTH, BROWSER, EVIL, OWN, ROWS, Row
from tests.origin_site import REFUSED, FaceSet, faces, sent

__all__ = ["faces"]


@pytest.mark.parametrize("method", BOTH)
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_who_may_act(faces: FaceSet, row: Row, method: str) -> None:
    assert faces.rename(method, row.lines) == (method in row.served)


FOREIGN = [
    (f"Origin: {EVIL}",),
    ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"),
    ("Sec-Fetch-Site: same-site",),
]
ACTS = [
    ("POST", "/detect"),
    ("POST", "/search?face_token=TOKEN&threshold=1"),
    ("GET", "/addface?face_token=TOKEN&face_name=Mallory"),
    ("POST", "/addface?face_token=TOKEN&face_name=Mallory"),
    ("GET", "/removeface?face_token=TOKEN"),
    ("POST", "/removeface?face_token=TOKEN"),
    ("DELETE", "/removeface?face_token=TOKEN"),
    ("POST", "/compare?face_token=TOKEN&other_token=TOKEN"),
]


@pytest.mark.parametrize("lines", FOREIGN)
@pytest.mark.parametrize(("method", "target"), ACTS)
def test_nothing_is_changed(faces: FaceSet, method: str, target: str, lines: tuple[str, ...]) -> None:
    before = faces.state()
    answer = sent(faces.client, method, target.replace("TOKEN", faces.token), lines)
    assert answer.error == REFUSED
    assert "FACETOKEN_CORS_ORIGINS" in answer.json["detail"]
    assert faces.state() == before


@pytest.mark.parametrize("path", ["/detect", "/search"])
def test_no_photo_is_read(faces: FaceSet, path: str) -> None:
    before = faces.state()
    whole = multipart([photo(faces.portrait)])
    for body in (whole, whole[:-20]):
        answer = sent(faces.client, "POST", path, (f"Origin: {EVIL}", f"Content-Type: {FORM}"), body)
        # A body that was read would be told that its end is missing.
        assert answer.error == REFUSED
    assert faces.state() == before
    assert sent(faces.client, "POST", path, (f"Content-Type: {FORM}",), whole[:-20]).error[:2] == (400, "1005")


def test_the_page_itself_acts(faces: FaceSet) -> None:
    for lines in (("Sec-Fetch-Site: same-origin",), (BROWSER, f"Origin: {OWN}")):
        found = sent(
            faces.client, "POST", "/detect", (*lines, f"Content-Type: {FORM}"), multipart([photo(faces.portrait)])
        )
        token = found.json["faces"][0]["face_token"]
        for method, target in ACTS[1:]:
            if method != "GET" and "removeface" not in target:
                assert sent(faces.client, method, target.replace("TOKEN", token), lines).status == 200, target
        assert sent(faces.client, "DELETE", f"/removeface?face_token={token}", lines).status == 200
        assert faces.client.get(f"/faces/{token}").status == 404


SHOWN = [
    ("GET", "/show_photo/TOKEN.jpg", 200),
    ("GET", "/download/TOKEN.jpg", 200),
    ("GET", "/stored/none.jpg", 404),
    ("GET", "/upload", 200),
    ("HEAD", "/removeface?face_token=TOKEN", 405),
    ("OPTIONS", "/removeface", 200),
    ("OPTIONS", "/detect", 200),
    ("OPTIONS", "/search", 200),
    ("GET", "/healthz", 200),
]
READS = [
    "/faces",
    "/faces/TOKEN",
    "/search?face_token=TOKEN&threshold=1",
    "/compare?face_token=TOKEN&other_token=TOKEN",
]
SCRIPT = ("Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script")
LINK = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
FRAME = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")
CROSS, SAME_SITE = "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"


@pytest.mark.parametrize(("method", "target", "status"), SHOWN)
def test_showing_is_left_to_the_browser(faces: FaceSet, method: str, target: str, status: int) -> None:
    lines = (BROWSER, f"Origin: {EVIL}", CROSS, "Access-Control-Request-Method: POST")
    answer = faces.client.request(
        method, target.replace("TOKEN", faces.token), headers=dict(line.split(": ", 1) for line in lines)
    )
    assert answer.status == status
    # Without this header the browser shows the answer to nobody.
    assert answer.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("target", READS)
def test_other_pages_have_nothing_looked_up(faces: FaceSet, target: str) -> None:
    target = target.replace("TOKEN", faces.token)
    refused: list[tuple[str, ...]] = [(f"Origin: {EVIL}", CROSS), (CROSS,), (CROSS, *FRAME)]
    for lines in (*refused, (CROSS, *SCRIPT), (SAME_SITE, *SCRIPT)):
        assert sent(faces.client, "GET", target, (BROWSER, *lines)).error == REFUSED, lines
        # How long it takes is told by HEAD as well.
        assert faces.client.request("HEAD", target, headers=dict(line.split(": ") for line in lines)).status == 403
    served: list[tuple[str, ...]] = [("Sec-Fetch-Site: same-origin",), ("Sec-Fetch-Site: none",), ()]
    served += [("Sec-Fetch-Site: none", *LINK), (CROSS, *LINK), (SAME_SITE, *LINK), (f"Referer: {EVIL}/",)]
    for lines in served:
        assert sent(faces.client, "GET", target, (BROWSER, *lines)).status == 200, lines


def test_pages_that_are_named_look_up(faces: FaceSet) -> None:
    for named in (EVIL, "*"):
        client = faces.served(cors_origins=(named,))
        for target in READS:
            lines = (BROWSER, f"Origin: {EVIL}", CROSS)
            assert sent(client, "GET", target.replace("TOKEN", faces.token), lines).status == 200
    assert sent(faces.served(page=False), "GET", "/faces", (CROSS, *SCRIPT)).status == 200


def test_named_origins_may_act(faces: FaceSet) -> None:
    client = faces.served(cors_origins=("https://one.example",))
    for site in ((), ("Sec-Fetch-Site: cross-site",), ("Sec-Fetch-Site: same-site",)):
        for method in BOTH:
            assert faces.rename(method, ("Origin: https://one.example", *site), client)
            for other in ("https://one.example:8443", "http://one.example", "https://two.example", "null"):
                assert not faces.rename(method, (f"Origin: {other}", *site), client)
    # A page that is named may show images and links that others wrote.
    forum = (BROWSER, "Referer: https://one.example/forum")
    assert not any(faces.rename("GET", (*forum, *site), client) for site in ((), ("Sec-Fetch-Site: cross-site",)))


def test_all_origins_may_act(faces: FaceSet) -> None:
    client = faces.served(cors_origins=("*",))
    for lines in ((f"Origin: {EVIL}", "Sec-Fetch-Site: cross-site"), ("Origin: null",), (BROWSER,)):
        assert all(faces.rename(method, lines, client) for method in BOTH)


def test_the_public_address_is_ours(faces: FaceSet) -> None:
    client = faces.served(public_url="https://outside.test/faces")
    inside = "Host: 10.0.0.7:5000"
    for line in ("Origin: https://outside.test", "Referer: https://outside.test/faces/add"):
        assert all(faces.rename(method, (BROWSER, inside, line), client) for method in BOTH)
    for line in ("Origin: http://outside.test", "Origin: https://outside.test:5000", "Origin: https://faces.test"):
        assert not any(faces.rename(method, (BROWSER, inside, line), client) for method in BOTH)
    assert faces.rename("POST", (inside, "Origin: http://10.0.0.7:5000"), client)
    told = sent(faces.client, "POST", "/addface", (inside, "Origin: https://outside.test")).json["detail"]
    assert "FACETOKEN_PUBLIC_URL" in told


@pytest.mark.parametrize("lines", [(BROWSER,), (BROWSER, "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate")])
def test_a_browser_whose_get_would_write_is_told_what_to_do(faces: FaceSet, lines: tuple[str, ...]) -> None:
    answer = sent(faces.client, "GET", f"/removeface?face_token={faces.token}", lines)
    assert answer.error == REFUSED
    assert all(word in answer.json["detail"] for word in ("POST", "DELETE"))


def test_without_the_page_nothing_is_asked(faces: FaceSet) -> None:
    client = faces.served(page=False)
    for lines in (*FOREIGN, ("Origin: null",), (BROWSER,)):
        assert all(faces.rename(method, lines, client) for method in BOTH)


def test_a_get_that_writes_nothing_is_a_wrong_method(faces: FaceSet) -> None:
    client = faces.served(get_writes=False)
    for lines in (*FOREIGN, (BROWSER,)):
        assert sent(client, "GET", f"/removeface?face_token={faces.token}", lines).error[0] == 405
        assert lines == (BROWSER,) or not faces.rename("POST", lines, client)


def test_old_clients_are_told_in_the_body(faces: FaceSet) -> None:
    answer = sent(faces.served(status_200=True), "POST", "/detect", FOREIGN[0])
    assert answer.error == (200, "1001", "BAD_ARGUMENTS")


def test_other_dialects_have_their_own_rules(faces: FaceSet) -> None:
    for path in ("/verify-face", "/nhn-face-reco/v1.0/appkeys/none/detect"):
        for lines in FOREIGN:
            assert sent(faces.client, "POST", path, lines).body == sent(faces.client, "POST", path, ()).body


HOSTS = st.sampled_from(["faces.test", "evil.example", "faces.test.evil.example", "10.0.0.7", "[::1]", "[fd00::7]"])
PORTS = st.none() | st.sampled_from([80, 443, 5000, 50, 8080])
SCHEMES = st.sampled_from(["http", "https"])


def written(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


@given(SCHEMES, HOSTS, PORTS, HOSTS, PORTS, st.booleans(), st.booleans())
def test_an_origin_is_at_its_own_host_alone(
    scheme: str, name: str, port: int | None, other: str, other_port: int | None, loud: bool, loud_host: bool
) -> None:
    text, host = f"{scheme}://{written(name, port)}", written(other, other_port)
    origin = Origin.parse(text.upper() if loud else text)
    assert origin is not None
    theirs = urlsplit(f"{scheme}://{host}")
    default = {"http": 80, "https": 443}[scheme]
    expected = (name, port or default) == (other, theirs.port or default)
    assert origin.is_at(host.upper() if loud_host else host) == expected


@given(SCHEMES, HOSTS, PORTS, st.text(st.characters(max_codepoint=255)))
def test_what_follows_an_origin_never_makes_it_another(scheme: str, host: str, port: int | None, rest: str) -> None:
    text = f"{scheme}://{written(host, port)}"
    origin = Origin.parse(text)
    assert Origin.of_url(f"{text}/{rest}") == origin
    longer = Origin.parse(text + rest)
    # More letters of the name, or more digits of the port, are another origin; anything else is none.
    assert rest == "" or longer is None or longer != origin or f"{text}{rest}".lower() == f"{text}:{origin.port}"


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_no_text_breaks_it(text: str, host: str) -> None:
    for found in (Origin.parse(text), Origin.of_url(text), Origin.parse(f"http://{text}")):
        assert found is None or found.is_at(host) in (True, False)
        assert found is None or Origin.parse(f"{found.scheme}://{found.host}:{found.port}") == found
