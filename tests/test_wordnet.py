"""From WordNet's files to the table, on a small lexicon in its layout."""

from __future__ import annotations

from pathlib import Path

from model.vocabulary import Vocabulary
from model.wordnet import Synset, synsets, table

LEXICON = """\
  1 A line of the licence | begins with two blanks.
00000001 03 n 01 pet 0 001 ~ 00000002 n 0000 | kept for company
00000002 05 n 02 goose 0 Anser_anser 2 002 @ 00000001 n 0000 ~ 00000003 n 0000 | a bird
00000003 05 n 01 grey_goose 0 001 @ 00000002 n 0000 | grey
00000004 05 n 0a ai 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 j 0 000 | ten names, counted in hexadecimal
00000005 05 n 02 gadget 0 Ai 1 002 @i 00000001 n 0000 #p 00000003 n 0000 | an instance of one, a part of another
"""
IRREGULAR = ["geese goose", "mice mouse", "gadgets gadget"]


def test_the_layout_is_read() -> None:
    read = synsets(LEXICON.splitlines())
    assert read["00000002"] == Synset(("goose", "Anser_anser"), ("00000001",))
    assert read["00000004"] == Synset(("ai", *"bcdefghij"), ())
    assert read["00000005"].kinds_of == ("00000001",)
    assert len(read) == 5


def test_words_stand_for_the_classes_under_them() -> None:
    lines = table(["00000003", "00000002", "00000005", "00000004"], synsets(LEXICON.splitlines()), IRREGULAR)
    assert dict(line.split("\t") for line in lines.splitlines()) == {
        "anser anser, geese, goose": "0-1",
        "grey geese, grey goose": "0",
        "pet": "0-2",
        # One word, two meanings.
        "ai": "2-3",
        "b, c, d, e, f, g, h, i, j": "3",
        # A plural that any reader knows is not written down.
        "gadget": "2",
    }


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "tags.tsv"
    path.write_text(
        "# a notice\n" + table(["00000003", "00000004", "00000002"], synsets(LEXICON.splitlines()), IRREGULAR)
    )
    read = Vocabulary(path)
    assert read.ranges("Grey Geese") == ((0, 1),)
    assert read.ranges("goose") == ((0, 1), (2, 3))
    assert read.ranges("gadget") == ()


def test_a_name_of_too_many_classes_is_left_out() -> None:
    nouns = {"0": Synset(("thing",), ()), **{str(number): Synset((f"t{number}",), ("0",)) for number in range(1, 402)}}
    fewer = table([str(number) for number in range(1, 401)], nouns, [])
    assert "thing\t0-399" in fewer.splitlines()
    assert "thing" not in table([str(number) for number in range(1, 402)], nouns, [])
