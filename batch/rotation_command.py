"""The rotation of the face set's key as a command."""

from __future__ import annotations

import sys
from argparse import Namespace

from tqdm import tqdm

from errors import StartError
from faceset.folder import FolderInUse, locked
from faceset.given_keys import chosen
from faceset.rotation import Rotated, rotate
from faceset.sealing import sealing_key
from settings import Settings


def run(_: Namespace) -> int:
    """Seal the face set with a new key, while a server may be running.

    Run it again after it was stopped or killed: it goes on where it was. Backups need the key they were made with.
    """
    settings = Settings.from_environment()
    if settings.key:
        _require_knowing_server(settings)
    with tqdm(unit="face", disable=None, file=sys.stderr, dynamic_ncols=True) as progress:
        done = rotate(settings.database, chosen(settings.key, settings.keys_in), progress.update)
    print(_told(done))
    return 0


def _told(done: Rotated) -> str:
    faces = f"{done.faces} {'face' if done.faces == 1 else 'faces'} sealed again"
    if not done.forgotten:
        return f"{faces} with the first key of FACETOKEN_KEY; take the others out, they open nothing but backups now"
    lines = [f"{faces} with a new key; the old one is gone from the key file, and opens nothing but backups now"]
    if not done.is_new:
        lines.append("That was a rotation begun before, with the key made then; run this again for another one.")
    return "\n".join(lines)


def _require_knowing_server(settings: Settings) -> None:
    """Raise StartError when a running process may not have the first key of the setting."""
    wanted = chosen(settings.key, settings.keys_in).read().sealing
    if sealing_key(settings.database) in (None, wanted):
        return
    try:
        with locked(settings.database):
            return
    except FolderInUse:
        raise StartError(
            "the running server does not seal with the first key of FACETOKEN_KEY yet; restart it with the same "
            "FACETOKEN_KEY, then run this again"
        ) from None
