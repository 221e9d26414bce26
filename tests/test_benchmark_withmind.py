"""The WithMind benchmark asks as it says, and knows a wrong answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import withmind
from benchmarks.photos import GroupPhoto, read
from benchmarks.served import Answer, Question
from images import pixel_size


@pytest.mark.parametrize("megapixels", withmind.SIZES)
def test_photos_are_of_the_size_that_the_dialect_takes(photos: Path, megapixels: float) -> None:
    original = read(min(photos.glob("val/mindy_kaling/*.jpg")))
    photo = withmind.photo_of(original, GroupPhoto(megapixels, 1))
    assert withmind.LEAST <= len(photo) <= withmind.MOST
    width, height = pixel_size(photo)
    assert width * height == pytest.approx(megapixels * 1e6, rel=0.01)


def test_a_real_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withmind, "SIZES", (0.5, 1.0))
    monkeypatch.setattr(withmind, "ROUNDS", 2)
    target = tmp_path / "withmind.json"
    assert withmind.main(["--seconds", "1", "--clients", "2", "--json", str(target)]) == 0
    found = json.loads(target.read_text())
    assert {"machine", "versions", "seed", "command", "seconds", "clients"} <= set(found)
    for kind, promised in (("enrolment", 500), ("analysis", 1000)):
        run = found[kind]["run"]
        assert (found[kind]["wrong"], found[kind]["promised_ms"]) == (0, promised)
        assert run["sent"] == run["answered"] == run["faces"] > 0
        assert set(run["kinds"]) <= {"0.5 MP", "1 MP"}
        assert found[kind]["kept"] == (run["all"]["p95_ms"] <= promised)
    cost = found["cost"]
    assert cost["difference_ms"] == pytest.approx(cost["analysis_ms"] - cost["detect_ms"])


def test_only_the_right_answer_counts() -> None:
    form = withmind.Form("1 MP", Question("POST", "/analy_img/"), withmind.MATCHED)
    answers = b'{"result":{"person_1":"match"}}', b'{"result":{"person_1":"dismatch"}}', b'{"result":"Fail"}'
    assert [form.faces(Answer(200, None, body)) for body in answers] == [1, 0, 0]
