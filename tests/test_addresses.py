"""Which URLs may be fetched: the plainly spelt ones that lead to the public internet."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addresses import Target, is_public, parse
from tests.hostile_urls import FORMS


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://example.org", Target("http", "example.org", 80, "/")),
        ("https://Example.ORG/a/b.jpg?x=1&y=%20#part", Target("https", "example.org", 443, "/a/b.jpg?x=1&y=%20")),
        ("HTTP://example.org:8080/?q", Target("http", "example.org", 8080, "/?q")),
        ("http://8.8.8.8/", Target("http", "8.8.8.8", 80, "/")),
        ("http://[2606:4700::1111]:81/", Target("http", "2606:4700::1111", 81, "/")),
        ("https://xn--bcher-kva.example/", Target("https", "xn--bcher-kva.example", 443, "/")),
    ],
)
def test_a_plain_url_is_taken_apart(url: str, target: Target) -> None:
    assert parse(url) == target


def test_the_host_header_has_the_port_only_where_it_is_not_the_usual_one() -> None:
    assert parse("http://example.org:80/").authority == "example.org"
    assert parse("https://example.org:80/").authority == "example.org:80"
    assert parse("http://[2606:4700::1111]/").authority == "[2606:4700::1111]"


@pytest.mark.parametrize("form", [form for form in FORMS if "//example.org:22/" not in form])
def test_what_readers_could_take_apart_differently_is_refused(form: str) -> None:
    url = form.replace("{port}", "80")
    try:
        target = parse(url)
    except ValueError:
        return
    # Well-formed after all: then its address or port must tell.
    assert not is_public(target.host)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/", f"http://example.org:{text}/"):
        try:
            target = parse(url)
        except ValueError:
            continue
        assert target.port in range(1, 65536)
        assert target.path.startswith("/")
        assert target.host.isascii()


@given(st.ip_addresses())
def test_an_address_is_public_only_if_the_standard_library_says_so_too(address: ipaddress.IPv4Address) -> None:
    if is_public(str(address)):
        assert address.is_global


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)
