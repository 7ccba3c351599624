"""Beam search for captions as a model: features of pictures in, ids out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from pipeline.decoding import SearchOptions, SpecialIds, beam_search
from pipeline.errors import UserError
from pipeline.models.captioner import CaptionSteps
from pipeline.models.one_graph import predict_batch
from pipeline.models.search_settings import CaptionSearchSettings
from pipeline.pictures.features import PictureFeatures
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, EOS, PAD, UNK


@keras.saving.register_keras_serializable("pipeline")
class Caption(keras.Model):
    """The best caption of each picture that beam search finds.

    A row's answer does not depend on the rows beside it. [UNK] is never said.

    Args:
        captioner: what `pipeline.models.captioner.captioner` made; the weights are shared.
        search: how to search.
        begin: ids that a caption may begin with, one a language; [BOS] alone where there is one.
        attention: whether to return where each piece looked.

    Call arguments:
        {"features": float32 [batch, places, features], "language": int32 [batch], which of
        `begin`}.

    Returns:
        {"ids": int32 [batch, longest], right-padded, closed by [EOS] unless cut off; "lengths":
        int32 [batch], [EOS] counted; "scores": float32 [batch], log probability in nats divided
        by ((5 + length) / 6) ** alpha}; with `attention` also {"attention": float32 [batch,
        longest, places]}, 0 behind the end.

    Raises:
        UserError: attention of a captioner without any.
    """

    def __init__(
        self,
        captioner: keras.Model,
        search: CaptionSearchSettings,
        begin: Sequence[int] = (BOS,),
        attention: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.captioner, self.search, self.attention = captioner, search, attention
        self.begin = [int(id_) for id_ in begin]
        self.steps = CaptionSteps(captioner)
        if attention and not self.steps.attends:
            raise UserError(
                "this captioner has no attention", remedy="take --architecture attention"
            )
        if search.min_length >= search.longest_caption:
            raise UserError(
                f"--min-length {search.min_length} leaves no room for an end",
                where="command line",
                remedy=f"make it less than --longest-caption {search.longest_caption}",
            )
        self.options = SearchOptions(
            beam_size=search.beam_size,
            alpha=search.alpha,
            min_length=search.min_length,
            early_stopping=search.early_stopping,
            keep_attention=attention,
        )
        self.supports_jit = False
        self.built = True

    @property
    def input(self):
        """The inputs, as a functional model describes them."""
        described = self.captioner.input
        return {"features": described["features"], "language": described["picture"]}

    def call(self, inputs):
        features = inputs["features"]
        rows, places = ops.shape(features)[0], features.shape[1]
        first = ops.take(np.array(self.begin, np.int32), inputs["language"])
        special = SpecialIds(first, EOS, PAD, never=tuple({UNK, BOS, *self.begin}))
        found = beam_search(
            self.steps.step,
            self.steps.start(features),
            rows,
            special,
            self.options,
            max_length=self.search.longest_caption,
            source_mask=ops.ones((rows, places), "bool") if self.attention else None,
            constant=self.steps.constant,
        )
        best = {
            "ids": found.ids[:, 0],
            "lengths": found.lengths[:, 0],
            "scores": found.scores[:, 0],
        }
        return {**best, "attention": found.attention} if self.attention else best

    def get_config(self):
        return {
            **super().get_config(),
            "captioner": keras.saving.serialize_keras_object(self.captioner),
            "search": dataclasses.asdict(self.search),
            "begin": self.begin,
            "attention": self.attention,
        }

    @classmethod
    def from_config(cls, config):
        captioner = keras.saving.deserialize_keras_object(config["captioner"])
        search = CaptionSearchSettings(**config["search"])
        return cls(**{**config, "captioner": captioner, "search": search})


def caption_pictures(
    caption: Caption, features: PictureFeatures, languages: np.ndarray, batch_size: int = 32
) -> tuple[Ragged, np.ndarray]:
    """The captions of any number of pictures.

    Args:
        caption: the search.
        features: of the pictures.
        languages: int [pictures], which of `Caption.begin` each begins with.
        batch_size: pictures at once.

    Returns:
        The ids of every caption, [EOS] and all behind it left out, and float32 [pictures], their
        scores.
    """
    said, scores = [], [np.zeros(0, np.float32)]
    for first in range(0, len(features), batch_size):
        numbers = np.arange(first, min(first + batch_size, len(features)))
        inputs = {"features": features.take(numbers), "language": languages[numbers]}
        answer = predict_batch(caption, inputs)
        scores.append(answer["scores"])
        for ids, length in zip(answer["ids"], answer["lengths"], strict=True):
            said.append(ids[:length][ids[:length] != EOS])
    return Ragged.from_lists(said), np.concatenate(scores)
