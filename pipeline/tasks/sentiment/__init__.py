"""sentiment: a review in, one of the corpus's labels out (many to one)."""

from __future__ import annotations

from pipeline.fields import Labels, Text
from pipeline.tasks.base import Task
from pipeline.tasks.sentiment.settings import TINY, Settings

TASK = Task(
    name="sentiment",
    package=__name__,
    summary="a review in, positive or negative out (NSMC; or your own labels)",
    settings=Settings,
    input=Text("text", "reviews as they were written, UTF-8"),
    output=Labels("label", "the most probable label"),
    example=lambda settings: "아 더빙.. 진짜 짜증나네요 목소리",
    tiny=TINY,
    corpus_groups=("corpus", "teachers"),
    prepare_groups=("text", "start"),
    target="predict",
)
