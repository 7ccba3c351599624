from __future__ import annotations

import collections
import csv
import io
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora.catalogue import find_corpus
from pipeline.corpora.labelled.reviews import check_trainable, read_nsmc, read_sample
from pipeline.corpora.rejects import Rejected, write_rejects
from pipeline.errors import UserError
from pipeline.workspace import SAMPLES


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


# NSMC


def nsmc(path: Path, *documents: str) -> Path:
    lines = ["id\tdocument\tlabel", *(f"{n}\t{d}\t{n % 2}" for n, d in enumerate(documents))]
    return write(path, "\n".join(lines) + "\n")


def test_nsmc_quotes_are_undone_where_they_were_doubled_twice(tmp_path):
    documents = {
        "평범": "평범",
        "": "",
        '"""시미즈의 만화책""""비밀"""".에서"""': '시미즈의 만화책"비밀".에서',
        # Quotes of the reviewer's own around everything: a third layer would take them.
        '"""""""자식 없어.."""""""': '"자식 없어.."',
        '"한 겹"': '"한 겹"',
        '5" 화면': '5" 화면',
        '"': '"',
        '""': '""',
        "가\u2028나\u0085다\x1c라\x0b마\r바": "가\u2028나\u0085다\x1c라\x0b마\r바",
    }
    read = read_nsmc(nsmc(tmp_path / "ratings.txt", *documents))
    assert read.frame["text"].tolist() == list(documents.values())
    assert read.frame["label"].tolist()[:2] == ["negative", "positive"]
    assert read.frame["id"].tolist() == [str(n) for n in range(len(documents))]
    assert read.details == {"rows": 9, "rejected": 0, "empty": 1, "unquoted": 2}


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"))))
def test_nsmc_undoes_exactly_two_csv_writers(tmp_path_factory, texts):
    def through_csv(text: str) -> str:
        if '"' not in text:
            return text
        csv.writer(out := io.StringIO(), delimiter="\t", lineterminator="").writerow([text])
        return out.getvalue()

    path = tmp_path_factory.getbasetemp() / "twice.txt"
    read = read_nsmc(nsmc(path, *(through_csv(through_csv(text)) for text in texts)))
    assert read.frame["text"].tolist() == texts
    assert read.details["unquoted"] == sum('"' in text for text in texts)


def test_nsmc_rows_that_are_none_are_rejected(tmp_path):
    path = write(tmp_path / "r.txt", "id\tdocument\tlabel\n1\t좋다\t1\n2\t싫다\n3\t글쎄\t2\n")
    read = read_nsmc(path)
    assert read.frame[["text", "label"]].values.tolist() == [["좋다", "positive"]]
    assert [(row.line, row.reason) for row in read.rejects] == [
        (3, "2 columns"),
        (4, "its label is not 0 or 1"),
    ]


def test_nsmc_counts_are_checked(tmp_path):
    path = nsmc(tmp_path / "r.txt", "가", "나", "다")
    read_nsmc(path, {"rows": 3, "negative": 2, "positive": 1})
    with pytest.raises(UserError, match=r"rows: 3 found, 150,000 expected"):
        read_nsmc(path, {"rows": 150_000})
    with pytest.raises(UserError, match=r"positive: 1 found, 2 expected"):
        read_nsmc(path, {"rows": 3, "positive": 2})
    with pytest.raises(UserError, match="not an NSMC file"):
        read_nsmc(write(tmp_path / "other.txt", "가\t1\n"))
    with pytest.raises(UserError, match="no such file"):
        read_nsmc(tmp_path / "missing.txt")


@pytest.mark.skipif("CORPUS_MIRROR" not in os.environ, reason="needs the published files")
def test_nsmc_as_published():
    corpus = find_corpus("nsmc")
    mirror = Path(os.environ["CORPUS_MIRROR"])
    paths = {part: mirror / file.relative for part, file in corpus.files.items()}
    train, test = (read_nsmc(paths[part], corpus.counts[part]) for part in ("train", "test"))
    assert train.details == {"rows": 150_000, "rejected": 0, "empty": 5, "unquoted": 623}
    assert test.details == {"rows": 50_000, "rejected": 0, "empty": 3, "unquoted": 233}
    seen = set(train.frame["text"]) - {""}
    shared = [text for text in test.frame["text"] if text in seen]
    assert (len(shared), sum('"' in text for text in shared)) == (1568, 2)
    # Two independent readers agree: pandas takes one layer of quotes away, this one two.
    other = pd.read_csv(paths["test"], sep="\t", dtype=str, keep_default_na=False)
    plain = ~other["document"].str.contains('"')
    assert (other["document"] == test.frame["text"])[plain].all()
    assert (other["id"] == test.frame["id"]).all()


# What a classifier can be learnt from


def check(labels: str | list[str], empty: int = 0) -> None:
    check_trainable(collections.Counter(labels), empty, "my.tsv")


def test_what_can_be_learnt_from():
    check("ab" * 5)
    check("abcdefffff")
    with pytest.raises(UserError, match=r"my\.tsv: has 1 usable row; at least 10 are needed"):
        check("a")
    with pytest.raises(UserError, match="has 9 usable rows; at least 10"):
        check("ababababa")
    with pytest.raises(UserError, match=r"same label, 'positive' — give .* two labels"):
        check(["positive"] * 20)
    with pytest.raises(UserError, match=r"no label occurs twice .*label-column"):
        check("abcdefghijkl")
    with pytest.raises(UserError, match=r"most labels occur once .*label-column"):
        check("abcdefghiii")
    for scores in ([f"{n / 7:.3f}" for n in range(20)], [f"{n},5" for n in range(20)]):
        with pytest.raises(UserError, match="numbers on a scale"):
            check(scores)
    with pytest.raises(UserError, match="every text is empty .*--text-column"):
        check("ab" * 5, empty=10)


# The bundled sample and the rejects


def test_the_bundled_sample():
    read = read_sample(SAMPLES / "sentiment.tsv")
    with open(SAMPLES / "sentiment.tsv", encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")[1:-1]
    assert len(read.frame) == len(lines) > 0
    names = {"negative": "0", "positive": "1"}
    assert [
        f"{text}\t{names[label]}"
        for text, label in zip(read.frame["text"], read.frame["label"], strict=True)
    ] == lines
    assert set(read.frame["label"]) == set(names)
    check(list(read.frame["label"]))


def test_a_sample_with_other_labels_is_none(tmp_path):
    with pytest.raises(UserError, match="not the bundled sample"):
        read_sample(write(tmp_path / "s.tsv", "document\tlabel\n정말 재밌다\t1\n글쎄\t2\n"))


def test_rejects_are_written_one_a_line(tmp_path):
    path = tmp_path / "deep" / "rejects.tsv"
    content = "\t탭\n줄\r\\" + "가" * 300
    write_rejects(path, [Rejected(3, "no label", content), Rejected(9, "1 columns", "")])
    shown = "\\t탭\\n줄\\r\\\\" + "가" * (200 - 6)
    assert path.read_bytes().decode("utf-8") == (
        f"line\treason\tcontent\n3\tno label\t{shown}\n9\t1 columns\t\n"
    )
    write_rejects(path, [])
    assert path.read_text(encoding="utf-8") == "line\treason\tcontent\n"
