"""Sampling from a language model as a model, compiled like any other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from pipeline.decoding import SamplingOptions, SpecialIds, sample
from pipeline.models.generation_settings import GenerationSettings
from pipeline.models.language_model import LanguageModelSteps
from pipeline.text.characters import Characters, normalize_lines, to_text
from pipeline.text.ragged import Ragged
from pipeline.text.vocabulary import BOS, PAD, UNK


@keras.saving.register_keras_serializable("pipeline")
class Generate(keras.Model):
    """Continues prompts, one unit after the other.

    What a row says depends on its prompt, its number and the seed, not on the rows beside it.
    [UNK] is never said. [EOS] may be: after it the model begins another document.

    Args:
        language_model: what `pipeline.models.language_model.language_model` made; the weights are
            shared.
        generation: how units are drawn.

    Call arguments:
        {"ids": int32 [batch, time], right-padded, each opened by [BOS] and closed by nothing;
        "lengths": int32 [batch], [BOS] counted; "max_length": int32 [batch], units to say;
        "temperature": float32 scalar, 0 for the most probable unit at each step; "seed": int32
        scalar; and, where these are not all the rows that there are, "numbers": int32 [batch],
        which each is}.

    Returns:
        {"ids": int32 [batch, longest], what was said, right-padded; "scores": float32 [batch], its
        log probability in nats, under the model itself}.
    """

    def __init__(self, language_model: keras.Model, generation: GenerationSettings, **kwargs):
        super().__init__(**kwargs)
        self.language_model, self.generation = language_model, generation
        self.steps = LanguageModelSteps(language_model)
        # How much is to be said is known when it is asked: no shape for XLA.
        self.supports_jit = False
        self.built = True

    def call(self, inputs):
        state, last_ids = self.steps.start(inputs["ids"], inputs["lengths"])
        found = sample(
            self.steps.step,
            state,
            ops.shape(inputs["ids"])[0],
            SpecialIds(bos=last_ids, eos=-1, pad=PAD, never=(BOS, UNK)),
            SamplingOptions(
                seed=inputs["seed"],
                temperature=inputs["temperature"],
                top_k=self.generation.top_k,
                top_p=self.generation.top_p,
                numbers=inputs.get("numbers"),
            ),
            max_length=inputs["max_length"],
        )
        return {"ids": found.ids, "scores": found.scores}

    def get_config(self):
        return {
            **super().get_config(),
            "language_model": keras.saving.serialize_keras_object(self.language_model),
            "generation": dataclasses.asdict(self.generation),
        }

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config["language_model"])
        generation = GenerationSettings(**config["generation"])
        return cls(**{**config, "language_model": model, "generation": generation})


def continue_texts(
    generate: Generate,
    characters: Characters,
    prompts: Sequence[str],
    *,
    length: int,
    temperature: float = 1.0,
    seed: int = 1,
) -> list[str]:
    """Each prompt, under the text policy, followed by the model's continuation.

    With jamo the first that is said may still belong to the last syllable of the prompt.

    Args:
        prompts: as given; an empty one begins a document.
        length: characters to say, whatever the alphabet.
        temperature, seed: as of `Generate`.
    """
    prompts = [normalize_lines(prompt) for prompt in prompts]
    rows = Ragged.from_lists([[BOS, *characters.encode(prompt)] for prompt in prompts])
    width = int(rows.lengths.max(initial=1))
    ids = np.full((len(rows), width), PAD, np.int32)
    ids[np.arange(width) < rows.lengths[:, None]] = rows.ids
    said = generate.predict_on_batch(
        {
            "ids": ids,
            "lengths": rows.lengths.astype(np.int32),
            "max_length": np.full(len(rows), length * characters.most_units, np.int32),
            "temperature": np.float32(temperature),
            "seed": np.int32(seed),
        }
    )["ids"]
    return [
        to_text(prompt + characters.decode(row))[: len(prompt) + length]
        for prompt, row in zip(prompts, said, strict=True)
    ]
