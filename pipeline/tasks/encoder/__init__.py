"""encoder: a text in, a vector for each piece and one for the text out, learnt from raw text."""

from __future__ import annotations

from pipeline.fields import Text
from pipeline.tasks.base import Task
from pipeline.tasks.encoder.settings import TINY, Settings

TASK = Task(
    name="encoder",
    package=__name__,
    summary="a text in, vectors out: learnt from raw text, for other models to start from",
    settings=Settings,
    input=Text("text", "texts as they were written, UTF-8"),
    output=Text("text_vector", "the vector of each text, its numbers with spaces between", "text"),
    example=lambda settings: "봄이 오면 산에 들에 진달래가 핀다.",
    tiny=TINY,
    prepare_groups=("text",),
    target="encode",
)
