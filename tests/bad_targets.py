"""Request targets that are wrong, each with the row of the error table that answers it and a part of the sentence."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

BAD = (400, "1001", "BAD_ARGUMENTS")
NO_PATH = (404, "1001", "BAD_ARGUMENTS")
NO_METHOD = (405, "1001", "BAD_ARGUMENTS")
MISSING = (400, "1002", "MISSING_ARGUMENTS")
NO_TOKEN = (404, "1006", "FACE_TOKEN_ERROR")


class Row(NamedTuple):
    """Hold one case. TOKEN in the target stands for a face of the face set."""

    method: str
    target: str
    expected: tuple[int, str, str]
    word: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.target[:70]}"


def rows(
    expected: tuple[int, str, str], word: str, requests: str, values: str = "*", *, method: str = "GET"
) -> list[Row]:
    """Return a row for each target with each value in the place of {}; both are lists with white space between."""
    return [
        Row(method, target.replace("{}", value), expected, word)
        for target in requests.split()
        for value in values.split()
    ]


def quoted(*values: str) -> str:
    return " ".join(quote(value, safe="") for value in values)


SEARCH = "/search?face_token=TOKEN&threshold={}"
BY_TOKEN = "/search?face_token={}&threshold=1 /addface?face_token={} /removeface?face_token={}"

INCOMPLETE = [
    *rows(MISSING, "threshold is required", "/search /search?face_token=TOKEN /search?face_token=TOKEN&threshold="),
    *rows(MISSING, "face_token is required", "/search?threshold=1 /search?face_token=&threshold=1"),
    *rows(MISSING, "face_token is required", "/search?face_token&threshold=1 /compare?other_token=TOKEN"),
    *rows(MISSING, "face_token is required", "/addface /removeface /addface?face_name=x /removeface?face_token="),
    *rows(MISSING, "face_token is required", "/removeface /addface", method="POST"),
    *rows(MISSING, "face_token is required", "/removeface", method="DELETE"),
    *rows(MISSING, "other_token is required", "/compare?face_token=TOKEN"),
    *rows(MISSING, "multipart/form-data", "/detect", method="POST"),
    *rows(MISSING, "came as a text field", "/detect?image_file=x", method="POST"),
]

REPEATED = [
    *rows(BAD, "threshold is given more than once", "/search?threshold=1&threshold=1&face_token=TOKEN"),
    *rows(BAD, "face_token is given more than once", "/search?face_token=TOKEN&face_token=TOKEN&threshold=1"),
    *rows(BAD, "face_token is given more than once", "/removeface?face_token=TOKEN&face_token=TOKEN"),
    *rows(BAD, "face_name is given more than once", "/addface?face_token=TOKEN&face_name=a&face_name=b"),
    *rows(BAD, "either face_token or image_file, not both", "/search?face_token=TOKEN&image_file=x&threshold=1"),
]

UNKNOWN = [
    *rows(BAD, "unknown parameter 'Threshold'; known here: face_token", "/search?face_token=TOKEN&Threshold=1"),
    *rows(BAD, "unknown parameter ''", "/search?face_token=TOKEN&threshold=1&= /search?=1"),
    *rows(BAD, "unknown parameter 'xxx", f"/search?{'x' * 5000}=1"),
    *rows(BAD, "unknown parameter 'name'", "/addface?face_token=TOKEN&name=x"),
    *rows(BAD, "unknown parameter 'force'", "/removeface?face_token=TOKEN&force=1"),
    *rows(BAD, "unknown parameter 'threshold'; known here: image_file", "/detect?threshold=1", method="POST"),
    *rows(BAD, "unknown parameter 'x'; known here: none", "/upload?x=1 /faces/TOKEN?x=1 /show_photo/TOKEN.jpg?x=1"),
]

NUMBERS = """
    nan NaN inf -inf Infinity -1 -0 -1e-400 2.0001 1e400 1e1 abc %200.5%20 0.5%00 0,5 0x1 1_0 1e . 0.5.5 +0.5 1%2F2
    %D9%A0.%D9%A5 %EF%BC%91 %E2%88%9E 0.65%0a 0.65%09 true None %F0%9F%98%80
"""
WHOLE = "0 -1 1.5 abc %D9%A3 1e3 %C2%B2 %2B1 %201 1_0"
LONG = f"{'9' * 30} {'9' * 5000}"
DIGESTS = f"ab {'x' * 64} {'ab%20' * 32} {'a' * 63} {'a' * 65} {'%D9%A3' * 64}"
VALUES = [
    *rows(BAD, "threshold must be a number from 0 to 2", SEARCH, f"{NUMBERS} 0.{'6' * 5000} {LONG}"),
    *rows(
        BAD, "limit must be a whole number from 1", "/search?face_token=TOKEN&threshold=1&limit={}", f"{WHOLE} {LONG}"
    ),
    *rows(BAD, "limit must be a whole number from 1 to 1000", "/faces?limit={}", f"{WHOLE} 1001 {LONG}"),
    *rows(BAD, "cursor must be a whole number from 0", "/faces?cursor={}", f"-1 x %00 {LONG}"),
    *rows(BAD, "photo_sha256 must be 64 hexadecimal digits", "/faces?photo_sha256={}", DIGESTS),
]

WIDE_TOKENS = quoted("😀" * 24, "é" * 24, "\uff11" * 24)
NO_TOKENS = f"""
    {"a" * 23} {"a" * 24} {"a" * 25} {"a" * 64} TOKEN%00 %00TOKEN TOKEN%0a TOKEN%0d%0a %25 % * TOKEN.jpg ..%2F..
    %27%20OR%201=1-- %22 {WIDE_TOKENS}
"""
TOKENS = [
    *rows(NO_TOKEN, "no such face_token", BY_TOKEN, NO_TOKENS),
    *rows(NO_TOKEN, "no such face_token", "/faces/{}", f"{'a' * 24} TOKEN%00 x"),
    *rows(NO_TOKEN, "no such face_token", "/compare?face_token=TOKEN&other_token={}", "a" * 24),
    *rows(NO_TOKEN, "no such other_token", "/compare?face_token=TOKEN&other_token={}", "x%00 TOKEN%00"),
    *rows(BAD, "has 65 characters; a token has 24", f"{BY_TOKEN} /faces/{{}}", "a" * 65),
    *rows(BAD, "has 5000 characters; a token has 24", f"{BY_TOKEN} /faces/{{}}", "a" * 5000),
]

ADD = "/addface?face_token=TOKEN&face_name={}"
NAMES = [
    *rows(BAD, "256 characters; at most 255", ADD, quoted(*[letter * 256 for letter in ("a", "é", "李", "😀")])),
    *rows(BAD, "control character", ADD, quoted(*["a" + control for control in "\0\x01\t\n\r\x1b\x7f\x85\x9f"])),
    *rows(BAD, "control character", "/faces?face_name=%01"),
    *rows(BAD, "valid UTF-8", ADD, "%ff a%C3 %C0%AF %ED%A0%80 %F5%80%80%80 %E2%82 %EF%BF%BD"),
    *rows(BAD, "valid UTF-8", "/addface?face_token=TOKEN&%ff=1"),
    *rows(BAD, "not valid HTTP", ADD, "\xe9"),
]

PATHS = [
    *rows(
        NO_PATH,
        "nothing at this path",
        "/nowhere /Detect /faces/ /faces/a/b /%00 //evil.example/.. /show_photo /* /%ff",
    ),
    *rows(NO_PATH, "nothing at this path", "/nowhere", method="POST"),
    *rows(NO_METHOD, "GET is not allowed", "/detect"),
    *rows(NO_METHOD, "PUT is not allowed", "/detect /search /addface /faces /healthz", method="PUT"),
    *rows(NO_METHOD, "DELETE is not allowed", "/detect /search /addface /faces /upload /compare", method="DELETE"),
    *rows(NO_METHOD, "POST is not allowed", "/faces /upload /show_photo/TOKEN.jpg", method="POST"),
    *rows(NO_METHOD, "TRACE is not allowed", "/search", method="TRACE"),
    *rows(NO_METHOD, "BREW is not allowed", "/detect", method="BREW"),
]

CROPS = "/show_photo/{} /download/{}"
WIDE_CROPS = quoted("\uff0e\uff0e\uff0fsecret.txt", "..\u2215secret.txt")
NO_CROPS = f"""
    secret.txt .. . ..%5csecret.txt %2e%2e %252e%252e%252fsecret.txt {"s" * 24}.jpg TOKEN TOKEN.jpg%00 TOKEN.jpg%0a
    TOKEN.JPG TOKEN.jpg. TOKEN%00.jpg secret.txt%00.jpg % ~ %c0%ae%c0%ae%c0%afsecret.txt C:%5csecret.txt {"a" * 5000}
    {WIDE_CROPS}
"""
WAYS_OUT = """
    ../secret.txt ..%2fsecret.txt %2e%2e%2fsecret.txt %2e%2e/secret.txt ....//secret.txt /etc/passwd %2fetc%2fpasswd
    x/../../secret.txt ..%2f..%2f..%2fetc%2fpasswd%00.jpg TOKEN.jpg/ TOKEN.jpg%2f..%2fsecret.txt
"""
FILES = [
    *rows(NO_TOKEN, "no such face crop", CROPS, NO_CROPS),
    *rows(NO_PATH, "nothing at this path", CROPS, WAYS_OUT),
]

TARGETS = [*INCOMPLETE, *REPEATED, *UNKNOWN, *VALUES, *TOKENS, *NAMES, *PATHS, *FILES]
