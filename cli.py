"""The command line: `facetoken COMMAND`; `facetoken COMMAND --help` says what each takes."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from batch import rotation_command, settings_table, tenants_command
from batch.remote import RemoteServer, ServerGone
from errors import FaceError, StartError
from faceset.names import problem_with
from model.weights import PHOTO_COUNT, SERVED, ensure, ensure_photos
from settings import Settings

if TYPE_CHECKING:
    from batch.gallery import Gallery
    from faceset.pages import ListedFace

FAILED = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; 2 means that it could not be done, with the reason on stderr."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding does not have is printed escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except (StartError, ServerGone) as error:
        return _failure(str(error))
    except FaceError as error:
        return _failure(error.detail)
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would fail once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _failure(reason: str) -> int:
    print(f"facetoken: {reason}", file=sys.stderr)
    return FAILED


def serve(_: Namespace) -> int:
    """Serve the HTTP API until Ctrl-C or SIGTERM."""
    # Imported here: no other command needs Flask.
    import server

    return server.main()


def settings(options: Namespace) -> int:
    """Print every setting: variable, default, what it is set to now, and what it does."""
    if options.markdown:
        print(settings_table.page(), end="")
    else:
        print(settings_table.text(os.environ, min(shutil.get_terminal_size().columns, 120)))
    return 0


def weights(options: Namespace) -> int:
    """Fetch the network weights, or check that they are there, and compile what searches and detects."""
    # Imported here: it takes a second, and other commands need it only when they open a face set.
    from startup import compile_kernels

    chosen = Settings.from_environment()
    folder = options.to or chosen.weights
    ensure(folder, h5=chosen.facenet_h5)
    found = f"{len(SERVED)} verified weights files"
    if options.photos:
        ensure_photos(folder)
        found += f" and {PHOTO_COUNT} photos"
    compile_kernels()
    print(f"{folder} has {found}")
    return 0


def import_photos(options: Namespace) -> int:
    """Add the faces of many photos, from files and folders, and say what became of each.

    Run it again after it was stopped or killed: what is in already is not added twice.
    """
    # Imported here, as in other places below: the engine takes seconds, and who asks for tenants would wait for it.
    from batch import import_command

    summary = import_command.run(options, Settings.from_environment())
    print(summary.text())
    return 0 if summary.all_in else 1


def search(options: Namespace) -> int:
    """Search for the largest face of a photo; exit status 1 when nobody like it is in the face set."""
    try:
        with _gallery(options) as gallery:
            matches = gallery.search(options.photo, options.threshold, options.limit)
    except FaceError as error:
        return _failure(f"{options.photo}: {error.detail}")
    if options.json:
        rows = [{"face_token": row.token, "distance": row.distance, "face_name": row.name} for row in matches]
        print(json.dumps({"threshold": options.threshold, "cmp_result": rows}, ensure_ascii=False))
    elif matches:
        width = max(4, *(len(match.name) for match in matches))
        print(f"{'name':<{width}}  distance  token")
        for match in matches:
            print(f"{match.name:<{width}}  {match.distance:8.4f}  {match.token}")
    else:
        print(f"nobody like this is in the face set, at a threshold of {options.threshold:g}")
    return 0 if matches else 1


def faces(options: Namespace) -> int:
    """List the face set, in the order of adding."""
    if not options.json:
        print(f"{'token':<24}  {'added (UTC)':<19}  confidence   size  name")
    with _gallery(options) as gallery:
        for face in gallery.faces(options.name):
            print(json.dumps(face.fields(), ensure_ascii=False) if options.json else _line(face))
    return 0


def _line(face: ListedFace) -> str:
    added = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(face.created_at))
    confidence = "" if face.confidence is None else f"{face.confidence:.4f}"
    size = "" if face.size is None else f"{face.size:.0f}"
    return f"{face.token:<24}  {added}  {confidence:>10}  {size:>5}  {face.name}"


def remove(options: Namespace) -> int:
    """Remove faces for good; exit status 1 when one of them was not there."""
    tokens = list(dict.fromkeys(options.tokens))
    with _gallery(options) as gallery:
        missing = gallery.remove(tokens)
    for token in missing:
        print(f"facetoken: there is no face {token}", file=sys.stderr)
    removed = len(tokens) - len(missing)
    print(f"{removed} {'face' if removed == 1 else 'faces'} removed")
    return 1 if missing else 0


@contextmanager
def _gallery(options: Namespace) -> Iterator[Gallery]:
    from batch.gallery import LocalGallery, RemoteGallery

    if options.server is None:
        yield LocalGallery(Settings.from_environment())
        return
    with RemoteServer(options.server) as server:
        server.greet()
        yield RemoteGallery(server)


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ArgumentTypeError(f"{text} is not a number from {low:g} to {high:g}")
        return value

    return parse


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:10]) <= 1_000_000_000):
        raise ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


def _name(text: str) -> str:
    problem = problem_with(text) if text else "is empty"
    if problem:
        raise ArgumentTypeError(f"the name {problem}")
    return text


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="facetoken", description="Self-hosted face search.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Namespace], int], *, remote: bool = False) -> ArgumentParser:
        about = (run.__doc__ or "").strip()
        made = commands.add_parser(name, help=about.split("\n")[0], description=about, allow_abbrev=False)
        made.set_defaults(command=run)
        if remote:
            made.add_argument("--server", metavar="URL", help="ask this running server, not the data folder")
        return made

    command("serve", serve)
    command("settings", settings).add_argument("--markdown", action="store_true", help="print docs/settings.md")
    fetch = command("weights", weights)
    fetch.add_argument("--to", type=Path, metavar="DIR", help="put them here instead of FACETOKEN_WEIGHTS")
    fetch.add_argument("--photos", action="store_true", help="the photos of the tests and the demo too")
    _import_options(command("import", import_photos, remote=True))
    look = command("search", search, remote=True)
    look.add_argument("photo", type=Path, metavar="PHOTO")
    look.add_argument("--threshold", type=_number(0, 2), required=True, metavar="T", help="largest distance, 0 to 2")
    look.add_argument("--limit", type=_count, metavar="N", help="show the nearest N only")
    look.add_argument("--json", action="store_true", help="print JSON")
    shown = command("faces", faces, remote=True)
    shown.add_argument("--name", metavar="PART", help="only faces whose name contains this")
    shown.add_argument("--json", action="store_true", help="print JSON, one face a line")
    command("remove", remove, remote=True).add_argument("tokens", nargs="+", metavar="TOKEN")
    tenants_command.add_options(command("tenants", tenants_command.run), _name)
    command("rotate-key", rotation_command.run)
    return parser


def _import_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="photos, and folders to look through for photos")
    add("--name-from", choices=("parent", "file"), default="parent", help="name faces after the folder or the file")
    add("--name", type=_name, help="one name for all faces")
    add("--faces", choices=("all", "largest"), default="all", help="add every face of a photo, or the largest")
    add(
        "--min-confidence",
        type=_number(0, 1),
        default=0.95,
        metavar="C",
        help="leave out less sure faces",
    )
    add("--min-size", type=_number(0, 4096), default=0, metavar="N", help="leave out faces under N pixels")
    add("--report", type=Path, metavar="FILE", help="write what became of every file, as .csv or .jsonl")
    add("--journal", type=Path, metavar="FILE", help="with --server: the file that makes a killed import resumable")
    add("--quiet", action="store_true", help="no progress and no line for each file that did not go in")


if __name__ == "__main__":
    sys.exit(main())
