"""The encoders that come with the project: whole, small, described, and what tasks take."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from pipeline.pretrained import SHIPPED, read_pretrained, read_weights, shipped
from pipeline.tasks.base import StartsFromEncoder, find_task, task_names
from pipeline.text.tokenizers import load_tokenizer

MOST_BYTES = 8_000_000
TAKING = [
    name
    for name in task_names()
    if isinstance(find_task(name).data, StartsFromEncoder)
    and find_task(name).settings().start.encoder == "bundled"
]


@pytest.fixture(params=shipped())
def folder(request):
    return SHIPPED / request.param


def test_it_is_whole_small_and_has_a_card(folder):
    record = read_pretrained(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST_BYTES
    card = (folder / "card.md").read_text("utf-8")
    # What the card says of the encoder is what its record says.
    for fact in (record.licence, f"{np.exp(record.loss):.1f}", *record.files.values()):
        assert fact in card
    assert json.loads((folder / "encoder.json").read_text("utf-8"))["files"] == record.files


def test_its_weights_are_numbers_of_the_sizes_it_states(folder):
    record, weights = read_pretrained(folder), read_weights(folder)
    assert len(load_tokenizer(folder).vocabulary) == record.vocabulary_size
    assert weights["embedding/0"].shape == (record.vocabulary_size, record.embedding_size)
    assert weights["recurrent_1/1"].shape == (record.units, 4 * record.units)
    for values in weights.values():
        assert np.isfinite(values).all()
        assert values.std() > 0


@pytest.mark.parametrize("name", TAKING)
def test_a_task_takes_it_with_its_default_settings(name, workspace):
    task = find_task(name)
    settings = task.settings()
    taken = task.data.encoder(settings, workspace)
    assert taken.parent == SHIPPED
    alone = dataclasses.replace(settings, start=dataclasses.replace(settings.start, encoder="none"))
    assert task.data.encoder(alone, workspace) is None
