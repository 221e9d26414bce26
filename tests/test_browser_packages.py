"""What the tests of the page need is installed where that is missing and may be done, and told where it may not."""

from __future__ import annotations

import subprocess
from pathlib import Path

from settings import ROOT

FONTS = "fontconfig fonts-nanum fontconfig fonts-wqy-microhei"


def done(folder: Path, **commands: str) -> tuple[int, str, str]:
    """Run the script where there are only these commands; what would be installed is written to a file."""
    for name, body in commands.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    command = [str(ROOT / "tests" / "browser_packages")]
    variables = {"PATH": str(folder)}
    ended = subprocess.run(command, env=variables, check=False, capture_output=True, text=True, timeout=20)
    return ended.returncode, ended.stdout.replace(" chromium", ""), ended.stderr.replace(" chromium", "")


def test_nothing_is_done_where_nothing_is_missing(tmp_path: Path) -> None:
    status, out, err = done(tmp_path, npm="", fc_list="echo font", id="echo 1000")
    assert (status, out) == (0, "")
    assert err in ("", "the tests of the page need; as root on Debian, 'make browser' installs them\n")


def test_what_is_missing_is_told_to_whom_may_not_install_it(tmp_path: Path) -> None:
    told = f"the tests of the page need npm {FONTS}; as root on Debian, 'make browser' installs them\n"
    assert done(tmp_path, id="echo 1000", apt_get="exit 1") == (0, "", told)


def test_root_installs_what_is_missing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    apt = f'echo "$DEBIAN_FRONTEND $*" >> {log}'
    status, out, err = done(tmp_path, id="echo 0", npm="", apt_get=apt)
    assert (status, out, err) == (0, f"installing {FONTS}\n", "")
    updated, installed = log.read_text().splitlines()
    assert updated == "noninteractive update -qq"
    assert installed.endswith(FONTS)
    assert "--no-install-recommends" in installed


def test_a_registry_that_is_away_stops_nothing(tmp_path: Path) -> None:
    assert done(tmp_path, id="echo 0", npm="", apt_get="exit 100")[::2] == (0, f"could not install {FONTS}\n")
