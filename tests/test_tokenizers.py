"""Every kind of tokenizer: pieces, places, ids, sampling, and what lies on disk."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as Library
from tokenizers import models, pre_tokenizers

from pipeline.errors import UserError
from pipeline.normalize import normalize
from pipeline.text.compare import tokenizer_table
from pipeline.text.sampling import SegmentationSampler
from pipeline.text.tokenizers import KINDS, learn_tokenizer, load_tokenizer
from pipeline.text.vocabulary import BOS, EOS, SPECIALS, UNK, Vocabulary
from pipeline.text.wordpiece import WordPieceTokenizer
from pipeline.workspace import SAMPLES

with open(SAMPLES / "sentiment.tsv", encoding="utf-8", newline="") as _file:
    REVIEWS = [
        row["document"] for row in csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE)
    ]
UNSEEN = [
    "",
    " ",
    "뷁쀍은 뭐냐ㅋㅋㅋㅋ",
    "좋아요!!!최고👍🏽👍",
    "漢字와 café, NAVER.com",
    "\u1112\u1161\u11ab\u1100\u1173\u11af 영화",
    "아주 좋은영화를" * 60,
    "[PAD] [UNK] [BOS] ##나 </s> ▁ ▁밑줄",
    "매우 실망..... 끙..... 재밌다 !!!!!!",
]


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return learn_tokenizer(request.param, REVIEWS, 1500)


def rows(ragged) -> list[list[int]]:
    return [ragged.row(i).tolist() for i in range(len(ragged))]


def test_ids_are_the_ids_of_the_pieces(tokenizer):
    texts = REVIEWS[:200] + UNSEEN
    for text, ids in zip(texts, rows(tokenizer.encode(texts)), strict=True):
        pieces = [piece.text for piece in tokenizer.pieces(text)]
        assert ids == [BOS, *tokenizer.vocabulary.ids(pieces), EOS]


def test_an_empty_text_has_length_two(tokenizer):
    assert rows(tokenizer.encode(["", " \u200b\n"])) == [[BOS, EOS], [BOS, EOS]]
    assert rows(tokenizer.encode([])) == []


def test_places_are_those_of_the_text_as_given(tokenizer):
    for text in REVIEWS[:200] + UNSEEN:
        covered = "".join(text[piece.start : piece.end] for piece in tokenizer.pieces(text))
        assert normalize(covered) == normalize(text).replace(" ", "")
        for piece in tokenizer.pieces(text):
            surface = piece.text.removeprefix("##").replace("▁", "")
            if piece.text not in SPECIALS and piece.text != "##" and "▁" not in text:
                assert normalize(text[piece.start : piece.end]) == surface


def test_learning_again_gives_the_same_in_another_process(tokenizer, tmp_path):
    """Hash randomisation and thread timing must not reach the vocabulary."""
    program = (
        "import sys, json; from pathlib import Path\n"
        "from pipeline.text.tokenizers import learn_tokenizer\n"
        "kind, texts = json.load(sys.stdin)\n"
        "learn_tokenizer(kind, texts, 1500).save(Path(sys.argv[1]))"
    )
    tokenizer.save(tmp_path / "here")
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "there")],
        input=json.dumps([tokenizer.kind, REVIEWS]),
        text=True,
        check=True,
        capture_output=True,
    )
    here = {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()}
    there = {path.name: path.read_bytes() for path in (tmp_path / "there").iterdir()}
    assert here == there


def test_loading_gives_the_same_tokenizer(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    again = load_tokenizer(tmp_path)
    assert again.kind == tokenizer.kind
    assert again.parameters == tokenizer.parameters
    assert again.vocabulary == tokenizer.vocabulary == Vocabulary.load(tmp_path / "vocab.txt")
    assert rows(again.encode(UNSEEN)) == rows(tokenizer.encode(UNSEEN))


@given(
    st.lists(st.sampled_from(["재미있는", "영화를", "정말", " ", "보다", ".", "\n"])).map("".join)
)
def test_decoding_gives_the_text_back(text: str):
    tokenizer = _small("syllable")
    ids = tokenizer.encode([text]).ids
    if UNK not in ids:
        assert tokenizer.decode(ids) == normalize(text)


def test_sentencepiece_decodes_exactly_and_wordpiece_up_to_spaces():
    text = "정말 재미있는 영화였어요. 또 보고 싶다"
    ids = _small("sentencepiece").encode([text]).ids
    assert _small("sentencepiece").decode(ids) == text
    ids = _small("wordpiece").encode([text]).ids
    assert _small("wordpiece").decode(ids) == text.replace(".", " .")


_LEARNT: dict = {}


def _small(kind: str):
    if kind not in _LEARNT:
        _LEARNT[kind] = learn_tokenizer(kind, REVIEWS, 1500)
    return _LEARNT[kind]


def test_syllables_mark_what_continues_an_eojeol():
    tokenizer = learn_tokenizer("syllable", ["증권거래소에 가"] * 2, 100)
    pieces = [piece.text for piece in tokenizer.pieces("증권거래소에 가다!")]
    assert pieces == ["증", "##권", "##거", "##래", "##소", "##에", "가", "[UNK]", "[UNK]"]


def test_syllables_drop_rare_ones_and_break_ties_by_code_point():
    tokenizer = learn_tokenizer("syllable", ["나 가 다 다 라 " * 8 + "마"], 100)
    assert tokenizer.vocabulary.pieces[4:] == ("다", "가", "나", "라")


def test_one_strange_letter_is_one_unknown_piece():
    """In BERT the whole word would be [UNK]."""
    pieces = [piece.text for piece in _small("wordpiece").pieces("영화쀍영화")]
    assert pieces == ["영화", "[UNK]", "영화"]


def test_no_word_is_too_long():
    tokenizer = _small("wordpiece")
    (pieces,) = rows(tokenizer.encode(["영화" * 50_000 + "쀍 영화"]))
    assert pieces[1:-1].count(UNK) == 1
    assert tokenizer.decode(pieces) == "영화" * 50_000 + " [UNK] 영화"


def test_long_words_are_cut_as_short_ones_are():
    """From 257 characters on it is not the library that looks for matches."""
    tokenizer = _small("wordpiece")
    text = "".join(c for review in REVIEWS for c in review if c in tokenizer.vocabulary.joining)
    for length in (255, 256, 257, 258, 400):
        word = text[:length]
        theirs = tokenizer._library.encode(word, add_special_tokens=False).ids
        assert rows(tokenizer.encode([f"가 {word}!"]))[0][2:-2] == theirs
        assert tokenizer.vocabulary.ids([p for p, _, _ in tokenizer.segment(word)]) == theirs


def test_punctuation_stands_alone_and_never_joins():
    vocabulary = _small("wordpiece").vocabulary
    assert "." in vocabulary
    assert "##." not in vocabulary
    assert not [p for p in vocabulary.pieces[4:] if len(p.removeprefix("##")) > 1 and "." in p]


def test_every_joining_character_can_always_be_cut():
    tokenizer = _small("wordpiece")
    assert len(tokenizer.vocabulary.joining) > 200
    words = ["".join(pair) for pair in zip(*[iter(tokenizer.vocabulary.joining)] * 2, strict=False)]
    assert UNK not in tokenizer.encode(words).ids


def test_a_small_vocabulary_keeps_its_size_and_room_for_merges():
    vocabulary = learn_tokenizer("wordpiece", REVIEWS, 120).vocabulary
    assert len(vocabulary) == 120
    single = [piece for piece in vocabulary.pieces[4:] if len(piece.removeprefix("##")) == 1]
    assert 60 < len(single) <= 90


def test_wordpiece_takes_the_longest_match():
    """Against the textbook algorithm, written here once more in its plainest form."""
    vocabulary = set(_small("wordpiece").vocabulary.pieces)
    for word in {word for text in REVIEWS[:150] for word in _small("wordpiece").words(text)}:
        pieces, at = [], 0
        while at < len(word):
            prefix = "##" if at else ""
            fits = [e for e in range(len(word), at, -1) if prefix + word[at:e] in vocabulary]
            if not fits:
                pieces = ["[UNK]"]
                break
            pieces.append(prefix + word[at : fits[0]])
            at = fits[0]
        assert [piece for piece, _, _ in _small("wordpiece").segment(word)] == pieces


def test_merges_are_the_librarys_where_it_is_deterministic():
    """The trick with private-use characters changes nothing but the breaking of ties."""
    # Pair counts 16, 8, 4, ...: no two alike, so there is no tie to break.
    texts = ["다라마"] * 8 + ["다라"] * 8 + ["마바사"] * 4 + ["바사"] * 3
    from tokenizers.trainers import WordPieceTrainer

    library = Library(models.WordPiece(unk_token="[UNK]"))
    library.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    library.train_from_iterator(
        texts, WordPieceTrainer(vocab_size=60, special_tokens=[*SPECIALS], show_progress=False)
    )
    ours = learn_tokenizer("wordpiece", texts, 60, min_frequency=1).vocabulary.pieces
    theirs = {p for p in library.get_vocab() if len(p.removeprefix("##")) > 1}
    assert {p for p in ours[4:] if len(p.removeprefix("##")) > 1} == theirs - set(SPECIALS)


# ---- sampling


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
def test_draws_depend_on_seed_and_epoch_alone(kind: str):
    tokenizer = _small(kind)
    sampler = SegmentationSampler(tokenizer, REVIEWS, strength=0.3, seed=7)
    first, second = sampler.draw(0), sampler.draw(1)
    again = SegmentationSampler(tokenizer, REVIEWS, strength=0.3, seed=7).draw(1)
    other = SegmentationSampler(tokenizer, REVIEWS, strength=0.3, seed=8).draw(1)
    np.testing.assert_array_equal(second.ids, again.ids)
    np.testing.assert_array_equal(second.row_splits, again.row_splits)
    assert rows(first) != rows(second) != rows(other)
    program = (
        "import sys, json, hashlib\n"
        "from pathlib import Path\n"
        "from pipeline.text.sampling import SegmentationSampler\n"
        "from pipeline.text.tokenizers import load_tokenizer\n"
        "tokenizer = load_tokenizer(Path(sys.argv[1]))\n"
        "sampler = SegmentationSampler(tokenizer, json.load(sys.stdin), strength=0.3, seed=7)\n"
        "ids = sampler.draw(0).ids\n"
        "print(hashlib.sha256(ids.tobytes()).hexdigest())"
    )
    import hashlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(Path(folder))
        answer = subprocess.run(
            [sys.executable, "-c", program, folder],
            input=json.dumps(REVIEWS),
            text=True,
            check=True,
            capture_output=True,
        )
    assert answer.stdout.strip() == hashlib.sha256(first.ids.tobytes()).hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_samples_spell_the_same_text(kind: str):
    tokenizer = _small(kind)
    texts = REVIEWS[:100] + UNSEEN
    plain = tokenizer.encode(texts)
    sampled = SegmentationSampler(tokenizer, texts, strength=0.3, seed=1).draw(0)
    assert len(plain) == len(sampled)
    for a, b in zip(rows(plain), rows(sampled), strict=True):
        assert (b[0], b[-1]) == (BOS, EOS)
        assert tokenizer.decode(a) == tokenizer.decode(b)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_zero_is_no_sampling(kind: str):
    tokenizer = _small(kind)
    sampler = SegmentationSampler(tokenizer, REVIEWS, strength=0.0, seed=1)
    np.testing.assert_array_equal(sampler.draw(3).ids, tokenizer.encode(REVIEWS).ids)


def test_nearly_no_dropout_is_the_longest_match():
    """The sampler's own walk agrees with the library where chance plays no part."""
    tokenizer = _small("wordpiece")
    walked = SegmentationSampler(tokenizer, REVIEWS + UNSEEN, strength=1e-12, seed=1).draw(0)
    assert rows(walked) == rows(tokenizer.encode(REVIEWS + UNSEEN))


def test_full_dropout_is_single_characters():
    tokenizer = _small("wordpiece")
    sampler = SegmentationSampler(tokenizer, ["재미있는 영화"], strength=1.0, seed=1)
    ids = sampler.draw(0).ids
    assert tokenizer.vocabulary.ids([*"재", "##미", "##있", "##는", "영", "##화"]) == list(
        ids[1:-1]
    )


def test_dropout_refuses_as_often_as_it_says():
    vocabulary = Vocabulary([*SPECIALS, *"가나다", "##가", "##나", "##다", "가나다", "가나"])
    tokenizer = WordPieceTokenizer(vocabulary)
    sampler = SegmentationSampler(tokenizer, ["가나다"] * 40_000, strength=0.25, seed=3)
    counts = Counter(tuple(row) for row in rows(sampler.draw(0)))
    whole, two, three = (
        vocabulary.ids(p) for p in (["가나다"], ["가나", "##다"], ["가", "##나", "##다"])
    )
    expected = {tuple(whole): 0.75, tuple(two): 0.25 * 0.75, tuple(three): 0.25 * 0.25}
    assert len(counts) == 3
    for pieces, share in expected.items():
        # four standard deviations of a binomial share
        margin = 4 * (share * (1 - share) / 40_000) ** 0.5
        assert counts[(BOS, *pieces, EOS)] / 40_000 == pytest.approx(share, abs=margin)


def test_unigram_sampling_is_that_of_the_library():
    """Frequencies of whole segmentations against SentencePiece's own generator."""
    tokenizer, word, draws = _small("sentencepiece"), "재미있었습니다", 8000
    ours = Counter(
        tuple(row[1:-1])
        for row in rows(
            SegmentationSampler(tokenizer, [word] * draws, strength=0.3, seed=5).draw(0)
        )
    )
    theirs = Counter(
        tuple(tokenizer._library.encode(word, enable_sampling=True, alpha=0.3, nbest_size=-1))
        for _ in range(draws)
    )
    assert len(theirs) > 5
    for pieces, count in theirs.most_common(5):
        share = count / draws
        margin = 5 * (2 * share * (1 - share) / draws) ** 0.5
        assert ours[pieces] / draws == pytest.approx(share, abs=margin)


# ---- what a user can get wrong


def test_unknown_kind_lists_the_kinds():
    with pytest.raises(UserError, match="syllable, wordpiece, sentencepiece"):
        learn_tokenizer("bpe", REVIEWS, 1000)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_learn_from(kind: str):
    with pytest.raises(UserError, match="no text"):
        learn_tokenizer(kind, ["", " "], 1000)


@pytest.mark.parametrize("kind", ["syllable", "wordpiece"])
def test_nothing_occurs_often_enough(kind: str):
    with pytest.raises(UserError, match=r"nothing occurs 3 times.*lower --min-frequency"):
        learn_tokenizer(kind, ["가 나", "나 가 다"], 1000, min_frequency=3)
    assert len(learn_tokenizer(kind, ["가 나", "나 가 다"], 1000).vocabulary) > len(SPECIALS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tiny_corpus_gives_a_small_vocabulary(kind: str):
    tokenizer = learn_tokenizer(kind, ["가 나", "다"] * 3, 1000)
    assert len(tokenizer.vocabulary) < 30
    assert rows(tokenizer.encode([""])) == [[BOS, EOS]]
    assert tokenizer.decode(tokenizer.encode(["나 가"]).ids) == "나 가"


def test_too_few_pieces_for_the_alphabet():
    with pytest.raises(UserError, match="SentencePiece cannot learn 40 pieces"):
        learn_tokenizer("sentencepiece", REVIEWS, 40)
    assert len(_small("wordpiece").learn(REVIEWS, 40, 2).vocabulary) == 40


def test_damaged_folders_are_user_errors(tmp_path):
    with pytest.raises(UserError, match=r"tokenizer\.json"):
        load_tokenizer(tmp_path)
    _small("sentencepiece").save(tmp_path)
    settings = json.loads((tmp_path / "tokenizer.json").read_text("utf-8"))
    (tmp_path / "vocab.txt").write_text("\n".join([*SPECIALS, "가"]) + "\n", "utf-8")
    with pytest.raises(UserError, match="other pieces"):
        load_tokenizer(tmp_path)
    (tmp_path / "sentencepiece.model").write_bytes(b"no model")
    with pytest.raises(UserError, match="no SentencePiece model"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(settings | {"kind": "bpe"}), "utf-8")
    with pytest.raises(UserError, match="bpe"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[]", "utf-8")
    with pytest.raises(UserError, match="does not describe"):
        load_tokenizer(tmp_path)


def test_side_by_side_shows_unknown_pieces_as_they_are():
    shown = tokenizer_table(
        "재미있는 쀍", {"words": _small("wordpiece"), "syllables": _small("syllable")}
    )
    assert "[UNK]" in shown
    assert "##있" in shown
    assert "syllables" in shown
