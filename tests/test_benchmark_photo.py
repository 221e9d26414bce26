"""The photo benchmark: its arithmetic, its verdict, and processes that rest and end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from benchmarks import photo, pipelines, race
from benchmarks.contestants import Contestant
from benchmarks.quiet import Window, cpu_seconds, members
from benchmarks.race import Measured
from benchmarks.stages import RATES, TIMES, Case, Stage, contestants
from benchmarks.standings import Standing
from benchmarks.verdict import wrong
from images import NATIVE_LIMITS
from settings import Settings

FACE = [10.0, 20.0, 110.0, 140.0, 0.999]
BESIDE = [11.0, 20.0, 111.0, 141.0, 0.998]
ELSEWHERE = [300.0, 20.0, 400.0, 140.0, 0.999]

OURS, PEER = "facetoken-f32", "facenet-pytorch"


def state(group: int) -> set[str]:
    """The states of the processes of a group: T is stopped. One that is dead, but not yet waited for, is gone."""
    found = set()
    for folder in members(group):
        with suppress(FileNotFoundError, ProcessLookupError):
            found.add((folder / "stat").read_text().rpartition(")")[2].split()[0])
    return found - {"Z", "X"}


def soon(truth: Any) -> bool:
    deadline = time.monotonic() + 10
    while not (true := truth()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(true)


def standing(rows: dict[str, list[list[float]]], unit: str = TIMES) -> Standing:
    """Two cases of one stage: 10 and 20 of ours, 40 and 20 of the peer's, the medians of three."""
    stage = Stage("detection", "detection", (OURS, PEER), (), unit)
    values = ([9, 10, 90], [20, 20, 20]), ([40, 4, 41], [20, 20, 20])
    results = [
        (
            Case(f"case {number}", {}),
            {
                OURS: Measured(1, [rows.get("first", [FACE]), rows.get("next", [FACE])], list(map(float, ours))),
                PEER: Measured(1, [rows.get("peer", [BESIDE])], list(map(float, peer))),
            },
        )
        for number, (ours, peer) in enumerate(zip(*values, strict=True))
    ]
    return Standing(stage, results)


def test_ratios_are_of_medians_and_their_mean_is_geometric() -> None:
    times = standing({})
    assert [times.ratio(results, OURS, PEER) for _, results in times.results] == [4, 1]
    assert times.ratios(OURS, PEER) == {"geometric_mean": 2, "lowest": 1, "highest": 4}
    assert standing({}, RATES).ratios(OURS, PEER) == {"geometric_mean": 0.5, "lowest": 0.25, "highest": 1}
    assert "2.00 (1.00-4.00)" in times.text()
    lower, median, upper = times.results[0][1][OURS].quartiles
    assert (lower, median, upper) == (9.5, 10, 50)


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ({}, None),
        ({"next": [FACE, ELSEWHERE]}, "differently"),
        ({"next": [BESIDE]}, "differently"),
        ({"peer": [BESIDE, ELSEWHERE]}, "does not have 1 of the faces that facenet-pytorch"),
        ({"peer": [BESIDE, [*ELSEWHERE[:4], 0.85]]}, None),
    ],
)
def test_a_wrong_answer_is_told(rows: dict[str, list[list[float]]], word: str | None) -> None:
    found = wrong([standing(rows)])
    assert len(found) == (2 if word else 0)
    assert all(word in line for line in found if word)


def test_who_takes_part_in_a_stage() -> None:
    every = contestants("throughput", ["facenet-pytorch", "deepface"], ["f32", "bf16"])
    assert every[:3] == ("facetoken-f32", "facetoken-bf16", "facetoken-http-bf16")
    assert every[3:] == ("facenet-pytorch", "deepface", "deepface-onnx", "facenet-pytorch-single")
    assert contestants("detection", ["deepface"], ["f32"]) == (OURS,)
    assert NATIVE_LIMITS.min_face == pipelines.MIN_FACE


@pytest.fixture
def contestant(settings: Settings, tmp_path: Path) -> Iterator[Contestant]:
    with Contestant(OURS, "detection", settings.weights, tmp_path) as loaded:
        assert "openvino" in loaded.ready()
        yield loaded
    assert not list(members(loaded.group))


def test_a_contestant_runs_in_its_turn_only(contestant: Contestant, photos: Path) -> None:
    face = next(iter(sorted(photos.rglob("*.jpg"))))
    assert soon(lambda: state(contestant.group) == {"T"})
    with contestant.turn():
        window = Window(contestant.group)
        first, second = (contestant.ask({"path": str(face)}) for _ in range(2))
        assert state(contestant.group) != {"T"}
    assert first["rows"] == second["rows"]
    assert first["value"] > 0
    used = cpu_seconds(contestant.group)
    assert used > 0
    assert isinstance(window.is_quiet(), bool)
    assert soon(lambda: state(contestant.group) == {"T"})
    assert contestant.peak_megabytes() > 50


def test_a_window_sees_a_neighbour() -> None:
    window = Window(group=-1)
    burn = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert not window.is_quiet()


def test_a_killed_benchmark_leaves_no_stopped_process(settings: Settings, tmp_path: Path) -> None:
    """Kill the parent; the kernel ends the stopped group with it."""
    script = f"""
        from pathlib import Path
        from benchmarks.contestants import Contestant
        folders = Path({str(settings.weights)!r}), Path({str(tmp_path)!r})
        contestant = Contestant({OURS!r}, "detection", *folders)
        contestant.ready()
        print(contestant.group, flush=True)
        input()
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=Path(photo.__file__).parents[1], **pipes) as parent:
        assert parent.stdout
        group = int(parent.stdout.readline())
        assert soon(lambda: state(group) == {"T"})
        os.kill(parent.pid, signal.SIGKILL)
    assert soon(lambda: not state(group))


def test_a_folder_without_photos_is_told(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["--images", str(tmp_path), "--weights", str(settings.weights), "--quick", "--peers", ""]
    assert photo.main(own) == 2
    assert "no photo" in capsys.readouterr().err


def test_a_run_on_own_photos_writes_everything(
    settings: Settings,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nothing is timed for its own sake here.
    monkeypatch.setattr(race, "PAUSE", 0)
    folder = tmp_path / "own"
    folder.mkdir()
    for number, path in enumerate(sorted((photos / "val").rglob("*.jpg"))[:2]):
        (folder / f"{number}.jpg").write_bytes(path.read_bytes())
    (folder / "broken.jpg").write_bytes(b"no photo")
    out = tmp_path / "photo.json"
    own = ["--images", str(folder), "--weights", str(settings.weights), "--json", str(out)]
    assert photo.main([*own, "--quick", "--peers", "", "--stages", "detection,embedding"]) == 0
    facts = json.loads(out.read_text())
    assert facts.keys() >= {
        "machine",
        "versions",
        "seed",
        "command",
        "peer_versions",
        "rounds",
        "repeated",
        "disturbed",
    }
    assert facts["wrong"] == []
    detection, embedding = facts["stages"]["detection"], facts["stages"]["embedding"]
    assert [case["case"] for case in detection["cases"]] == ["0", "1"]
    assert [case["case"] for case in embedding["cases"]] == ["1 face", "4 faces", "8 faces"]
    for case in [*detection["cases"], *embedding["cases"]]:
        ours = case["contestants"][OURS]
        assert ours["faces"] >= 1
        assert len(ours["values"]) == 2
        assert ours["lower"] <= ours["median"] <= ours["upper"]
    assert detection["ratios"][OURS] == {}
    assert "first sight" in capsys.readouterr().out
