"""Several references for one source: how they are kept, and how they are scored."""

from __future__ import annotations

import types

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from parallel_pairs import judge, made, read, sizes
from pipeline.corpora.parallel.pairs import (
    SentencePair,
    further_references,
    to_frame,
    to_grouped_frame,
)
from pipeline.corpora.splits import read_split, write_split
from pipeline.evaluation.translation import evaluate_translations
from pipeline.evaluation.translation_scores import SentenceCounts, bleu_of
from pipeline.facts import Origin
from pipeline.tasks.translation import evaluation
from pipeline.tasks.translation.evaluation import translation_metrics
from pipeline.tasks.translation.settings import Settings
from pipeline.text.ragged import Ragged

FIRST = ["I bought two books yesterday.", "It looks like rain today.", "Yes."]
SECOND = ["Yesterday I bought two books.", "", "Sure, that is it."]
THIRD = ["", "", "Right."]
SAID = ["Yesterday I bought two books.", "It looks like it is raining.", "Sure."]
SOURCES = ["어제 책을 두 권 샀다.", "비가 올 것 같다.", "네."]


def reference(text: list[str]) -> list[str | None]:
    return [each or None for each in text]


@pytest.mark.parametrize("tokenizer", ["13a", "char"])
def test_scores_are_sacrebleus(tokenizer):
    streams = [FIRST, reference(SECOND), reference(THIRD)]
    bleu = sacrebleu.metrics.BLEU(tokenize=tokenizer)
    chrf = sacrebleu.metrics.CHRF()
    found = evaluate_translations(
        SOURCES, FIRST, SAID, target_tokenizer=tokenizer, other_references=[SECOND, THIRD]
    )
    assert found.bleu == bleu.corpus_score(SAID, streams).score
    assert found.chrf == chrf.corpus_score(SAID, streams).score
    assert "nrefs:var" in found.bleu_signature
    assert found.exact == 1
    assert {sample.reference for sample in found.best + found.median + found.worst} == {
        SECOND[0],
        FIRST[1],
        SECOND[2],
    }
    full = evaluate_translations(SOURCES, FIRST, SAID, other_references=[FIRST[::-1]])
    assert "nrefs:2" in full.bleu_signature
    assert "nrefs:2" in full.chrf_signature


texts = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "."]), max_size=8)
sentences = texts.map(" ".join)


@given(st.lists(st.tuples(sentences, sentences, sentences), min_size=1, max_size=6))
def test_sums_of_sentences_give_the_corpus(rows):
    said, first, second = map(list, zip(*rows, strict=True))
    counts = SentenceCounts.of(said, first, "13a", [second])
    whole = sacrebleu.metrics.BLEU().corpus_score(said, [first, reference(second)])
    assert bleu_of(counts.bleu.sum(axis=0)) == whole.score


def test_one_reference_is_as_before():
    assert evaluate_translations(
        SOURCES, FIRST, SAID, other_references=[]
    ) == evaluate_translations(SOURCES, FIRST, SAID)
    empty = evaluate_translations(SOURCES, FIRST, SAID, other_references=[["", "", ""]])
    assert empty == evaluate_translations(SOURCES, FIRST, SAID)


def test_streams_of_another_length():
    with pytest.raises(ValueError, match="references 2"):
        evaluate_translations(SOURCES, FIRST, SAID, other_references=[["x"]])


def pair(ko: str, en: str, line: int = 1) -> SentencePair:
    return SentencePair(ko, en, f"id{line}", line, "a.tsv")


def test_sources_are_grouped_where_they_first_stand(tmp_path):
    pairs = [
        pair("가.", "A.", 1),
        pair("나.", "B.", 2),
        pair("가. ", "A!", 3),
        pair("가.", "A. ", 4),
        pair("가.", "a.", 5),
    ]
    frame = to_grouped_frame(pairs, "ko-en")
    assert frame.values.tolist() == [["id1", "가.", "A.", "A!", "a."], ["id2", "나.", "B.", "", ""]]
    assert further_references(frame) == [["A!", ""], ["a.", ""]]
    write_split(tmp_path / "test.tsv", frame)
    assert read_split(tmp_path / "test.tsv").equals(frame)
    back = to_grouped_frame(pairs, "en-ko")
    assert list(back.columns) == ["id", "text", "label"]
    assert list(back["text"]) == ["A.", "B.", "A!", "a."]
    alone = [pairs[0], pairs[1]]
    assert to_grouped_frame(alone, "ko-en").equals(to_frame(alone, "ko-en"))
    many = [pair("가.", f"{n}.") for n in range(12)]
    assert further_references(to_grouped_frame(many, "ko-en"))[-1] == ["11."]


@pytest.mark.parametrize("form", ["columns", "rows"])
def test_an_evaluation_file(tmp_path, form):
    path = tmp_path / "a.tsv"
    if form == "columns":
        rows = [f"책 {n}.\tBook {n}.\tThe book {n}." for n in range(5)]
        path.write_text("\n".join(["ko\ten\ten2", *rows]))
    else:
        rows = [f"책 {n}.\t{more}ook {n}." for more in ("B", "The b") for n in range(5)]
        path.write_text("\n".join(rows))
    other = judge(path, tmp_path)
    assert list(other.frame["text"]) == [f"책 {n}." for n in range(5)]
    assert list(other.frame["label"]) == [f"Book {n}." for n in range(5)]
    assert list(other.frame["label2"]) == [f"The book {n}." for n in range(5)]
    assert "2 references" in other.read_as
    assert len(judge(path, tmp_path, direction="en-ko").frame) == 10
    said = [f"The book {n}." for n in range(5)]
    found = translation_metrics(Settings(), other.frame, said, np.zeros(5), np.full(5, 7))
    assert (found.count, found.exact) == (5, 5)
    assert "nrefs:2" in found.bleu_signature


def test_an_evaluation_file_of_one_line(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("책.\tBook.")
    assert len(judge(path, tmp_path).frame) == 1
    path.write_text("ko\tref1\tref2\n책.\tBook.\tA book.\n")
    assert judge(path, tmp_path).frame.shape == (1, 4)


def test_the_test_of_an_own_corpus(tmp_path):
    lines = made(200)
    lines += [line.replace(".\t", ".\tWell, ") for line in lines]
    path = tmp_path / "my.tsv"
    path.write_text("\n".join(lines))
    found = read(path, tmp_path)
    test = found.splits["test"]
    assert sizes(found)["train"] + sizes(found)["dev"] + 2 * len(test) == 400
    assert test["text"].is_unique
    assert all(test["label2"].str.startswith("Well, "))
    assert list(found.splits["train"].columns) == ["id", "text", "label"]
    other = tmp_path / "other.tsv"
    other.write_text("\n".join(made(100, "다")))
    joined = read(f"{path},{other}", tmp_path)
    assert sizes(joined)["test"] == sizes(joined)["test-my"] + sizes(joined)["test-other"]
    assert list(joined.splits["test-other"].columns) == ["id", "text", "label"]
    assert (joined.splits["test"]["label2"] == "").sum() == sizes(joined)["test-other"]


def test_a_translator_is_scored_against_all(tmp_path, monkeypatch, capsys):
    """With the model and the page left out."""
    path = tmp_path / "a.tsv"
    rows = [f"책 {n}.\tBook {n}.\tThe book {n}." for n in range(5)]
    path.write_text("\n".join(["ko\tref1\tref2", *rows]))

    class Pieces:
        def encode(self, texts):
            return Ragged.from_lists([[2, 5, 6, 3]] * len(texts))

    def translated(settings, trained, model, sources):
        return [f"The book {n}." for n in range(len(sources))], np.zeros(len(sources))

    monkeypatch.setattr(evaluation, "load_pair_tokenizers", lambda folder: {"source": Pieces()})
    monkeypatch.setattr(evaluation, "trained_model", lambda *parts: None)
    monkeypatch.setattr(evaluation, "_translations", translated)
    monkeypatch.setattr(evaluation, "_report", lambda *parts, **more: None)
    trained = types.SimpleNamespace(
        prepared_folder=tmp_path,
        warnings=[],
        corpus=types.SimpleNamespace(origin=Origin("my.tsv", "my.tsv", "own")),
    )
    found = evaluation.evaluate_on(Settings(), trained, str(path), tmp_path)
    assert found.metrics["count"] == found.metrics["exact"] == 5
    assert "nrefs:2" in found.metrics["bleu_signature"]
    assert "2 references" in found.metrics["read_as"]
    assert "ref2" in capsys.readouterr().err
