"""The shape of the house: imports go one way, nothing heavy is imported by accident, files stay small."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LAYERS = {
    "errors": 0,
    "kernels": 0,
    "threads": 0,
    "addresses": 0,
    "similarity": 0,
    "outbound": 0,
    "parsers": 0,
    "durable": 0,
    "tags": 0,
    "clarifai": 1,
    "setting": 1,
    "settings": 2,
    "fetcher": 1,
    "inputs": 1,
    "images": 1,
    "model": 1,
    "faceset": 1,
    "scenes": 2,
    "answers": 2,
    "storage": 2,
    "recognizer": 2,
    "engine": 3,
    "photo_urls": 3,
    "startup": 4,
    "batch": 5,
    "api": 5,
    "admission": 6,
    "channel": 6,
    "serving": 7,
    "server": 8,
    "cli": 9,
}
"""How high each module or package stands. Imports go down, or stay inside one package."""


@cache
def modules() -> dict[str, Path]:
    folders = [entry for entry in ROOT.iterdir() if entry.is_dir() and entry.name in LAYERS]
    files = [*ROOT.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]
    named = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def top(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_go_one_way(name: str) -> None:
    mine = top(name)
    assert mine in LAYERS, f"{name} has no place in the layers"
    for other in imported(modules()[name]):
        theirs = top(other)
        if theirs not in LAYERS or theirs == mine:
            continue
        assert LAYERS[theirs] < LAYERS[mine], f"{name} imports {other}"


@pytest.mark.parametrize("name", sorted(modules()))
def test_only_server_and_api_know_flask(name: str) -> None:
    if top(name) not in ("server", "api"):
        assert not {other for other in imported(modules()[name]) if top(other) in ("flask", "werkzeug")}


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_file_has_one_noun_and_stays_small(name: str) -> None:
    assert len(modules()[name].read_text().splitlines()) <= 260
    assert not {"utils", "helpers", "common", "misc"} & set(name.split("."))


def test_the_walk_sees_the_house() -> None:
    assert {"server", "engine", "api.native", "model.mtcnn", "faceset.index"} <= set(modules())
    assert "engine" in imported(ROOT / "startup.py")


def test_importing_the_server_loads_no_network_and_no_index() -> None:
    heavy = ("openvino", "onnx", "torch", "tensorflow", "h5py")
    code = f"import server, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_set_up_compiles_every_kernel() -> None:
    """A kernel that set-up forgets would be compiled by the first start, for seconds, or by every start."""
    mine = [name for name, path in modules().items() if "kernels" in imported(path)]
    code = (
        f"import sys, startup; startup.compile_kernels(); print(*(name for name in {mine} if name not in sys.modules))"
    )
    forgotten = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert len(mine) >= 5
    assert forgotten.split() == []
