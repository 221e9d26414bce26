"""A client of the WithMind dialect that holds every answer against the documented ones, and photos for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.client import FORM, Answer, Client, Part, field, multipart, photo
from tests.pictures import decoded, encoded, grid, padded

ENROLMENT, ANALYSIS = "/enrollment_img/", "/analy_img/"

SUCCESS, FAIL = "Success", "Fail"
SIZE = {"message": "Fail", "reason": "img_size_err"}
TYPE = {"message": "Fail", "reason": "File type err"}
UNREGISTERED = {"result": "unregistered user"}

MATCH, DISMATCH = "match", "dismatch"

INSIDE = 350_000
"""Bytes of a photo that is neither too small nor too large."""


class People:
    """Hold photos of four people, five of each, with one face in each."""

    def __init__(self, photos: Path) -> None:
        names = ("mindy_kaling", "ben_afflek", "jerry_seinfeld", "madonna")
        files = [sorted(photos.glob(f"val/{name}/*.jpg")) for name in names]
        self.mindy, self.ben, self.jerry, self.madonna = ([path.read_bytes() for path in mine] for mine in files)


def sized(data: bytes, size: int = INSIDE) -> bytes:
    """Return the same photo with so many bytes."""
    return padded(data, size)


def beside(*pictures: bytes) -> bytes:
    """Return one photo of several, from left to right."""
    return sized(encoded(grid([decoded(data) for data in pictures], len(pictures))))


class WithMind:
    """Ask the dialect, and return what stands under `result`; raise AssertionError for an answer of no row."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def enrol(self, company: str, person: str, image: bytes, path: str = ENROLMENT, **fields: object) -> Any:
        return self.send(path, *_fields(company=company, id=person, **fields), photo(image, "image"))

    def analyse(self, company: str, person: str, image: bytes, path: str = ANALYSIS) -> Any:
        return self.send(path, *_fields(company=company, id=person), photo(image, "image"))

    def forget(self, company: str, person: str, path: str = ENROLMENT) -> Any:
        return self.request("DELETE", f"{path}?{urlencode({'company': company, 'id': person})}")

    def send(self, path: str, *parts: Part) -> Any:
        """Post a form."""
        return self.request("POST", path, multipart(parts), {"Content-Type": FORM})

    def request(
        self, method: str, target: str, body: bytes | Iterable[bytes] | None = None, headers: Mapping[str, str] = {}
    ) -> Any:
        """Send one request as it is."""
        return checked(target, self.client.request(method, target, body, headers))


def checked(target: str, answer: Answer) -> Any:
    """Return what stands under `result`."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), answer
    found = answer.json
    assert list(found) == ["result"], found
    result = found["result"]
    if target.startswith(ENROLMENT[:-1]):
        assert result in (SUCCESS, FAIL, SIZE, TYPE, UNREGISTERED), result
    else:
        assert result in (FAIL, SIZE, UNREGISTERED) or _are_people(result), result
    return result


def _are_people(result: Any) -> bool:
    names = [f"person_{number}" for number in range(1, len(result) + 1)]
    return bool(names) and list(result) == names and set(result.values()) <= {MATCH, DISMATCH}


def _fields(**values: object) -> list[Part]:
    return [field(name, str(value)) for name, value in values.items()]
