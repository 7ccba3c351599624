"""`:stream`: sends a text while it is written, as server-sent events.

A model that writes is asked for 16 characters, then for 32, and so on to the length that was asked
for: what it writes for a seed begins with what it writes for the same seed and a smaller length.
So a stream gives exactly the text of `:predict`, for about twice the work.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np

from pipeline.serving.answer_json import to_json
from pipeline.serving.batching import SignatureQueue
from pipeline.serving.request_error import RequestError
from pipeline.serving.request_json import Tensors, read_question
from pipeline.serving.signature import ServedSignature

_FIRST = 16
_UNSURE = 1
"""Characters at the end that may still change: a syllable may get a final consonant."""


def read_prompt(document: Mapping[str, Any], signature: ServedSignature) -> Tensors:
    """The inputs of a request to `:stream`: as for `:predict`, with one prompt.

    Raises:
        RequestError: the signature writes nothing, or the body is not as it must be.
    """
    if not {"prompt", "length"} <= signature.inputs.keys() or "text" not in signature.outputs:
        raise RequestError(400, "only a model that goes on with a prompt can be streamed")
    given = document.get("inputs")
    if not isinstance(given, dict):
        raise RequestError(400, "Missing 'inputs' key: an object with prompt, length, …")
    if isinstance(given.get("prompt"), str):
        given = {**given, "prompt": [given["prompt"]]}
    tensors = read_question({"inputs": given}, signature).tensors
    if len(tensors["prompt"]) != 1:
        raise RequestError(400, "Input prompt: one text can be streamed at a time")
    return tensors


async def event_stream(queue: SignatureQueue, tensors: Tensors) -> AsyncIterator[str]:
    """The server-sent events of a stream.

    Each has JSON: `{"text": more of it}`, one behind the other; then an event `end` with the whole
    text, or an event `error` with `{"error": why}`.
    """
    length, sent = int(tensors["length"]), ""
    step = min(_FIRST, length)
    try:
        while True:
            asked = {**tensors, "length": np.array(step, tensors["length"].dtype)}
            text = json.loads(await queue.ask(asked, to_json))["text"][0]
            if step >= length:
                break
            sure = text[: len(text) - _UNSURE]
            if len(sure) > len(sent) and sure.startswith(sent):
                yield _event(None, {"text": sure[len(sent) :]})
                sent = sure
            step = min(2 * step, length)
    except RequestError as error:
        yield _event("error", {"error": error.what})
        return
    if text.startswith(sent):
        yield _event(None, {"text": text[len(sent) :]})
    yield _event("end", {"text": text})


def _event(name: str | None, data: Mapping[str, str]) -> str:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n"
