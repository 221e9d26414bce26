"""Which URLs may be fetched for a stranger: those that lead to the public internet, plainly spelt."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_URL = 2048

PORTS = {"http": 80, "https": 443}
"""The schemes that are fetched, and the port of each where the URL has none."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# No blank, no control character, nothing outside ASCII, and no backslash, which some readers take for a slash.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# A last label of this kind makes other readers take the whole name for an address: 0x7f.1, 2130706433, 127.1.
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")

GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 that is handed out. NAT64, mapped and local addresses lie outside."""

FORWARDED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "2001::/23",  # special purposes, Teredo among them
        "2002::/16",  # 6to4: an IPv4 address inside, of any kind
        "192.88.99.0/24",  # 6to4 relays
        "192.0.0.0/24",  # special purposes; parts of it count as global, and one cloud has its metadata there
        "168.63.129.16/32",  # what one cloud's machines ask about themselves
        "3fff::/20",  # documentation; older Pythons do not know it
    )
)
"""Addresses that count as global and may yet lead to others."""


@dataclass(frozen=True, slots=True)
class Target:
    """Hold the parts of a URL: `host` is a lower-case name or an address in canonical form, `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def is_named_in(self, allowed: frozenset[str]) -> bool:
        """Tell whether a list of `host` and `host:port` has it."""
        return self.host in allowed or f"{self.host}:{self.port}" in allowed


def parse(url: str) -> Target:
    """Take a URL apart; raise ValueError for any that not every reader takes apart in the same way."""
    if len(url) > MAX_URL or not _PLAIN.fullmatch(url):
        raise ValueError("the URL is too long or holds characters that a URL has not")
    parts = urlsplit(url)
    if parts.scheme not in PORTS or "@" in parts.netloc:
        raise ValueError("the URL is not http or https, or holds a password")
    host = parts.hostname or ""
    # urlsplit drops an empty port and raises ValueError for one that is no number.
    port = parts.port if parts.port is not None else PORTS[parts.scheme]
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("the URL's port is missing or 0")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _checked_host(host, bracketed="[" in parts.netloc), port, path)


def _checked_host(host: str, *, bracketed: bool) -> str:
    if bracketed:
        # A zone (fe80::1%eth0) names an interface of this machine.
        if "%" in host:
            raise ValueError("the URL's address has a zone")
        return str(ipaddress.IPv6Address(host))
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        # Raises for decimal, octal, hexadecimal and shortened forms.
        return str(ipaddress.IPv4Address(host))
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("the URL's host is no name")
    return host


def is_public(address: str) -> bool:
    """Tell whether an address, as the resolver spells it, belongs to the public internet and to nobody's inside."""
    try:
        known: Address = ipaddress.ip_address(address)
    except ValueError:
        # A zone, or no address at all.
        return False
    if any(known in network for network in FORWARDED if network.version == known.version):
        return False
    if known.version == 6 and known not in GLOBAL_V6:
        return False
    return known.is_global and not (known.is_multicast or known.is_reserved or known.is_unspecified)
