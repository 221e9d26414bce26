"""The linter of the page's scripts refuses what they are not to do, and nothing that is well."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from settings import ROOT
from tests.browser import need

NODE = ROOT / "build" / "node"

REFUSED = {
    "document.body.innerHTML = location.hash;": "no-restricted-properties",
    "document.body.outerHTML = location.hash;": "no-restricted-properties",
    'document.body.insertAdjacentHTML("beforeend", location.hash);': "no-restricted-properties",
    "document.write(location.hash);": "no-restricted-properties",
    'document.body.setAttribute("style", "color: red");': "no-restricted-syntax",
    'document.body.setAttribute("onclick", "run()");': "no-restricted-syntax",
    "eval(location.hash);": "no-eval",
    'setTimeout("run()", 1);': "no-implied-eval",
    "new Function(location.hash)();": "no-new-func",
    "location.href = missing;": "no-undef",
    "const unused = 1;": "no-unused-vars",
    "let fixed = 1; addEventListener(fixed, fixed);": "prefer-const",
    "if (location.hash == 1) { location.reload(); }": "eqeqeq",
    "console.log(1);": "no-console",
    "location.reload(); // eslint-disable-line": None,
    "// eslint-disable-next-line no-console\nconsole.log(1);": "no-console",
    "location.reload();\n" * 201: "max-lines",
    "export function long() {\n" + "    location.reload();\n" * 40 + "}\n": "max-lines-per-function",
}
ACCEPTED = (
    """
import { texts } from "./texts.js";

/** A name is text. */
export function named(element, name) {
    element.textContent = name ?? texts.unknown;
    element.style.setProperty("--distance", 0.5);
}
"""
    + "location.reload();\n" * 191
)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str | None]]:
    """The rules that each script breaks; None is a complaint about the script's own comments to the linter."""
    linter = NODE / "node_modules" / ".bin" / "eslint"
    need(linter.is_file(), "eslint")
    folder = tmp_path_factory.mktemp("scripts")
    for number, script in enumerate([ACCEPTED, *REFUSED]):
        (folder / f"{number}.js").write_text(script)
    command: list[str | Path] = [
        linter,
        "--config",
        NODE / "eslint.config.js",
        "--max-warnings",
        "0",
        "--format",
        "json",
        ".",
    ]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done
    files = {int(Path(file["filePath"]).stem): file["messages"] for file in json.loads(done.stdout)}
    return {
        script: {message["ruleId"] for message in files[number]} for number, script in enumerate([ACCEPTED, *REFUSED])
    }


@pytest.mark.parametrize("script", REFUSED, ids=lambda script: script[:40].splitlines()[0])
def test_what_is_refused(complaints: dict[str, set[str | None]], script: str) -> None:
    assert REFUSED[script] in complaints[script]


def test_what_is_accepted(complaints: dict[str, set[str | None]]) -> None:
    assert complaints[ACCEPTED] == set()
