"""The captioner: batches, teacher forcing and steps, attention, search."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches.captions import CaptionBatches
from pipeline.errors import UserError
from pipeline.layers.recurrent_decoder import unevenness
from pipeline.models.caption import Caption, caption_pictures
from pipeline.models.captioner import CaptionSteps, begin_ids, captioner
from pipeline.models.search_settings import CaptionSearchSettings
from pipeline.models.settings import CaptionerSettings
from pipeline.pictures.features import PictureFeatures
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, PAD, UNK
from pipeline.training.losses import PieceCrossEntropy

PLACES, WIDTH, VOCABULARY = 4, 6, 11
SMALL = {"units": 8, "embedding_size": 5}


def some_features(pictures: int) -> PictureFeatures:
    stored = np.random.default_rng(0).normal(size=(pictures, PLACES, WIDTH)).astype(np.float16)
    return PictureFeatures(stored, np.arange(pictures))


def built(languages: int = 1, spread: float = 0.6, **settings) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = captioner(
        CaptionerSettings(**{**SMALL, **settings}),
        vocabulary=VOCABULARY,
        languages=languages,
        features=(PLACES, WIDTH),
    )
    for weight in model.trainable_weights if spread else ():
        # Far from flat, so that mistakes are seen.
        weight.assign(np.random.default_rng(3).normal(scale=spread, size=weight.shape))
    return model


CAPTIONS = Ragged.from_lists(
    [[BOS, 5, 6, 7, EOS], [BOS, 8, EOS], [BOS, 9, 10, EOS], [BOS, 4, 4, 4, 5, EOS]]
)
PICTURES = np.array([0, 0, 1, 2])


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.integers(1, 7),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_every_caption_is_in_an_epoch_once(pictures, batch_size, together, epoch):
    captions = Ragged.from_lists([[BOS, 4 + n % 6, EOS] for n in range(len(pictures))])
    of = np.array(pictures)
    arguments = (some_features(6), captions, of, batch_size)
    batches = CaptionBatches(*arguments, together=together, seed=1, epoch=epoch)
    rows = np.concatenate(batches.batch_rows)
    assert sorted(rows) == list(range(len(pictures)))
    assert len(batches) == len(CaptionBatches(*arguments, together=together, seed=1, epoch=0))
    again = CaptionBatches(*arguments, together=together, seed=1, epoch=epoch)
    np.testing.assert_array_equal(rows, np.concatenate(again.batch_rows))
    for number, (inputs, targets) in enumerate(batches):
        own = of[batches.batch_rows[number]]
        shown = some_features(6).take(own)
        np.testing.assert_array_equal(inputs["features"][inputs["picture"]], shown)
        assert targets.shape == inputs["target_ids"].shape


def test_what_is_read_and_what_is_said():
    (inputs, targets), *_ = CaptionBatches(some_features(3), CAPTIONS, PICTURES, 10)
    np.testing.assert_array_equal(inputs["target_ids"][0], [BOS, 5, 6, 7, PAD])
    np.testing.assert_array_equal(targets[0], [5, 6, 7, EOS, -1])
    np.testing.assert_array_equal(inputs["target_lengths"], [4, 2, 3, 5])
    np.testing.assert_array_equal(inputs["picture"], [0, 0, 1, 2])


SHAPES = [
    {},
    {"architecture": "rnn", "cell": "gru"},
    {"attention": "general", "layers": 2, "tied_softmax": False},
    {"input_feeding": True},
]


@pytest.mark.parametrize("settings", SHAPES)
def test_steps_are_teacher_forcing(settings):
    """One piece at a time gives the logits of all at once, and padding changes nothing."""
    model, features = built(**settings), some_features(3)
    (inputs, _), *_ = CaptionBatches(features, CAPTIONS, PICTURES, 10)
    expected = np.asarray(keras.ops.log_softmax(model(inputs, training=False)))
    steps = CaptionSteps(model)
    state = steps.start(features.take(PICTURES))
    for position in range(5):
        log_probs, state, weights = steps.step(inputs["target_ids"][:, position], state, position)
        real = inputs["target_lengths"] > position
        np.testing.assert_allclose(log_probs[real], expected[real, position], atol=1e-5)
        assert (weights is None) == (settings.get("architecture") == "rnn")
        if weights is not None:
            np.testing.assert_allclose(keras.ops.sum(weights, axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize("settings", SHAPES[:2])
def test_a_greedy_caption_is_what_teacher_forcing_prefers(settings):
    model, features = built(**settings), some_features(3)
    search = CaptionSearchSettings(beam_size=1, alpha=0, longest_caption=6)
    said, scores = caption_pictures(Caption(model, search), features, np.zeros(3, int))
    for row in range(3):
        ids = [BOS]
        total = 0.0
        for _ in range(6):
            given_ids = {
                "features": features.take([row]),
                "picture": np.zeros(1, np.int32),
                "target_ids": np.array([ids], np.int32),
                "target_lengths": np.array([len(ids)], np.int32),
            }
            logits = model(given_ids, training=False)[0, -1]
            log_p = np.array(keras.ops.log_softmax(logits))
            allowed = log_p.copy()
            allowed[[PAD, UNK, BOS]] = -np.inf
            best = int(allowed.argmax())
            total += log_p[best]
            ids.append(best)
            if best == EOS:
                break
        expected = [id_ for id_ in ids[1:] if id_ != EOS]
        assert said.row(row).tolist() == expected
        assert scores[row] == pytest.approx(total, abs=1e-4)


def test_attention_of_a_caption_adds_up_to_one():
    model, features = built(), some_features(2)
    search = CaptionSearchSettings(beam_size=2, longest_caption=5)
    found = Caption(model, search, attention=True).predict_on_batch(
        {"features": features.take([0, 1]), "language": np.zeros(2, np.int32)}
    )
    for row in range(2):
        length = found["lengths"][row]
        np.testing.assert_allclose(found["attention"][row, :length].sum(axis=-1), 1, atol=1e-5)
        assert (found["attention"][row, length:] == 0).all()


def test_a_language_begins_a_caption_and_is_never_said():
    model, features = built(languages=2), some_features(4)
    begin = begin_ids(VOCABULARY, 2)
    assert model.output_shape[-1] == VOCABULARY + 2
    search = CaptionSearchSettings(beam_size=3, longest_caption=7)
    caption = Caption(model, search, begin)
    (first, first_scores), (second, second_scores), (mixed, scores) = (
        caption_pictures(caption, features, np.array(languages))
        for languages in ([0] * 4, [1] * 4, [0, 1, 0, 1])
    )
    assert max(first.ids.max(), second.ids.max()) < VOCABULARY
    assert not np.allclose(first_scores, second_scores)
    np.testing.assert_allclose(scores[::2], first_scores[::2], atol=1e-5)
    np.testing.assert_allclose(scores[1::2], second_scores[1::2], atol=1e-5)
    for row, of in enumerate([first, second, first, second]):
        assert mixed.row(row).tolist() == of.row(row).tolist()


def test_even_attention_is_a_loss_of_training_alone():
    model, plain = built(even_attention=0.5, state_dropout=0), built(state_dropout=0)
    (inputs, _), *_ = CaptionBatches(some_features(3), CAPTIONS, PICTURES, 10)
    model(inputs, training=False)
    assert not model.losses
    model(inputs, training=True)
    assert len(model.losses) == 1
    assert float(model.losses[0]) > 0
    np.testing.assert_allclose(model(inputs, training=False), plain(inputs, training=False))


def test_unevenness_by_hand():
    weights = np.array([[[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]], "float32")
    # Two real steps, three places: paid 1.5, 0.5, 0 -> 0.25 + 0.25 + 1, for a step.
    assert float(unevenness(weights, np.array([3]), np.array([2]))) == pytest.approx(1.5 / 2)
    # Of two places only: what is beyond the source does not count.
    assert float(unevenness(weights, np.array([2]), np.array([2]))) == pytest.approx(0.5 / 2)


def test_settings_that_do_not_go_together():
    with pytest.raises(UserError, match="even-attention"):
        built(even_attention=1.0, input_feeding=True)
    with pytest.raises(UserError, match="no attention"):
        Caption(built(architecture="rnn"), CaptionSearchSettings(), attention=True)
    with pytest.raises(UserError, match="min-length"):
        Caption(built(), CaptionSearchSettings(min_length=9, longest_caption=5))


def test_it_learns_by_heart():
    """A few captions of a few pictures, told apart by what is in the pictures."""
    dry = {"feature_dropout": 0.0, "embedding_dropout": 0.0, "state_dropout": 0.0}
    model, features = built(spread=0, **dry), some_features(3)
    captions = Ragged.from_lists([[BOS, 5, 6, 7, EOS], [BOS, 9, 10, EOS], [BOS, 4, 4, 8, EOS]])
    ((inputs, targets),) = CaptionBatches(features, captions, np.arange(3), 10)
    model.compile(keras.optimizers.Adam(0.03), PieceCrossEntropy(), jit_compile=False)
    for _ in range(150):
        model.train_on_batch(inputs, targets)
    search = CaptionSearchSettings(beam_size=2, longest_caption=8)
    said, _ = caption_pictures(Caption(model, search), features, np.zeros(3, int))
    assert [said.row(row).tolist() for row in range(3)] == [[5, 6, 7], [9, 10], [4, 4, 8]]
