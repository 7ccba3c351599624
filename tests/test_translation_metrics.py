"""Numbers about translations: held to sacreBLEU called directly, to brute force, to properties."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.evaluation import translation_scores
from pipeline.evaluation.translation import TranslationMetrics, evaluate_translations
from pipeline.evaluation.translation_scores import (
    SentenceCounts,
    bleu_interval,
    bleu_of,
    paired_bootstrap,
    scores_in_length_buckets,
    undefined,
)

KOREAN = [
    "톰은 외로워 보였어.",
    "나는 어제 책을 두 권 샀다.",
    "비가 올 것 같으니 우산을 가져가.",
    "네.",
]
ENGLISH = [
    "Tom looked lonely.",
    "I bought two books yesterday.",
    "It looks like rain, so take an umbrella with you.",
    "Yes.",
]
OUTPUT = [
    "Tom looked very lonely.",
    "I bought two books yesterday.",
    "It looks like it looks like it looks like rain.",
    "",
]
sentences = st.lists(
    st.sampled_from(
        ["the", "a", "tom", "톰은", "외로워", "looked", ",", ".", "lonely", "네", "don't", "3.5"]
    ),
    max_size=12,
).map(" ".join)
pairs = st.lists(st.tuples(sentences, sentences), min_size=1, max_size=8)


def measured(**others) -> TranslationMetrics:
    return evaluate_translations(KOREAN, ENGLISH, OUTPUT, **others)


@pytest.mark.parametrize(
    ("references", "translations", "tokenizer"),
    [(ENGLISH, OUTPUT, "13a"), (KOREAN, [*KOREAN[1:], KOREAN[0]], "char"), (KOREAN, OUTPUT, "zh")],
)
def test_scores_are_sacrebleus(references, translations, tokenizer):
    found = evaluate_translations(references, references, translations, target_tokenizer=tokenizer)
    bleu = sacrebleu.corpus_bleu(translations, [references], tokenize=tokenizer)
    chrf = sacrebleu.corpus_chrf(translations, [references])
    assert (found.bleu, found.chrf) == (bleu.score, chrf.score)
    assert found.bleu_precisions == tuple(bleu.precisions)
    assert (found.brevity_penalty, found.length_ratio) == (bleu.bp, bleu.ratio)
    assert f"tok:{tokenizer}|smooth:exp|version:{sacrebleu.__version__}" in found.bleu_signature
    assert "nrefs:1|case:mixed|eff:no" in found.bleu_signature
    assert "nc:6|nw:0|space:no" in found.chrf_signature


@given(pairs, st.sampled_from(["13a", "char"]))
def test_sums_of_sentences_give_the_corpus(pairs, tokenizer):
    translations, references = zip(*pairs, strict=True)
    counts = SentenceCounts.of(translations, references, tokenizer)
    whole = sacrebleu.corpus_bleu(translations, [references], tokenize=tokenizer)
    assert bleu_of(counts.bleu.sum(axis=0)) == whole.score
    for text, reference, score in zip(translations, references, counts.chrf, strict=True):
        assert score == sacrebleu.sentence_chrf(text, [reference]).score


def test_buckets_are_sacrebleus_on_their_sentences_and_sum_to_all():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 90, 300)
    chosen = rng.integers(0, 3, 300)
    references = [ENGLISH[i] for i in chosen]
    translations = [OUTPUT[i] if k % 3 else ENGLISH[i] for k, i in enumerate(chosen)]
    found = evaluate_translations(references, references, translations, source_lengths=lengths)
    assert sum(bucket.count for bucket in found.by_length) == 300
    for bucket in found.by_length:
        high = 10**9 if bucket.high is None else bucket.high
        inside = [i for i in range(300) if bucket.low <= lengths[i] <= high]
        texts, wanted = [translations[i] for i in inside], [references[i] for i in inside]
        expected = sacrebleu.corpus_bleu(texts, [wanted])
        assert bucket.count == len(inside)
        assert bucket.bleu == expected.score
        assert bucket.count < 10 or bucket.bleu_low <= bucket.bleu <= bucket.bleu_high
        assert bucket.length_ratio == expected.ratio
    assert [b.name for b in found.by_length][:2] == ["up to 5", "6–10"]
    assert found.by_length[-1].name == "over 60"
    assert found.long.count == (lengths > 15).sum()
    longer = np.flatnonzero(lengths > 15)
    expected = sacrebleu.corpus_bleu(
        [translations[i] for i in longer], [[references[i] for i in longer]]
    )
    assert found.long.bleu == expected.score


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60))
def test_every_sentence_is_in_exactly_one_bucket(lengths):
    n = len(lengths)
    counts = SentenceCounts(np.ones((n, 10), np.int64), np.zeros(n))
    found = scores_in_length_buckets(counts, np.array(lengths))
    assert sum(b.count for b in found) == n
    for bucket in found:
        high = math.inf if bucket.high is None else bucket.high
        assert bucket.count == sum(bucket.low <= length <= high for length in lengths) > 0


@given(st.lists(sentences.filter(lambda s: len(s.split()) >= 4), min_size=1, max_size=6))
def test_perfect_translations_score_100(texts):
    found = evaluate_translations(
        texts, texts, texts, source_lengths=[len(t.split()) for t in texts]
    )
    for score in (found.bleu, found.bleu_low, found.bleu_high, found.chrf):
        assert score == pytest.approx(100)
    assert found.length_ratio == found.brevity_penalty == 1
    assert found.exact == found.count == len(texts)
    assert found.copied == 0
    assert all(bucket.bleu == pytest.approx(100) for bucket in found.by_length)
    assert all(row.translations == row.references for row in found.repetition_by_order)


@pytest.mark.parametrize("translations", [["", ""], [" ", "\t"]])
def test_empty_translations_are_zero_and_counted(translations, caplog):
    found = evaluate_translations(KOREAN[:2], ENGLISH[:2], translations, source_lengths=[8, 9])
    assert found.bleu == found.bleu_low == found.bleu_high == found.chrf == 0
    assert found.length_ratio == found.repetition == 0
    assert found.empty == 2
    assert found.by_length[0].bleu == 0
    assert not caplog.records
    json.dumps(found.to_json(), allow_nan=False)


def test_an_empty_reference_does_no_harm():
    found = evaluate_translations(["네."], [""], ["Yes."], source_lengths=[2])
    assert found.bleu == 0
    assert found.by_length[0].length_ratio is None
    json.dumps(found.to_json(), allow_nan=False)


def test_a_bucket_without_any_four_words_has_no_bleu():
    found = evaluate_translations(
        ["네.", "아니."], ["Yes.", "No."], ["Yes.", "No."], source_lengths=[2, 3]
    )
    (bucket,) = found.by_length
    assert bucket.bleu is bucket.bleu_low is None
    assert bucket.chrf == 100
    assert found.bleu == 0  # as sacreBLEU has it
    assert not undefined(np.zeros(10))


@pytest.mark.parametrize(("n", "drawn"), [(9, False), (10, True)])
def test_a_handful_of_sentences_has_no_interval(n, drawn):
    texts = [ENGLISH[1]] * n
    (bucket,) = evaluate_translations(texts, texts, texts, source_lengths=[7] * n).by_length
    assert bucket.bleu == pytest.approx(100)
    assert (bucket.bleu_low is not None) == (bucket.bleu_high is not None) == drawn


def test_the_interval_is_repeatable_and_sacrebleus_up_to_chance():
    rng = np.random.default_rng(1)
    chosen = rng.integers(0, 3, 200)
    references = [ENGLISH[i] for i in chosen]
    translations = [OUTPUT[i] if k % 2 else ENGLISH[i] for k, i in enumerate(chosen)]
    first, again = (evaluate_translations(references, references, translations) for _ in range(2))
    assert (first.bleu_low, first.bleu_high) == (again.bleu_low, again.bleu_high)
    theirs = sacrebleu.BLEU().corpus_score(translations, [references], n_bootstrap=1000)
    half = (first.bleu_high - first.bleu_low) / 2
    assert half == pytest.approx(theirs._ci, rel=0.12)
    assert (first.bleu_high + first.bleu_low) / 2 == pytest.approx(theirs._mean, abs=half / 4)


def test_a_difference_is_known_better_than_the_scores():
    rng = np.random.default_rng(3)
    references = [ENGLISH[i] for i in rng.integers(0, 3, 150)]
    good = [text if k % 4 else OUTPUT[1] for k, text in enumerate(references)]
    worse = [text if k % 10 else text[: len(text) // 2] for k, text in enumerate(good)]
    first, second = (SentenceCounts.of(t, references, "13a").bleu for t in (good, worse))
    low, high = paired_bootstrap(first, second)
    gain = bleu_of(first.sum(axis=0)) - bleu_of(second.sum(axis=0))
    assert 0 < low < gain < high
    (one_low, one_high), (two_low, two_high) = bleu_interval(first), bleu_interval(second)
    assert two_high > one_low  # side by side, the scores could be equal
    assert high - low < min(one_high - one_low, two_high - two_low) / 2
    assert paired_bootstrap(second, first) == pytest.approx((-high, -low))
    assert paired_bootstrap(first, first) == (0, 0)


def test_repetition_counts_what_a_text_says_again():
    texts = ["a b a b a", "b a", ""]
    found = translation_scores.repetition(texts, ["c d", "c d", "c"], "none")
    # 1-grams: 7, of which a, b | b, a differ; 2-grams: ab ba ab ba | ba; 3-grams: aba bab aba
    assert [row.translations for row in found] == pytest.approx([3 / 7, 2 / 5, 1 / 3, 0])
    assert [row.references for row in found] == [0, 0, 0, 0]


@given(st.lists(sentences, min_size=1, max_size=5))
def test_repetition_is_one_less_the_share_of_different_ngrams(texts):
    for row in translation_scores.repetition(texts, texts, "none"):
        again = whole = 0
        for text in texts:
            words = text.split()
            grams = Counter(
                tuple(words[i : i + row.order]) for i in range(len(words) - row.order + 1)
            )
            again += sum(count - 1 for count in grams.values())
            whole += grams.total()
        assert row.translations == pytest.approx(again / whole if whole else 0)


def test_a_loop_shows_in_the_headline():
    found = measured()
    pairs = found.repetition_by_order[1]
    assert found.repetition == pairs.translations > pairs.references == 0


def test_samples_are_apart_and_in_order():
    n = 100
    references = [f"sentence number {k} of these is here" for k in range(n)]
    translations = [r if k % 2 else " ".join(r.split()[: k % 6]) for k, r in enumerate(references)]
    scores = -np.arange(n) / 7
    found = evaluate_translations([str(k) for k in range(n)], references, translations, scores)
    groups = (found.best, found.median, found.worst)
    assert [len(group) for group in groups] == [10, 10, 10]
    assert len({s.index for group in groups for s in group}) == 30
    assert min(s.chrf for s in found.best) >= max(s.chrf for s in found.median)
    assert min(s.chrf for s in found.median) >= max(s.chrf for s in found.worst)
    assert [s.chrf for s in found.worst] == sorted(s.chrf for s in found.worst)
    for sample in (*found.best, *found.worst):
        assert sample.translation == translations[sample.index]
        assert sample.score == scores[sample.index]
        expected = sacrebleu.sentence_chrf(sample.translation, [sample.reference]).score
        assert sample.chrf == expected
    # the median of all stands within the middle group
    both = zip(translations, references, strict=True)
    every = [sacrebleu.sentence_chrf(text, [wanted]).score for text, wanted in both]
    low, high = (f(s.chrf for s in found.median) for f in (min, max))
    assert low <= np.median(every) <= high


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_sentences_give_few_samples(n):
    found = evaluate_translations(KOREAN[:n], ENGLISH[:n], OUTPUT[:n])
    shown = [s.index for s in (*found.best, *found.median, *found.worst)]
    assert len(shown) == len(set(shown)) <= n
    assert len(found.best) >= 1


def test_the_worst_do_not_all_fail_alike():
    references = [f"sentence number {k}" for k in range(90)]
    translations = references[:60] + [""] * 22 + [f"x{k} e" for k in range(8)]
    found = evaluate_translations(references, references, translations)
    assert [s.translation for s in found.worst][:2] == ["", ""]
    assert len(found.worst) == 10
    assert len({s.translation for s in found.worst}) == 9
    assert [s.chrf for s in found.worst] == sorted(s.chrf for s in found.worst)


def test_copies_and_exact_answers_are_counted():
    found = evaluate_translations(["가 나", "OK", "다"], ["a b", "OK", "c"], ["가 나", "OK", "c"])
    assert (found.copied, found.exact, found.empty) == (1, 2, 0)


def test_json_comes_back_as_it_was():
    found = measured(
        scores=[-0.1, -0.2, -0.3, -0.4],
        source_lengths=[6, 9, 18, 2],
        losses={"teacher_forced": 1.5, "free_running": 2.25},
    )
    written = json.loads(json.dumps(found.to_json(), allow_nan=False, ensure_ascii=False))
    names = ["summary", "bleu", "chrf", "length_ratio", "repetition"]
    assert list(written)[:5] == names
    assert all(isinstance(written[name], float) for name in names[1:])
    assert TranslationMetrics.from_json(written) == found
    bare = measured()
    assert TranslationMetrics.from_json(bare.to_json()) == bare
    assert bare.long is bare.by_length is bare.losses is None
    for part in (f"BLEU {found.bleu:.2f}", found.bleu_signature, found.chrf_signature):
        assert part in found.summary


def test_what_cannot_be_measured_is_said():
    with pytest.raises(UserError, match="empty"):
        evaluate_translations([], [], [])
    with pytest.raises(ValueError, match="3 translations for 4 sources"):
        evaluate_translations(KOREAN, ENGLISH, OUTPUT[:3])
    with pytest.raises(ValueError, match="source_lengths"):
        measured(source_lengths=[1])
    with pytest.raises(UserError, match="13a, char"):
        measured(target_tokenizer="flores200")  # would download


def test_a_tokenizer_that_is_not_installed_is_the_users_to_mend(monkeypatch):
    def missing(**settings):
        raise RuntimeError("Korean tokenization requires extra dependencies")

    monkeypatch.setattr(translation_scores, "BLEU", missing)
    with pytest.raises(UserError, match="pip install") as error:
        translation_scores.bleu_metric("ko-mecab")
    assert "\n" not in str(error.value)
