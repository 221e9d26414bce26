"""What the tests of the page need is installed where that is missing and may be done, and told where it may not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from settings import ROOT

FONTS = ["fonts-nanum", "fonts-wqy-microhei"]
ALL = ["chromium", "npm", "fontconfig", *FONTS]
RECORD = Path("build") / "browser_packages.missing"


def apt_get(away: str) -> str:
    """Return an apt-get that notes what it is asked, and installs everything but what is away (a pattern)."""
    return f"""[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 1
echo "$*" >>"$0.log"
here=${{0%/*}}
for package in "$@"; do :; done
case $package in
    {away}) exit 100 ;;
    chromium | npm) echo '#!/bin/sh' >"$here/$package"; chmod +x "$here/$package" ;;
    fontconfig) echo '#!/bin/sh\n[ ! -f "$0.$1" ] || echo font' >"$here/fc-list"; chmod +x "$here/fc-list" ;;
    fonts-nanum) echo >"$here/fc-list.:lang=ko" ;;
    fonts-wqy-microhei) echo >"$here/fc-list.:lang=zh-cn" ;;
esac"""


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """The folder of all commands that there are."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("mkdir", "chmod"):
        (folder / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "browser_packages", tmp_path / "tests")
    return folder


def has(folder: Path, **commands: str) -> None:
    """Put commands into the folder; `_` in a name stands for `-`."""
    for name, body in commands.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)


def done(folder: Path, **variables: str) -> tuple[int, str, str]:
    """Run the script where there are only the folder's commands, Chromium among them or not."""
    command = [str(folder.parent / "tests" / "browser_packages")]
    given = {"PATH": str(folder), "CHROMIUM": str(folder / "chromium"), **variables}
    ended = subprocess.run(command, env=given, check=False, capture_output=True, text=True, timeout=20)
    return ended.returncode, ended.stdout, ended.stderr


def asked(folder: Path) -> list[str]:
    """Return what apt-get was asked since the last time, its options left out."""
    log = folder / "apt-get.log"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    assert all("--no-install-recommends" in line for line in lines if line.startswith("install"))
    words = [[word for word in line.split() if not word.startswith(("-", "Acquire::"))] for line in lines]
    return [" ".join(each) for each in words]


def test_nothing_is_done_where_nothing_is_missing(bin_folder: Path) -> None:
    has(bin_folder, chromium="", npm="", fc_list="echo font", id="echo 0", apt_get=apt_get("-"))
    assert done(bin_folder) == (0, "", "")
    assert asked(bin_folder) == []


@pytest.mark.parametrize(
    ("there", "needed"),
    [
        ({}, ALL),
        ({"chromium": ""}, ALL[1:]),
        ({"npm": "", "fc_list": "echo font"}, ["chromium"]),
        ({"chromium": "", "fc_list": ""}, ["npm", *FONTS]),
        ({"chromium": "", "npm": "", "fc_list": '[ "$1" != :lang=ko ] || echo font'}, FONTS[1:]),
    ],
)
def test_what_is_missing_is_told_to_whom_may_not_install_it(
    bin_folder: Path, there: dict[str, str], needed: list[str]
) -> None:
    has(bin_folder, id="echo 1000", apt_get=apt_get("-"), **there)
    told = f"the tests of the page need {' '.join(needed)}; as root on Debian, 'make browser' installs them\n"
    assert done(bin_folder) == (0, "", told)
    assert asked(bin_folder) == []


def test_root_installs_what_is_missing(bin_folder: Path) -> None:
    has(bin_folder, id="echo 0", npm="", apt_get=apt_get("-"))
    needed = [name for name in ALL if name != "npm"]
    assert done(bin_folder) == (0, f"installing {' '.join(needed)}\n", "")
    assert asked(bin_folder) == ["update", *(f"install {name}" for name in needed)]
    assert done(bin_folder) == (0, "", "")


def test_what_cannot_be_had_stops_nothing_else(bin_folder: Path) -> None:
    has(bin_folder, id="echo 0", apt_get=apt_get("-qq | chromium | *Timeout=15"))
    assert done(bin_folder) == (0, f"installing {' '.join(ALL)}\n", "could not install chromium\n")
    assert asked(bin_folder) == ["update", *(f"install {name}" for name in ALL)]


def test_what_could_not_be_had_is_not_tried_at_every_run(bin_folder: Path) -> None:
    has(bin_folder, id="echo 0", npm="", fc_list="echo font", apt_get=apt_get("chromium"))
    assert done(bin_folder)[2] == "could not install chromium\n"
    asked(bin_folder)
    told = f"could not install chromium; to have it tried again, remove {RECORD}\n"
    assert done(bin_folder) == (0, "", told)
    assert asked(bin_folder) == []
    assert done(bin_folder, REQUIRE_BROWSER="1")[1] == "installing chromium\n"
    assert asked(bin_folder) == ["update", "install chromium"]
    # Something else is missing as well.
    (bin_folder / "npm").unlink()
    assert done(bin_folder)[1:] == ("installing chromium npm\n", "could not install chromium\n")
    (bin_folder.parent / RECORD).unlink()
    has(bin_folder, apt_get=apt_get("-"))
    assert done(bin_folder) == (0, "installing chromium\n", "")
