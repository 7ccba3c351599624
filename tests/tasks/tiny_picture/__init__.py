"""tiny_picture: a picture in, a label out. Stripes lie or stand."""

from __future__ import annotations

from pipeline.fields import Labels, Picture
from pipeline.tasks.base import Task
from pipeline.tasks.tiny_picture.drawing import stripes
from pipeline.tasks.tiny_picture.settings import Settings

TASK = Task(
    name="tiny_picture",
    package=__name__,
    summary="a picture of stripes in, how they lie out",
    settings=Settings,
    input=Picture("image", "JPEG or PNG"),
    output=Labels("label", "가로 (they lie) or 세로 (they stand)"),
    example=lambda settings: stripes("세로", seed=0),
    tiny=Settings(),
    prepare_groups=("pictures",),
)
