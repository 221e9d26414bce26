"""The report of the benchmarks: its floors, its sections, its words for what is missing, its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import bench, growth, measurements, parity, report, search, steps, targets
from benchmarks.arrivals import Run
from benchmarks.connections import Sample
from benchmarks.latencies import summary
from benchmarks.leads import sentences
from benchmarks.machine import described
from benchmarks.measurements import Line, Measurements, Spread
from benchmarks.numbers import quantity
from benchmarks.race import Measured
from benchmarks.sections import SECTIONS
from benchmarks.stages import RATES, Case, Stage
from benchmarks.standings import Standing
from benchmarks.startup import Size, Start
from benchmarks.steps import Step
from model.base import Detection

Write = Callable[[str, dict[str, Any]], object]

SPEEDS = {
    "facetoken-f32": 20.0, "facetoken-bf16": 10.0, "facetoken-http-bf16": 10.0, "facenet-pytorch": 50.0,
    "facenet-pytorch-single": 40.0, "deepface": 140.0, "deepface-onnx": 35.0,
}  # fmt: skip
"""Milliseconds a photo."""

FLOORS = [
    ("detection", "facenet-pytorch", ">= 5"),
    ("in f32", "facenet-pytorch", ">= 4"),
    ("boxes at IoU >= 0.9", "facenet-pytorch", ">= 95 %"),
    ("faces scoring 0.9 or more lost", "facenet-pytorch", "<= 0"),
    ("one face embedded", "torch", ">= 6"),
    ("eight faces embedded", "torch", ">= 8"),
    ("photo bytes to tokens", "facenet-pytorch", ">= 3.5"),
    ("photo bytes to tokens", "TensorFlow", ">= 14"),
    ("photo bytes to tokens", "ONNX", ">= 3.5"),
    ("photos a second", "facenet-pytorch", ">= 4"),
    ("photos a second", "DeepFace", ">= 15"),
    ("1,000,000 faces within 0.65", "IndexFlatL2", ">= 8"),
    ("1,000,000 faces within 0.9", "IndexFlatL2", ">= 5"),
    ("1,000,000 faces within 1.1", "IndexFlatL2", ">= 2"),
    ("100,000 faces within 0.65", "IndexFlatL2", ">= 6"),
    ("100,000 faces within 0.9", "IndexFlatL2", ">= 4"),
    ("100,000 faces within 1.1", "IndexFlatL2", ">= 2"),
    ("4,000,000 faces within 0.65", "IndexFlatL2", ">= 8"),
    ("4,000,000 faces within 0.9", "IndexFlatL2", ">= 6"),
    ("4,000,000 faces within 1.1", "IndexFlatL2", ">= 2.5"),
    ("8 queries at once, 1,000,000 faces within 0.65", "IndexFlatL2", ">= 5"),
    ("64 queries at once, 1,000,000 faces within 0.65", "IndexFlatL2", ">= 5"),
    ("added to 1,000,000", "IndexFlatL2 add", ">= 1"),
    ("removed of 1,000,000", "IndexIDMap2 remove", ">= 100"),
    ("1,000,000 faces from SQLite to searchable", "", "<= 5 s"),
    ("4,000,000 faces from SQLite to searchable", "", "<= 15 s"),
    ("memory with 1,000,000 faces", "", "<= 2 GB"),
    ("first 1080p photo", "tenth", "<= 1.5"),
    ("new image size", "seen before", "<= 1.3"),
    ("beside 8 uploading clients, p99", "5 times p50 alone, or 20 ms", "<= 1"),
]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the search benchmark writes, from a real run over few faces."""
    target = tmp_path_factory.mktemp("search") / "found.json"
    small = ["--rows", "500", "--count", "4", "--rounds", "1", "--timed", "2", "--check", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "PAUSE", 0)
        assert search.main([*small, "--json", str(target)]) == 0
    facts: dict[str, Any] = json.loads(target.read_text())
    return facts


def photo_stage(name: str, cases: list[Case], contestants: list[str], unit: str = "ms") -> dict[str, Any]:
    """What the photo benchmark writes of a stage."""
    faces = [[[0.0, 0.0, 50.0, 50.0, 0.99]]]
    times = {each: 1000 / SPEEDS[each] if unit == RATES else SPEEDS[each] for each in contestants}
    results = [
        (case, {each: Measured(1, faces, [time * 0.9, time, time * 1.1], 300) for each, time in times.items()})
        for case in cases
    ]
    stage = Stage(name, name, tuple(contestants), tuple(cases), unit)
    return described(0) | {"wrong": [], "stages": {name: Standing(stage, results).numbers()}}


def loaded(milliseconds: float) -> dict[str, Any]:
    """What the HTTP benchmark writes of one loop."""
    samples = [Sample("detect", at, at, at + milliseconds / 1000, 200, faces=1) for at in (0.0, 0.1, 0.2)]
    return summary(Run(samples, asked=3, begun=0, planned=1, cpu=0.01, connections=1))


def compared_boxes() -> dict[str, Any]:
    """What the parity benchmark writes, for two photos that come out the same."""
    face = Detection((0.0, 0.0, 50.0, 50.0), 0.99, ((1.0, 1.0),) * 5)
    faces = {name: {"one": [face], "two": [face]} for name in ("torch", "bf16")}
    vectors = {name: np.ones((2, 4), np.float32) for name in faces}
    return described(0) | parity.Report(faces, vectors, ["torch"], ["bf16"]).numbers()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "results").mkdir()
    return lambda name, facts: (tmp_path / "results" / f"{name}.json").write_text(json.dumps(facts))


@pytest.fixture
def everything(searched: dict[str, Any], write: Write) -> None:
    photos = [Case("small", {}, 500, 400), Case("large", {}, 2000, 1000)]
    ours, torch = ["facetoken-f32", "facetoken-bf16"], ["facenet-pytorch"]
    write(measurements.DETECTION, photo_stage("detection", photos, ours + torch))
    counts = [Case("1 face", {}), Case("8 faces", {})]
    write(measurements.EMBEDDING, photo_stage("embedding", counts, ours + torch))
    whole = photo_stage("photo", photos, [*ours, *torch, "deepface", "deepface-onnx"])
    clients = [Case("1 client", {}), Case("2 clients", {})]
    whole["stages"] |= photo_stage("throughput", clients, list(SPEEDS), RATES)["stages"]
    write(measurements.PHOTO, whole)
    for rows in (10_000, 100_000, 1_000_000, 4_000_000):
        write(measurements.SEARCH.format(rows), searched | {"rows": rows})
    write(measurements.THRESHOLDS, searched)
    write(measurements.EXACTNESS, searched)
    head, level = described(0), {"closed": loaded(10), "open": loaded(20)}
    write(measurements.LEVELS, head | {"levels": {"1": level, "10": level}})
    beside = {"alone": loaded(5), "loaded": loaded(30), "uploads": loaded(90), "allowed_ms": 25.0}
    write(measurements.ISOLATION, head | {"isolation": beside})
    write(measurements.OVERLOAD, head | {"overload": {"capacity": loaded(10), "open": loaded(30)}})
    start = Start(2.0, [30.0, 20.0, 20.0], [Size(801, 601, [13.0, 10.0, 10.0])], 900, 1000)
    write(measurements.STARTUP, head | {"rounds": [asdict(start)]})
    one = {"load_s": 4.0, "ready_s": 6.0, "memory_ready_mb": 1500, "memory_end_mb": 1900}
    sizes = [{"faces": faces, "rounds": [one, one]} for faces in (100_000, 1_000_000)]
    write(measurements.LOADING, head | {"sizes": sizes, "wrong": []})
    write(measurements.PARITY, compared_boxes())


def written(tmp_path: Path, name: str = "one") -> str:
    folder = tmp_path / name
    page = folder / "docs" / "page.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    options = ["--results", str(tmp_path / "results"), "--page", str(page), "--plots", str(folder / "docs" / "plots")]
    assert report.main(options) == 0
    return page.read_text()


def test_the_floors_are_those_promised() -> None:
    rows = targets.rows(Measurements(Path("/nowhere")))[1:]
    for (work, peer, floor), row in zip(FLOORS, rows, strict=True):
        assert work in row[0]
        assert peer in row[1]
        assert row[2:] == [floor, "", "", "not measured"]


@pytest.mark.usefixtures("everything")
def test_everything_measured_is_on_the_page_every_time_in_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = written(tmp_path)
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["Targets", *(section.title for section in SECTIONS)]
    linked = re.findall(r"!\[[^]]+\]\((plots/[^)]+\.svg)\)", page)
    assert len(linked) == sum(section.draft is not None for section in SECTIONS)
    assert all((tmp_path / "one" / "docs" / path).read_text().rstrip().endswith("</svg>") for path in linked)
    # Under every figure, before anything else.
    captions = re.findall(r"\.svg\)\n\n<sub>Machine: .*cores.*Versions: python.*Seed: 0.*</sub>\n\n```\n.+\n", page)
    assert len(captions) == len(linked)
    assert "usearch, sqlite-vec" in page
    assert capsys.readouterr().out.count("\n") == len(FLOORS) + 2
    # The same numbers give the same bytes.
    assert written(tmp_path, "two") == page
    first, second = (sorted((tmp_path / name).rglob("*.svg")) for name in ("one", "two"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert len(first) == len(second) > 5


@pytest.mark.usefixtures("everything")
def test_what_was_reached_is_computed_from_the_numbers(tmp_path: Path) -> None:
    rows = targets.rows(Measurements(tmp_path / "results"))[1:]
    reached = [(row[3], row[5]) for row in rows]
    # Detection, in f32, boxes, lost; embedding; photo; over HTTP against the better of two, and DeepFace.
    assert reached[:4] == [("5", "met"), ("2.5", "missed"), ("100 %", "met"), ("0", "met")]
    assert reached[4:6] == [("5", "missed"), ("5", "missed")]
    assert reached[6:9] == [("5", "met"), ("14", "met"), ("3.5", "met")]
    assert reached[9:11] == [("4", "met"), ("14", "missed")]
    assert reached[24:26] == [("4 s", "met"), ("", "not measured")]
    assert reached[26:] == [("1.99 GB", "met"), ("1.5", "met"), ("1.3", "met"), ("1.2", "missed")]


def test_what_is_missing_is_told(tmp_path: Path, write: Write) -> None:
    stale = tmp_path / "one" / "docs" / "plots" / "detection.svg"
    stale.parent.mkdir(parents=True)
    stale.write_text("from before")
    write(measurements.LOADING, {})
    (tmp_path / "results" / "startup.json").write_text('{"rounds": [')
    run = {"status": 2, "seconds": 3.0, "note": "with status 2", "asked": "startup"}
    write("runs", {measurements.STARTUP: run})
    page = written(tmp_path)
    assert page.count("\nNot measured.\n") == len(SECTIONS)
    assert "`startup` did not end well: with status 2" in page
    assert ".svg" not in page
    assert not stale.exists()


def test_a_peer_that_is_ahead_is_named() -> None:
    ours, theirs = Spread(15, 14, 16), Spread(2, 1, 3)
    assert sentences([Line("add one", 1, "µs", {"ours": ours, "faiss": theirs})]) == [
        "FAISS flat is ahead of facetoken: add one, 2 µs against 15 µs."
    ]
    assert sentences([Line("add one", 1, "µs", {"ours": theirs, "faiss": ours})]) == []
    assert sentences([Line("4 clients", 4, RATES, {"ours": ours, "faiss": theirs})]) == []
    told = [quantity(value, "ms") for value in (0.00151, 0.0155, 20.4, 1234.5)]
    assert told == ["1.51 µs", "15.5 µs", "20.4 ms", "1.23 s"]


def test_growth_takes_the_largest_two_that_are_ten_times_apart() -> None:
    places = [Line("", at, "ms", {}) for at in (10, 30, 100, 300, 1000, 4000)]
    assert growth.tenfold(places) == (places[2], places[4])
    assert growth.tenfold(places[3:]) is None


def test_a_command_that_fails_loses_nothing_but_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = Step("http-bad", "http", ("--url", "nowhere", "--images", "none", "--rate", "1"))
    lacking = Step("parity", "parity", missing="no environment for deepface")
    small = ("--rows", "500", "--count", "2", "--rounds", "1", "--timed", "1", "--check", "1", "--batches", "1")
    good = Step("search-500", "search", small)
    monkeypatch.setattr(steps, "whole", lambda: [bad, lacking, good])
    options = [f"--{name}={tmp_path / name}" for name in ("results", "page", "plots")]
    assert bench.main(options) == 1
    told = capsys.readouterr()
    assert "http-bad: with status 2" in told.err
    assert "not run: no environment for deepface" in told.out
    page = (tmp_path / "page").read_text()
    assert "`http-bad` did not end well: with status 2" in page
    assert "500 faces within 0.65" in page
    # Going on where it was broken off.
    assert bench.main([*options, "--only", "search"]) == 0
    assert "search-500: measured already" in capsys.readouterr().out
