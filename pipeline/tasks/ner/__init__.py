"""ner: a sentence in, its named entities out (many to many in step)."""

from __future__ import annotations

from pipeline.fields import Labels, Text
from pipeline.tasks.base import Task
from pipeline.tasks.ner.settings import TINY, Settings

TASK = Task(
    name="ner",
    package=__name__,
    summary="a sentence in, its named entities with their places out (KMOU; or your own)",
    settings=Settings,
    input=Text("text", "sentences as they were written, UTF-8"),
    output=Labels("label", "what kind of entity it is"),
    example=lambda settings: "증권거래소에 주식을 상장하였다.",
    tiny=TINY,
    corpus_groups=("corpus", "teachers"),
    prepare_groups=("text", "start"),
    target="tag",
)
