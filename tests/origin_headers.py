"""Headers that tell, or hide, whose page a request comes from, and by which methods it may then act."""

from __future__ import annotations

from typing import NamedTuple

HOST = "faces.test:5000"
OWN = "http://faces.test:5000"
EVIL = "https://evil.example"
BROWSER = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
BOTH, NEITHER, POST_ONLY = ("GET", "POST"), (), ("POST",)


class Row(NamedTuple):
    name: str
    lines: tuple[str, ...]
    served: tuple[str, ...]


ROWS = [
    # What programs send.
    Row("a program", (), BOTH),
    Row("curl", ("User-Agent: curl/8.5.0", "Accept: */*"), BOTH),
    Row("a browser's name elsewhere", ("User-Agent: thing (like Mozilla/5.0)",), BOTH),
    # What browsers send over https and to localhost.
    Row("the page itself", (BROWSER, "Sec-Fetch-Site: same-origin", f"Origin: {OWN}"), BOTH),
    Row("its host changed by a proxy", (BROWSER, "Sec-Fetch-Site: same-origin", "Origin: https://outside.test"), BOTH),
    Row("typed, or led on from there", (BROWSER, "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"), POST_ONLY),
    Row("typed, and no browser's name", ("Sec-Fetch-Site: none",), POST_ONLY),
    Row("another site", (BROWSER, "Sec-Fetch-Site: cross-site", f"Origin: {EVIL}"), NEITHER),
    Row("another site's image", (BROWSER, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"), NEITHER),
    Row("another site's link", (BROWSER, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"), NEITHER),
    Row("another port", (BROWSER, "Sec-Fetch-Site: same-site", "Origin: http://faces.test:8080"), NEITHER),
    Row("another port's link", (BROWSER, "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate"), NEITHER),
    Row("sent on by another site", (BROWSER, "Sec-Fetch-Site: cross-site", f"Origin: {OWN}"), NEITHER),
    # What they send over http: no Sec-Fetch-Site.
    Row("the page by http", (BROWSER, f"Origin: {OWN}", f"Referer: {OWN}/add"), BOTH),
    Row("its address alone", (BROWSER, f"Referer: {OWN}/add?x=http://evil.example/"), BOTH),
    Row("evil by http", (BROWSER, f"Origin: {EVIL}"), NEITHER),
    Row("evil, no browser", (f"Origin: {EVIL}",), NEITHER),
    Row("evil with our Referer", (BROWSER, f"Origin: {EVIL}", f"Referer: {OWN}/"), NEITHER),
    Row("null", (BROWSER, "Origin: null"), NEITHER),
    Row("null with our Referer", (BROWSER, "Origin: null", f"Referer: {OWN}/"), NEITHER),
    Row("no origin at all", (BROWSER, "Origin:"), NEITHER),
    Row("evil's image", (BROWSER, f"Referer: {EVIL}/"), NEITHER),
    Row("evil's image with our name in it", (BROWSER, f"Referer: {EVIL}/?{OWN}/"), NEITHER),
    Row("a page in our name", (BROWSER, "Referer: http://faces.test:5000@evil.example/"), NEITHER),
    Row("an app's Referer", (BROWSER, "Referer: android-app://com.example/"), NEITHER),
    Row("a silent image", (BROWSER,), POST_ONLY),
    Row("an empty Referer", (BROWSER, "Referer:"), POST_ONLY),
    # Lies and accidents.
    Row("two sites", ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"), NEITHER),
    Row("two sites in one", ("Sec-Fetch-Site: same-origin, none",), NEITHER),
    Row("a site in capitals", ("Sec-Fetch-Site: SAME-ORIGIN",), NEITHER),
    Row("a header in capitals", ("SEC-FETCH-SITE: cross-site",), NEITHER),
    Row("a site unheard of", ("Sec-Fetch-Site: same-party",), NEITHER),
    Row("an empty site", ("Sec-Fetch-Site:",), NEITHER),
    Row("blanks around", ("Sec-Fetch-Site: \t same-origin \t",), BOTH),
    Row("an underscore is no dash", ("Sec_Fetch_Site: same-origin", f"Origin: {EVIL}"), NEITHER),
    Row("two origins", (f"Origin: {OWN}", f"Origin: {EVIL}"), NEITHER),
    Row("our origin twice", (f"Origin: {OWN}", f"Origin: {OWN}"), NEITHER),
    Row("an origin with a path", (f"Origin: {OWN}/",), NEITHER),
    Row("an origin in capitals", ("Origin: HTTP://FACES.TEST:5000",), BOTH),
    Row("a host in capitals", ("Host: FACES.TEST:5000", f"Origin: {OWN}"), BOTH),
    Row("two hosts", (f"Host: {HOST}", "Host: evil.example", f"Origin: {EVIL}"), NEITHER),
    Row("an empty host", ("Host:", f"Origin: {OWN}"), NEITHER),
    Row("a part of our host", ("Origin: http://test:5000",), NEITHER),
    Row("our host and more", ("Origin: http://faces.test:5000.evil.example",), NEITHER),
    Row("another port by http", ("Origin: http://faces.test:5001",), NEITHER),
    Row("no port", ("Origin: http://faces.test",), NEITHER),
    Row("a dot at the end", ("Origin: http://faces.test.:5000",), NEITHER),
    Row("a dot at both ends", ("Host: faces.test.:5000", "Origin: http://faces.test.:5000"), BOTH),
    Row("port 80 left out", ("Host: faces.test", "Origin: http://faces.test:80"), BOTH),
    Row("port 80 written", ("Host: faces.test:80", "Origin: http://faces.test"), BOTH),
    Row("port 443 behind a proxy", ("Host: faces.test", "Origin: https://faces.test"), BOTH),
    Row("port 443 written", ("Host: faces.test:443", "Origin: https://faces.test"), BOTH),
    Row("http is not https", ("Host: faces.test:443", "Origin: http://faces.test"), NEITHER),
    Row("https is not http", ("Host: faces.test:80", "Origin: https://faces.test"), NEITHER),
    Row("IPv6", ("Host: [::1]:5000", "Origin: http://[::1]:5000"), BOTH),
    Row("IPv6 without a port", ("Host: [fd00::A]", "Origin: http://[fd00::a]"), BOTH),
    Row("another IPv6", ("Host: [::1]:5000", "Origin: http://[::2]:5000"), NEITHER),
    Row("a name with an underscore", ("Host: face_token:5000", "Origin: http://face_token:5000"), BOTH),
    Row("localhost is not its address", ("Host: 127.0.0.1:5000", "Origin: http://localhost:5000"), NEITHER),
    Row("an extension", ("Origin: chrome-extension://abcdefghijklmnop",), NEITHER),
    Row("a file", ("Origin: file://",), NEITHER),
    Row("what a proxy says is no proof", (f"Origin: {EVIL}", "X-Forwarded-Host: evil.example"), NEITHER),
    # A host of the attacker's that leads here: docs/decisions/0017-other-origins.md.
    Row("rebound", ("Host: evil.example", f"Origin: {EVIL}"), BOTH),
]
