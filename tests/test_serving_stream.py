"""A character model over HTTP, as it writes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import keras
import pytest

import served_models
from pipeline.export.text_generator import export_generator
from pipeline.models.generate import Generate
from pipeline.models.generation_settings import GenerationSettings
from pipeline.models.language_model import language_model
from pipeline.models.settings import LanguageModelSettings
from pipeline.text.characters import Characters
from random_weights import randomized
from running_server import Running, running

TEXT = "나 보기가 역겨워\n가실 때에는\n말없이 고이 보내 드리우리다\ncafé — ‘ᄒᆞᆫ글’ 값"
ASKED = {"prompt": "나 보기가", "length": 90, "temperature": 0.9, "seed": 3}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("models")
    served_models.kinds(folder / "kinds" / "1")
    for alphabet in ("syllable", "jamo"):
        characters = Characters.learn([TEXT], alphabet)
        settings = LanguageModelSettings(units=8, embedding_size=6)
        model = language_model(settings, vocabulary_size=len(characters.vocabulary))
        generate = Generate(randomized(model, scale=1.0), GenerationSettings(top_p=0.95))
        export_generator(generate, characters, folder / alphabet / "1")
    keras.backend.clear_session()
    with running(folder) as run:
        yield run


def events_of(body: bytes) -> list[tuple[str, dict]]:
    """(name, data) of each event."""
    found = []
    for block in body.decode("utf-8").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields.get("event", "message"), json.loads(fields["data"])))
    return found


@pytest.mark.parametrize("model", ["syllable", "jamo"])
@pytest.mark.parametrize("changed", [{}, {"length": 0}, {"temperature": 0.0}, {"prompt": ""}])
def test_a_stream_is_the_text_of_predict(server: Running, model, changed):
    asked = {**ASKED, **changed}
    reply = server.ask("POST", f"/v1/models/{model}:stream", {"inputs": asked})
    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (200, "text/event-stream")
    *pieces, (name, last) = events_of(reply.body)
    assert (name, {kind for kind, _ in pieces}) == ("end", {"message"})
    whole = server.predict(model, inputs={**asked, "prompt": [asked["prompt"]]}).json["outputs"]
    assert [last["text"]] == whole
    assert "".join(data["text"] for _, data in pieces) == last["text"]
    assert len(pieces) >= (3 if asked["length"] else 1)


def test_the_first_words_come_before_the_last_are_written(server: Running):
    asked = {"inputs": {**ASKED, "length": 20_000}}
    queue = server.service.registry.find("syllable", None).queue("serving_default")
    with contextlib.closing(server.connect()) as connection:
        connection.request("POST", "/v1/models/syllable:stream", json.dumps(asked))
        reply = connection.getresponse()
        (_, data), *_ = events_of(reply.readline() + reply.readline())
        assert data["text"].startswith("나 보기가")
        # The model is asked again as soon as these are sent, and again until all are written.
        server.wait(lambda: queue.waiting == 1)
    server.wait(lambda: not queue.waiting)  # who goes away stops it


@pytest.mark.parametrize(
    ("model", "body", "status", "why"),
    [
        ("syllable", {"inputs": {**ASKED, "length": "many"}}, 400, "DT_INT32"),
        ("syllable", {"inputs": {**ASKED, "prompt": ["a", "b"]}}, 400, "one text"),
        ("syllable", {"inputs": {"prompt": "a"}}, 400, "Missing named input"),
        ("syllable", {"instances": [ASKED]}, 400, "Missing 'inputs'"),
        ("kinds", {"inputs": ASKED}, 400, "goes on with a prompt"),
        ("nothing", {"inputs": ASKED}, 404, "Servable not found"),
    ],
)
def test_what_cannot_be_streamed(server: Running, model, body, status, why):
    reply = server.ask("POST", f"/v1/models/{model}:stream", body)
    assert reply.status == status
    assert why in reply.json["error"]
