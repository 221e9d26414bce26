"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import api
from answers import EnrolmentRule
from api import native
from api.homybk import TAKE_AGAIN, PhotoRefused
from cli import main
from errors import FaceError, Overloaded
from server import create_app
from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def not_ready() -> None:
    raise Overloaded("not in this test")


def error_classes(base: type[FaceError] = FaceError) -> list[type[FaceError]]:
    return [found for child in base.__subclasses__() for found in (child, *error_classes(child))]


def test_the_settings_page_is_the_one_the_code_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--markdown"]) == 0
    assert (ROOT / "docs" / "settings.md").read_text() == capsys.readouterr().out


def test_every_setting_is_on_the_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert all(f"`{row.env}`" in page for row in Settings.table())


def test_every_route_and_method_is_documented() -> None:
    page = "\n".join(path.read_text() for path in [ROOT / "docs" / "api.md", *(ROOT / "docs" / "api").glob("*.md")])
    app = create_app(Settings(), not_ready)  # type: ignore[arg-type]
    for rule in app.url_map.iter_rules():
        for method in set(rule.methods or ()) - {"HEAD", "OPTIONS"}:
            shown = f"{method} {rule.rule}"
            assert shown in page or f"POST {rule.rule}" in page, shown
            if method != "GET":
                assert re.search(rf"^## .*{method} {re.escape(rule.rule)}", page, re.MULTILINE), shown


def test_every_error_is_documented_with_its_status() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    for error in error_classes():
        if error.__module__.startswith("api."):
            # A dialect's own: its page has it.
            continue
        row = next(line for line in page.splitlines() if line.startswith(f"| {error.code} | {error.message} |"))
        assert str(error.status) in row


def test_the_error_table_has_one_row_a_code() -> None:
    codes = {(error.code, error.message) for error in error_classes()}
    assert len(codes) == len({code for code, _ in codes}) == 7


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_no_page_has_a_hole() -> None:
    assert [page.name for page in PAGES if "@@" in page.read_text()] == []


def test_the_readme_begins_with_two_commands() -> None:
    first_screen = (ROOT / "README.md").read_text().splitlines()[:25]
    assert "    make run" in first_screen
    assert any("make test" in line for line in first_screen)


def test_every_dialect_renders_every_error() -> None:
    for dialect in (*api.OPTIONAL, native.DIALECT):
        for error in error_classes():
            detail = "say what to do"
            body, status = dialect.render(PhotoRefused(TAKE_AGAIN, detail) if error is PhotoRefused else error(detail))
            assert body
            assert 200 <= status < 600


def test_no_rule_refuses_nothing() -> None:
    assert EnrolmentRule().reason_against(0.01, 1) is None
    assert EnrolmentRule(0.9, 50).reason_against(None, None) is None
