"""The report and the summary of an import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch.report import Outcome, ReportFile, Result, Summary
from errors import StartError
from tests.command import rows_of


def test_the_report_says_everything_in_both_formats(tmp_path: Path) -> None:
    rows = [
        Outcome(Path('ü, "x".jpg'), "Zoë", Result.ADDED, ("a" * 24, "b" * 24)),
        Outcome(Path("二.png"), "n", Result.NO_FACE, reason="no face, none"),
    ]
    with ReportFile(tmp_path / "r.CSV") as csv_report, ReportFile(tmp_path / "r.jsonl") as json_report:
        for row in rows:
            csv_report.add(row)
            json_report.add(row)
        # Whole at every moment, for those who look while it runs, and when it is killed.
        assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 2
    first, second = rows_of(tmp_path / "r.CSV")
    tokens = f"{'a' * 24} {'b' * 24}"
    assert first == {"path": 'ü, "x".jpg', "name": "Zoë", "result": "added", "tokens": tokens, "reason": ""}
    assert second["reason"] == "no face, none"
    parsed = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert parsed[0]["tokens"] == ["a" * 24, "b" * 24]
    assert parsed[1] == {"path": "二.png", "name": "n", "result": "no face", "tokens": [], "reason": "no face, none"}


def test_a_report_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"\.csv or \.jsonl"):
        ReportFile(tmp_path / "r.txt")
    with pytest.raises(StartError, match="cannot write the report"):
        ReportFile(tmp_path / "no" / "r.csv")


def test_the_summary_counts_files_faces_and_reasons() -> None:
    summary = Summary(4)
    for result, tokens in ((Result.ADDED, ("a", "b")), (Result.DUPLICATE, ("c",)), (Result.NO_FACE, ())):
        summary.add(Outcome(Path("x"), "n", result, tokens))
    assert not summary.all_in
    summary.stopped = "stopped"
    lines = summary.text().splitlines()
    assert lines[0].startswith("3 photos, 2 faces added; ")
    assert [line.split() for line in lines[1:4]] == [["added", "1"], ["duplicate", "1"], ["no", "face", "1"]]
    assert lines[4] == "stopped; 1 photo left. Run the same command again to go on"
    assert Summary(0).all_in
    assert Summary(0).text() == "no photos found"
