"""The tagger asked in Python and in a graph: any texts in, entities with their places out."""

from __future__ import annotations

import unicodedata

import keras
import numpy as np
import pytest

from pipeline.corpora.annotated.entities import Entity
from pipeline.corpora.annotated.inline import parse_inline
from pipeline.export.tagger import export_tagger, load_tagger
from pipeline.models.settings import TaggerSettings
from pipeline.models.tagger import best_tags, recurrent_tagger, tag_texts
from pipeline.text.tags import TagSet
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.text.vocabulary import BOS, EOS
from pipeline.workspace import SAMPLES
from random_weights import randomized

TAGS = TagSet(("DT", "LC", "OG", "PS", "TI"))
TEXTS = [
    parse_inline(line).text
    for line in SAMPLES.joinpath("ner.txt").read_text(encoding="utf-8").splitlines()
]
ODD = ["", " \u200b", unicodedata.normalize("NFD", TEXTS[0]), f"  {TEXTS[1]}\t👨‍👩‍👧 {TEXTS[2]}"]


@pytest.fixture(scope="module")
def tokenizer():
    return learn_tokenizer("syllable", TEXTS, 2000)


@pytest.fixture(scope="module", params=["tags", "entities"])
def decoder(request, tokenizer) -> keras.Model:
    """Weights large enough that it finds something of each kind."""
    keras.utils.set_random_seed(3)
    settings = TaggerSettings(
        units=8, embedding_size=8, decoding=request.param, min_probability=0.2
    )
    model = recurrent_tagger(
        settings,
        vocabulary_size=len(tokenizer.vocabulary),
        tags=TAGS,
    )
    return best_tags(randomized(model, scale=1.0), settings)


def alone(decoder, tokenizer, text: str, most: int) -> list[Entity]:
    """The same, one part of one text at a time."""
    pieces, found = tokenizer.pieces(text), []
    for first in range(0, len(pieces), most - 2):
        part = pieces[first : first + most - 2]
        ids = np.array([[BOS, *tokenizer.vocabulary.ids([p.text for p in part]), EOS]], np.int32)
        tags = decoder.predict_on_batch({"ids": ids, "lengths": np.array([ids.size], np.int32)})
        names = [TAGS.names[tag] for tag in tags[0]]
        for place, (name, piece) in enumerate(zip(names[1:-1], part, strict=True)):
            # What began with [BOS] begins with the first piece.
            if name.startswith("B-") or (place == 0 and name.startswith("I-")):
                found.append(Entity(piece.start, piece.end, name[2:]))
            elif name.startswith("I-"):
                found[-1] = found[-1]._replace(end=piece.end)
    return found


@pytest.mark.parametrize("max_length", [256, 12])
def test_texts_together_in_parts_are_texts_alone(decoder, tokenizer, max_length):
    texts = [*ODD, *TEXTS[:8]]
    expected = [alone(decoder, tokenizer, text, max_length) for text in texts]
    assert {e.label for row in expected for e in row} == set(TAGS.labels)
    assert tag_texts(decoder, tokenizer, TAGS, texts, max_length=max_length) == expected


def test_the_graph_finds_what_python_finds(decoder, tokenizer, tmp_path):
    """With tags that no training has made likely: an entity may hold [BOS], each part's too."""
    export_tagger(decoder, tokenizer, TAGS, tmp_path, max_length=12)
    expected = tag_texts(decoder, tokenizer, TAGS, [*ODD, *TEXTS], max_length=12)
    assert load_tagger(tmp_path)([*ODD, *TEXTS]) == expected


def test_no_texts(decoder, tokenizer):
    assert tag_texts(decoder, tokenizer, TAGS, [], max_length=256) == []
