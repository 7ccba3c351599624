"""Tags and labels in files with a tagged token a line, in all the spellings that people have."""

from __future__ import annotations

import unicodedata

import pytest

from tagged_columns import MADE, columns, expected, read, texts


@pytest.mark.parametrize(
    "written",
    [
        lambda tag: tag.replace("-", "_"),
        lambda tag: "-".join(reversed(tag.split("-"))),
        lambda tag: "_".join(reversed(tag.split("-"))),
        lambda tag: "-" if tag == "O" else tag,
        lambda tag: (
            tag.replace("B-", "b-").replace("I-", "i-").replace("O", "o")
            if tag == "O"
            else tag[0].lower() + tag[1:]
        ),
        lambda tag: f" {tag}\u200b",
    ],
)
def test_tags_in_many_spellings(tmp_path, written):
    made = [[(w, p, written(t)) for w, p, t in sentence] for sentence in MADE]
    assert texts(read(tmp_path, columns(made))) == expected(MADE)


@pytest.mark.parametrize("single", ["S", "U", "W"])
def test_tags_with_ends(tmp_path, single):
    end = "L" if single == "U" else "E"
    made = []
    for sentence in MADE:
        tags = [t for _, _, t in sentence] + ["O"]
        new = []
        for here, behind in zip(tags, tags[1:], strict=False):
            ends = here != "O" and not behind.startswith("I-")
            new.append(f"{single if here[0] == 'B' else end}{here[1:]}" if ends else here)
        made.append([(w, p, t) for (w, p, _), t in zip(sentence, new, strict=True)])
    assert texts(read(tmp_path, columns(made))) == expected(MADE)


def test_labels_without_b_and_i(tmp_path):
    made = [[(w, p, t[2:] or t) for w, p, t in sentence] for sentence in MADE]
    found = read(tmp_path, columns(made, "{word}\t{pos}\t{tag}"))
    assert texts(found) == expected(MADE)
    assert "B and I" in found.details["read_as"]


@pytest.mark.parametrize("outside", ["", "_", "0", "X", "None"])
def test_what_stands_for_outside(tmp_path, outside):
    made = [[(w, p, outside if t == "O" else t) for w, p, t in s] for s in MADE]
    found = read(tmp_path, columns(made, "{word}\t{pos}\t{tag}"))
    assert texts(found) == expected(MADE)
    assert found.rejects == []


def test_spellings_of_a_label_become_one(tmp_path):
    made = [list(sentence) for sentence in MADE]
    spellings = ["B-per", "B-PER\u200b", "B-Per", "B-ＰＥＲ"]
    for sentence, tag in zip(made[1::2], spellings, strict=False):
        sentence[0] = (sentence[0][0], "NNP", tag)
    found = read(tmp_path, columns(made))
    assert texts(found) == expected(MADE)
    assert "PER" in found.warnings[0]
    hangul = [[(w, p, t.replace("PER", "인물")) for w, p, t in s] for s in MADE]
    hangul[1][0] = (hangul[1][0][0], "NNP", "B-" + unicodedata.normalize("NFD", "인물"))
    found = read(tmp_path, columns(hangul))
    assert set(found.details["entities"]) == {"인물", "LOC", "ORG"}
    assert found.warnings


def test_the_limit_of_labels_is_named(tmp_path):
    made = [*MADE, [("가", "NNG", "B-" + "X" * 65)], [("나", "NNG", "B-" + "Y" * 64)]]
    found = read(tmp_path, columns(made))
    assert texts(found)[-1] == ("나", [("나", "Y" * 64)])
    assert [("64" in row.reason, row.kept) for row in found.rejects] == [(True, False)]
