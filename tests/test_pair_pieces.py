"""Sentence pairs as pieces: a vocabulary for each side, or one for both."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.text.morphemes import MorphemeAnalyzer
from pipeline.text.pair_pieces import (
    SIDES,
    load_pair_tokenizers,
    training_segmentations,
    write_pair_pieces,
)
from pipeline.text.ragged import Ragged
from pipeline.text.settings import PairTextSettings, check_pair_morphemes
from pipeline.text.vocabulary import UNK
from pipeline.workspace import SAMPLES

with open(SAMPLES / "translation.tsv", encoding="utf-8", newline="") as _file:
    PAIRS = list(csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE))[:240]
# "ㅎ" and "Q" stand in dev alone.
SPLITS = {"train": slice(0, 200), "dev": slice(200, 240)}
TEXTS = {
    side: {split: [pair[column] for pair in PAIRS[rows]] for split, rows in SPLITS.items()}
    for side, column in (("source", "ko"), ("target", "en"))
}
TEXTS["source"]["dev"] = [f"ㅎ {text}" for text in TEXTS["source"]["dev"]]
TEXTS["target"]["dev"] = [f"Q {text}" for text in TEXTS["target"]["dev"]]
HANGUL, LATIN = re.compile("[가-힣]"), re.compile("[a-z]")
CHOSEN = PairTextSettings(vocabulary_size=500, max_length=12)


def joint(**changed) -> PairTextSettings:
    return PairTextSettings(**{**vars(CHOSEN), "joint": True, **changed})


@pytest.mark.parametrize("settings", [CHOSEN, joint()], ids=["apart", "joint"])
def test_every_split_is_cut_with_what_train_taught(settings, tmp_path):
    pieces = write_pair_pieces(settings, TEXTS, tmp_path)
    tokenizers = load_pair_tokenizers(tmp_path)
    for side in SIDES:
        known = tokenizers[side].vocabulary.pieces
        assert pieces.sizes[side] == len(known)
        assert not [piece for piece in known if "ㅎ" in piece or "Q" in piece]
        for split, texts in TEXTS[side].items():
            whole = tokenizers[side].encode(texts)
            found = Ragged.load(tmp_path / f"{split}.{side}")
            expected = whole.truncated(12)
            np.testing.assert_array_equal(found.ids, expected.ids)
            np.testing.assert_array_equal(found.row_splits, expected.row_splits)
            assert pieces.tokens[side][split] == len(whole.ids)
            assert pieces.truncated[side][split] == (whole.lengths > 12).sum()
    assert sum(pieces.truncated[side]["train"] for side in SIDES) > 0


def test_a_vocabulary_of_its_own_or_one_for_both(tmp_path):
    apart = write_pair_pieces(CHOSEN, TEXTS, tmp_path / "apart")
    together = write_pair_pieces(joint(), TEXTS, tmp_path / "joint")
    source, target = (load_pair_tokenizers(tmp_path / "apart")[side].vocabulary for side in SIDES)
    assert LATIN.search("".join(target.pieces[4:]))
    assert not HANGUL.search("".join(target.pieces))
    assert not LATIN.search("".join(source.pieces[4:]))
    assert "source" in apart.summary
    assert "target" in apart.summary

    both = load_pair_tokenizers(tmp_path / "joint")
    assert both["source"].vocabulary == both["target"].vocabulary
    pieces = "".join(both["source"].vocabulary.pieces)
    assert HANGUL.search(pieces)
    assert LATIN.search(pieces)
    assert together.sizes["source"] == together.sizes["target"] <= 500
    assert "for both sides" in together.summary
    # An id means the same on both sides, and the other side's text is no unknown.
    for text in (TEXTS["source"]["train"][7], TEXTS["target"]["train"][7]):
        one, other = (both[side].encode([text]).ids.tolist() for side in SIDES)
        assert one == other
        assert UNK not in one


@pytest.mark.parametrize("pieces", ["sentencepiece", "wordpiece"])
@pytest.mark.parametrize("settings", [{}, {"joint": True}], ids=["apart", "joint"])
def test_segmentations_are_drawn_anew_each_epoch(pieces, settings, tmp_path):
    chosen = PairTextSettings(**{**vars(CHOSEN), "pieces": pieces, **settings})
    write_pair_pieces(chosen, TEXTS, tmp_path)
    tokenizers = load_pair_tokenizers(tmp_path)
    for side in SIDES:
        draw = training_segmentations(tmp_path, side, chosen, strength=0.2, seed=1)
        again = training_segmentations(tmp_path, side, chosen, strength=0.2, seed=1)
        first, second = draw(0), draw(1)
        np.testing.assert_array_equal(first.ids, again(0).ids)
        assert not np.array_equal(first.ids, second.ids)
        assert first.lengths.max() == 12
        short = int(np.argmin(first.lengths))
        plain = Ragged.load(tmp_path / f"train.{side}")
        assert [tokenizers[side].decode(of.row(short).tolist()) for of in (first, second)] == [
            tokenizers[side].decode(plain.row(short).tolist())
        ] * 2
        still = training_segmentations(tmp_path, side, chosen, strength=0.0, seed=1)
        np.testing.assert_array_equal(still(5).ids, plain.ids)


def test_syllables_are_cut_one_way_only(tmp_path):
    chosen = joint(pieces="syllable")
    write_pair_pieces(chosen, TEXTS, tmp_path)
    draw = training_segmentations(tmp_path, "source", chosen, strength=0.2, seed=1)
    np.testing.assert_array_equal(draw(3).ids, Ragged.load(tmp_path / "train.source").ids)


def test_morphemes_stand_in_front_of_the_source_alone(tmp_path):
    pytest.importorskip("mecab", reason="python-mecab-ko has no wheel for this machine")
    chosen = PairTextSettings(**{**vars(CHOSEN), "morphemes": "mecab"})
    pieces = write_pair_pieces(chosen, TEXTS, tmp_path)
    tokenizers = load_pair_tokenizers(tmp_path)
    assert [tokenizers[side].morphemes for side in SIDES] == ["mecab", None]
    assert pieces.sizes["source"] == len(tokenizers["source"].vocabulary)
    morphs = MorphemeAnalyzer("mecab").morphs
    texts = TEXTS["source"]["train"]
    cut = (tmp_path / "source.train.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert cut == [" ".join(morphs(text)) for text in texts] != texts
    english = (tmp_path / "target.train.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert english == TEXTS["target"]["train"]
    for side in SIDES:
        rows = tokenizers[side].encode(TEXTS[side]["dev"])
        found = Ragged.load(tmp_path / f"dev.{side}")
        np.testing.assert_array_equal(found.ids, rows.truncated(12).ids)
    # Each epoch cuts the morphemes anew, and never across them.
    draw = training_segmentations(tmp_path, "source", chosen, strength=0.2, seed=1)
    first, second = draw(0), draw(1)
    assert not np.array_equal(first.ids, second.ids)
    short = int(np.argmin(first.lengths))
    assert tokenizers["source"].decode(first.row(short).tolist()) == cut[short]


@pytest.mark.parametrize(
    ("chosen", "direction", "expected"),
    [
        (joint(morphemes="okt"), "ko-en", "--morphemes okt and --joint do not go together"),
        (joint(morphemes="okt"), "en-ko", "--morphemes okt and --joint do not go together"),
        (PairTextSettings(morphemes="kkma"), "en-ko", "wants Korean as the source, not en-ko"),
    ],
)
def test_morphemes_where_they_cannot_be(chosen, direction, expected):
    with pytest.raises(UserError, match=expected):
        check_pair_morphemes(chosen, direction)
    check_pair_morphemes(PairTextSettings(morphemes="kkma"), "ko-en")
    check_pair_morphemes(joint(), "en-ko")


def test_pieces_that_are_gone(tmp_path):
    write_pair_pieces(CHOSEN, TEXTS, tmp_path)
    (tmp_path / "target" / "vocab.txt").unlink()
    with pytest.raises(UserError, match="target"):
        load_pair_tokenizers(tmp_path)
