from __future__ import annotations

import stat
from pathlib import Path

import pytest

from errors import InternalError, StartError
from faceset.folder import CropFolder, FolderLock

TOKEN, OTHER = "a" * 24, "B7" * 12


@pytest.fixture
def crops(tmp_path: Path) -> CropFolder:
    return CropFolder(tmp_path / "crops")


def test_a_crop_is_private_and_never_written_over(crops: CropFolder) -> None:
    crops.write(TOKEN, b"jpeg")
    assert stat.S_IMODE(crops.file(TOKEN).stat().st_mode) == 0o600
    assert stat.S_IMODE(crops.path.stat().st_mode) == 0o700
    with pytest.raises(InternalError):
        crops.write(TOKEN, b"other")
    assert crops.read(TOKEN) == b"jpeg"


@pytest.mark.parametrize(
    "name", ["", "a.jpg", f"{TOKEN}.png", f"{TOKEN}.jpg\n", f"../{TOKEN}.jpg", f"{TOKEN[1:]}é.jpg"]
)
def test_no_other_name_leads_to_a_crop(name: str) -> None:
    assert CropFolder.token(name) is None


def test_deleting_is_idempotent_and_says_when_it_fails(crops: CropFolder) -> None:
    crops.write(TOKEN, b"jpeg")
    crops.delete(TOKEN)
    crops.delete(TOKEN)
    assert crops.read(TOKEN) is None
    crops.file(OTHER).mkdir()
    with pytest.raises(InternalError):
        crops.delete(OTHER)
    crops.drop(OTHER)


def test_a_sweep_takes_only_unknown_crops(crops: CropFolder) -> None:
    for token in (TOKEN, OTHER):
        crops.write(token, b"jpeg")
    (crops.path / "holiday.jpg").write_bytes(b"not ours")
    assert crops.sweep({TOKEN}) == 1
    assert {path.name for path in crops.path.iterdir()} == {f"{TOKEN}.jpg", "holiday.jpg"}


def test_a_lock_holds_until_it_is_released(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "lock")
    with pytest.raises(StartError, match="in use by another facetoken process"):
        FolderLock(tmp_path / "lock")
    lock.release()
    FolderLock(tmp_path / "lock").release()
