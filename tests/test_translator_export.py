"""The exported translator is the one in Python, on any text, and needs none of our code."""

from __future__ import annotations

import csv
import dataclasses
import json
import unicodedata

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from graph_nodes import saved_operations
from pipeline.errors import UserError
from pipeline.export import translation_attention
from pipeline.export.graph_detokenize import GraphDetokenizer
from pipeline.export.split_batches import TRANSLATIONS_AT_ONCE
from pipeline.export.translator import export_translator, load_translator
from pipeline.models.search_settings import SearchSettings
from pipeline.models.seq2seq import translator
from pipeline.models.settings import TranslatorSettings
from pipeline.models.translate import Translate, translate_rows
from pipeline.text.tokenizers import KINDS, learn_tokenizer, load_tokenizer
from pipeline.text.vocabulary import BOS, EOS, PAD, SPECIALS, UNK
from pipeline.workspace import SAMPLES
from random_weights import randomized

with open(SAMPLES / "translation.tsv", encoding="utf-8", newline="") as _file:
    PAIRS = list(csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE))
KO, EN = ([pair[side] for pair in PAIRS] for side in ("ko", "en"))
MOST_PIECES = 40
SEARCH = SearchSettings(beam_size=3, alpha=0.8)
SMALL = {"units": 32, "embedding_size": 24, "layers": 1, "heads": 2, "feed_forward": 48}
CASES = {
    "attention": ("sentencepiece", "sentencepiece", {}),
    "transformer": ("wordpiece", "wordpiece", {"coverage": 0.2, "early_stopping": 2}),
}
ODD = [
    "",
    " ",
    "\u200b\t \u3000",
    "저는  커피를   좋아해요.",
    unicodedata.normalize("NFD", "저는 커피를 좋아해요."),
    "커피 ☕️ 👩‍👩‍👧 좋아 🏴󠁧󠁢󠁥󠁮󠁧󠁿!",
    "ქართული ภาษาไทย עברית हिन्दी 中文 𐍈",
    "\u2581▁_ [UNK] [EOS] ## ##a",
    "\x00\x01 \ud7ff \uffff \U0010ffff",
    "그는 커피보다 차를 더 좋아해요. " * 167,
    "가" * 3000,
]  # fmt: skip
assert len(ODD[-2]) >= 3000

FOREIGN = """
import importlib.util, json, sys
question, answer, *folders = sys.argv[1:]
assert importlib.util.find_spec("pipeline") is None
import tensorflow as tf, tensorflow_text
said, asked = [], tf.constant(json.load(open(question, encoding="utf-8")))
for folder in folders:
    found = tf.saved_model.load(folder).signatures["serving_default"](text=asked)
    translations = [text.decode("utf-8") for text in found["translation"].numpy()]
    said.append([translations, found["score"].numpy().tolist()])
json.dump(said, open(answer, "w", encoding="utf-8"))
assert not {name.split(".")[0] for name in sys.modules} & {"pipeline", "sentencepiece"}
"""


def random_translator(architecture: str, source, target) -> keras.Model:
    """Weights large enough that it says something else to everybody, and ends."""
    keras.utils.set_random_seed(3)
    model = translator(
        TranslatorSettings(architecture=architecture, **SMALL),
        source_vocabulary=len(source.vocabulary),
        target_vocabulary=len(target.vocabulary),
    )
    return randomized(model)


class Exported:
    """A translator in Python and as a SavedModel."""

    def __init__(self, architecture: str, folder):
        source_kind, target_kind, changed = CASES[architecture]
        search = dataclasses.replace(SEARCH, **changed)
        self.folder = folder / architecture
        self.source = learn_tokenizer(source_kind, KO, 600)
        self.target = learn_tokenizer(target_kind, EN, 500)
        model = random_translator(architecture, self.source, self.target)
        self.translate = Translate(model, search)
        self.told = export_translator(
            model, self.source, self.target, self.folder, max_length=MOST_PIECES, search=search
        )
        self.served = load_translator(self.folder)

    def in_python(self, texts: list[str]) -> tuple[list[str], np.ndarray]:
        rows = self.source.encode(texts).truncated(MOST_PIECES)
        found, scores = translate_rows(self.translate, rows)
        return [self.target.decode(found.row(i)) for i in range(len(found))], scores


@pytest.fixture(scope="module")
def all_exported(tmp_path_factory) -> dict[str, Exported]:
    folder = tmp_path_factory.mktemp("saved")
    return {architecture: Exported(architecture, folder) for architecture in CASES}


@pytest.fixture(params=CASES)
def exported(request, all_exported) -> Exported:
    return all_exported[request.param]


def test_graph_says_what_python_says(exported):
    texts = [*ODD, *KO[:40]]
    translations, scores = exported.served(texts)
    expected, expected_scores = exported.in_python(texts)
    assert translations == expected
    np.testing.assert_allclose(scores, expected_scores, atol=1e-4)
    # It does not say one thing to everybody, nor nothing.
    assert len(set(translations)) > 20
    assert len(list(filter(None, translations[3:]))) > 40
    assert all(score < 0 for score in scores[3:])


def test_nothing_comes_from_nothing(exported):
    assert exported.served(["", " \u200b"]) == (["", ""], [0.0, 0.0])
    assert exported.served([]) == ([], [])


def test_no_row_depends_on_the_others(exported):
    """Over several parts of the graph's own sorting, in any order."""
    texts = [*ODD, *KO[:60]]
    together, scores = exported.served(texts)
    for place in (0, 3, 5, 6, 10, 30, 65):
        alone, score = exported.served(texts[place : place + 1])
        assert alone == together[place : place + 1]
        np.testing.assert_allclose(score, scores[place : place + 1], atol=1e-4)
    backwards, _ = exported.served(texts[::-1])
    assert backwards == together[::-1]


def test_a_long_source_is_read_up_to_its_limit(exported):
    long = "그는 커피보다 차를 더 좋아해요. " * 30
    ids = exported.source.encode([long])
    assert ids.lengths[0] > MOST_PIECES
    kept = exported.source.decode(ids.row(0)[1 : MOST_PIECES - 1])
    again = exported.source.encode([kept])
    assert again.row(0).tolist() == ids.truncated(MOST_PIECES).row(0).tolist()
    assert exported.served([long, long + "아니요!"])[0] == exported.served([kept] * 2)[0]
    assert f"over {MOST_PIECES - 2} pieces" in " ".join(exported.told.limits)


def test_a_process_without_our_code_says_the_same(all_exported, warm_python, tmp_path):
    texts = [*ODD, *KO[:20]]
    (tmp_path / "question.json").write_text(json.dumps(texts), encoding="utf-8")
    folders = [exported.folder for exported in all_exported.values()]
    done = warm_python.run(FOREIGN, "question.json", "answer.json", *folders, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    for exported, (translations, scores) in zip(all_exported.values(), answers, strict=True):
        expected, expected_scores = exported.served(texts)
        assert translations == expected
        np.testing.assert_allclose(scores, expected_scores, atol=1e-5)


def test_what_lies_in_the_folder(exported):
    operations = saved_operations(exported.folder)
    assert "StaticRegexReplace" in operations
    assert not {op for op in operations if "cudnn" in op.lower() or "PyFunc" in op or "Xla" in op}
    assets = exported.folder / "assets.extra"
    assert load_tokenizer(assets).vocabulary == exported.source.vocabulary
    assert load_tokenizer(assets / "target").vocabulary == exported.target.vocabulary


def test_signature(all_exported):
    """And bytes that are no text are translated too."""
    exported = all_exported["attention"]
    assert exported.told.signatures == ("serving_default", "n_best", "attention")
    serve = tf.saved_model.load(str(exported.folder)).signatures["serving_default"]
    outputs = {n: (s.dtype.name, len(s.shape)) for n, s in serve.structured_outputs.items()}
    assert outputs == {"translation": ("string", 1), "score": ("float32", 1)}
    odd = [b"\xff\xfe", b"\xed\xa0\x80 a", b"caf\xe9"]
    answer = serve(text=tf.constant(odd))
    expected, _ = exported.in_python([raw.decode("utf-8", "replace") for raw in odd])
    assert [text.decode("utf-8") for text in answer["translation"].numpy()] == expected


def test_several_translations_of_a_text_and_none_too_short(tmp_path):
    source, target = (learn_tokenizer("wordpiece", side, 400) for side in (KO, EN))
    model = random_translator("attention", source, target)
    search = SearchSettings(beam_size=4, alpha=0.6, min_length=5, max_length_offset=8, n_best=3)
    told = export_translator(model, source, target, tmp_path, max_length=MOST_PIECES, search=search)
    assert told.signatures == ("serving_default", "n_best", "attention")
    assert "at least 5 pieces" in told.facts["search"]
    loaded = tf.saved_model.load(str(tmp_path)).signatures
    texts = [*KO[:40], ""]
    best = loaded["serving_default"](text=tf.constant(texts))
    several = loaded["n_best"](text=tf.constant(texts))
    said, scores = several["translation"].numpy(), several["score"].numpy()
    assert said.shape == scores.shape == (41, 3)
    np.testing.assert_array_equal(said[:, 0], best["translation"].numpy())
    np.testing.assert_allclose(scores[:, 0], best["score"].numpy(), atol=1e-4)
    assert (np.diff(scores[:40], axis=1) <= 0).all()
    assert said[40].tolist() == [b""] * 3
    assert scores[40].tolist() == [0.0, -np.inf, -np.inf]
    # What the beam finds in Python, row by row, n by n; all of a row are distinct.
    translate = Translate(model, search)
    rows = source.encode(texts[:40]).truncated(MOST_PIECES)
    for number in range(0, 40, 9):
        ids = rows.row(number)[None]
        found = translate.predict_on_batch({"ids": ids, "lengths": np.array([ids.shape[1]])})
        every = [found["ids"][0, n, : found["lengths"][0, n]].tolist() for n in range(3)]
        assert [target.decode(ids) for ids in every] == [s.decode() for s in said[number]]
        np.testing.assert_allclose(found["scores"][0], scores[number], atol=1e-4)
        assert len({tuple(ids) for ids in every}) == 3
        assert min(map(len, every)) > 5
    with pytest.raises(UserError, match="--n-best must be at most --beam-size 2, not 3"):
        Translate(model, SearchSettings(beam_size=2, n_best=3))


def test_the_pieces_of_a_translation_and_where_they_looked(exported):
    """Whatever the search counts as covered; over several parts, beside an empty text."""
    texts = [*KO[:40], "", ODD[3]]
    ask = tf.saved_model.load(str(exported.folder)).signatures["attention"]
    found = {name: values.numpy() for name, values in ask(text=tf.constant(texts)).items()}
    translations, scores = exported.served(texts)
    assert [text.decode("utf-8") for text in found["translation"]] == translations
    np.testing.assert_allclose(found["score"], scores, atol=1e-5)
    target = [b"".join(row).decode("utf-8") for row in found["target"]]
    assert [text.removeprefix(" ") for text in target] == translations
    rows = exported.source.encode(texts).truncated(MOST_PIECES)
    for number, source in enumerate(found["source"]):
        ids = rows.row(number).tolist()
        read = [piece.decode("utf-8") for piece in source if piece]
        assert (read[0], read[-1]) == ("[BOS]", "[EOS]")
        assert "".join(read[1:-1]).removeprefix(" ") == exported.source.decode(ids)
    written, real = found["target"] != b"", found["source"] != b""
    assert found["attention"].shape == (*written.shape, real.shape[1])
    np.testing.assert_allclose(found["attention"].sum(axis=2), written, atol=1e-5)
    assert not found["attention"][~(written[:, :, None] & real[:, None, :])].any()
    # They are those that the search in Python gives of a row alone.
    looking = Translate(exported.translate.translator, exported.translate.search, attention=True)
    ids = rows.row(7)[None]
    alone = looking.predict_on_batch({"ids": ids, "lengths": np.array([ids.shape[1]])})
    length = int(written[7].sum())
    got = found["attention"][7, :length, : ids.shape[1]]
    np.testing.assert_allclose(got, alone["attention"][0, :length], atol=1e-4)
    assert {len(values) for values in ask(text=tf.constant([], tf.string)).values()} == {0}


def test_a_table_of_attention_that_takes_too_much_memory_is_refused(exported, monkeypatch):
    detokenizer = GraphDetokenizer(exported.target)
    monkeypatch.setattr(translation_attention, "MOST_NUMBERS", 100)
    looking = Translate(exported.translate.translator, exported.translate.search, attention=True)
    rows = tf.ragged.constant([exported.source.encode([KO[0]]).row(0).tolist()] * 2, tf.int32)
    answer = translation_attention.translation_attention(
        looking, GraphDetokenizer(exported.source), detokenizer, TRANSLATIONS_AT_ONCE
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="give fewer texts at once"):
        answer(rows)


def test_a_source_cut_into_morphemes_is_served_by_ids(tmp_path):
    pytest.importorskip("mecab")
    source = learn_tokenizer("syllable", KO[:200], 300, morphemes="mecab")
    target = learn_tokenizer("wordpiece", EN[:200], 200)
    model = random_translator("rnn", source, target)
    search = SearchSettings(beam_size=2, alpha=0.0, max_length_offset=3, n_best=1)
    told = export_translator(model, source, target, tmp_path, max_length=12, search=search)
    assert told.signatures == ("ids",)
    assert "mecab" in told.facts["source pieces"]
    served = load_translator(tmp_path)
    texts = ["", *ODD[3:6], *KO[:12]]
    rows = source.encode(texts).truncated(12)
    assert rows.lengths.max() == 12
    found, scores = translate_rows(Translate(model, search), rows)
    translations, served_scores = served(texts)
    assert translations == [target.decode(found.row(i)) for i in range(len(found))]
    np.testing.assert_allclose(served_scores, scores, atol=1e-4)
    assert served([]) == ([], [])


@pytest.fixture(scope="module", params=KINDS)
def target(request):
    """A tokenizer and the graph of its `decode`."""
    tokenizer = learn_tokenizer(request.param, EN, 500)
    spec = tf.RaggedTensorSpec([None, None], tf.int32)
    return tokenizer, tf.function(GraphDetokenizer(tokenizer), input_signature=[spec])


@given(data=st.data())
def test_any_ids_become_the_same_text(target, data):
    """Specials anywhere, pieces that continue a word in front, one space only taken away."""
    tokenizer, graph = target
    piece = st.one_of(
        st.sampled_from([PAD, UNK, BOS, EOS]), st.integers(0, len(tokenizer.vocabulary) - 1)
    )
    rows = data.draw(st.lists(st.lists(piece, max_size=8), min_size=1, max_size=6))
    flat = tf.constant([id_ for row in rows for id_ in row], tf.int32)
    ragged = tf.RaggedTensor.from_row_lengths(flat, [len(row) for row in rows])
    said = [text.decode("utf-8") for text in graph(ragged).numpy()]
    assert said == [tokenizer.decode(row) for row in rows]


def test_a_space_of_its_own_is_a_piece_like_others():
    tokenizer = learn_tokenizer("sentencepiece", EN[:300], 200)
    graph = GraphDetokenizer(tokenizer)
    mark = tokenizer.vocabulary.id("\u2581")
    assert mark != UNK
    ids = [[mark, mark, UNK], [mark], []]
    said = [text.decode("utf-8") for text in graph(tf.ragged.constant(ids, tf.int32)).numpy()]
    assert said == [tokenizer.decode(row) for row in ids] == [f" {SPECIALS[UNK]}", "", ""]


# ---- the search as a model


def test_the_search_survives_json(all_exported):
    exported = all_exported["attention"]
    config = json.dumps(keras.saving.serialize_keras_object(exported.translate))
    again = keras.saving.deserialize_keras_object(json.loads(config), safe_mode=True)
    again.set_weights(exported.translate.get_weights())
    rows = exported.source.encode(KO[:8])
    (found, scores), (expected, expected_scores) = (
        translate_rows(model, rows) for model in (again, exported.translate)
    )
    assert found.ids.tolist() == expected.ids.tolist()
    np.testing.assert_allclose(scores, expected_scores, atol=1e-5)


def test_no_translation_is_longer_than_its_source_allows(all_exported):
    exported = all_exported["attention"]
    model = exported.translate.translator
    short = Translate(
        model, SearchSettings(beam_size=2, max_length_factor=0.5, max_length_offset=1)
    )
    rows = exported.source.encode(["", *KO[:30]])
    found, _ = translate_rows(short, rows, batch_size=8)
    bounds = [short.bound(int(n) - 2) for n in rows.lengths]
    assert bounds[0] == 0
    assert all(n <= bound for n, bound in zip(found.lengths, bounds, strict=True))
    assert any(n == bound > 0 for n, bound in zip(found.lengths, bounds, strict=True))


def test_attention_is_told_where_there_is_some(exported):
    model = exported.translate.translator
    if "memory" not in {layer.name for layer in model.layers}:
        for search, attention in ((SEARCH, True), (SearchSettings(coverage=0.1), False)):
            with pytest.raises(UserError, match="has no attention"):
                Translate(model, search, attention)
        return
    rows = exported.source.encode(KO[:5])
    width = int(rows.lengths.max())
    ids = np.zeros((5, width), np.int32)
    for row, length in enumerate(rows.lengths):
        ids[row, :length] = rows.row(row)
    inputs = {"ids": ids, "lengths": rows.lengths.astype(np.int32)}
    plain = Translate(model, SEARCH).predict_on_batch(inputs)
    answer = Translate(model, SEARCH, attention=True).predict_on_batch(inputs)
    np.testing.assert_array_equal(answer["ids"], plain["ids"])
    for attention, length, source in zip(
        answer["attention"], answer["lengths"], rows.lengths, strict=True
    ):
        np.testing.assert_allclose(attention[:length, :source].sum(axis=1), 1.0, atol=1e-5)
        assert not attention[length:].any()
        assert not attention[:, source:].any()


def test_no_room_for_a_piece(all_exported):
    search = SearchSettings(max_length_factor=0.0, max_length_offset=0)
    with pytest.raises(UserError, match="leave no room for a piece"):
        Translate(all_exported["attention"].translate.translator, search)
