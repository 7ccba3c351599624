"""captioning: a picture in, a sentence out (one to many)."""

from __future__ import annotations

from pipeline.fields import Picture, Text
from pipeline.fields.picture import PictureFile
from pipeline.tasks.base import Task
from pipeline.tasks.captioning.settings import TINY, CaptionLanguageSettings, Settings
from pipeline.workspace import SAMPLES

EXAMPLE = SAMPLES / "captioning" / "scene.png"
"""One of the scenes that the program draws."""


def example(settings: Settings) -> PictureFile:
    """A picture to try."""
    return PictureFile(None, EXAMPLE)


TASK = Task(
    name="captioning",
    package=__name__,
    summary="a picture in, a sentence that says what is on it (drawn scenes; or your own photos)",
    settings=Settings,
    input=Picture("image", "JPEG or PNG"),
    output=Text("caption", "what is on each picture", "label"),
    example=example,
    tiny=TINY,
    prepare_groups=("text",),
    target="caption",
    # Without the bounds of a caption's length, with which captions of dev are written in training.
    search_settings=("beam_size", "alpha", "min_length", "early_stopping"),
    asking=CaptionLanguageSettings,
)
