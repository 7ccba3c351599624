"""translation: a sentence in one language in, the other out (sequence to sequence)."""

from __future__ import annotations

from pipeline.fields import Text
from pipeline.tasks.base import Task
from pipeline.tasks.translation.settings import TINY, Settings, example

TASK = Task(
    name="translation",
    package=__name__,
    summary="a Korean sentence in, English out, or the other way (Tatoeba; or your own pairs)",
    settings=Settings,
    input=Text("text", "sentences as they were written, UTF-8"),
    output=Text("translation", "the best translation found, detokenised", "label"),
    example=example,
    tiny=TINY,
    prepare_groups=("text",),
    target="translate",
    # Without the bounds of a translation's length, with which dev is translated in training.
    search_settings=("beam_size", "alpha", "coverage", "min_length", "early_stopping", "n_best"),
)
