"""charlm: the beginning of a text in, a whole text out, a character at a time (one to many)."""

from __future__ import annotations

from pipeline.fields import Text
from pipeline.tasks.base import Task
from pipeline.tasks.charlm.settings import TINY, ContinuationSettings, Settings, example

TASK = Task(
    name="charlm",
    package=__name__,
    summary="the beginning of a text in, a text out, character by character (your own texts, too)",
    settings=Settings,
    input=Text(
        "prompt", "beginnings of texts, UTF-8; empty begins a text", "text", variable="PROMPT"
    ),
    output=Text("text", "each prompt and what the model goes on with", multiline=True),
    example=example,
    tiny=TINY,
    prepare_groups=("text",),
    target="generate",
    search_settings=("top_k", "top_p"),
    asking=ContinuationSettings,
)
