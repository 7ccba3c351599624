"""JSON files of a user's own with entities."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entity_files import EXPECTED, MADE, read, tags_of, texts
from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.corpora.annotated.entities import Entity
from pipeline.corpora.annotated.inline import to_inline
from pipeline.errors import UserError


def spans(write, **keys) -> list[dict]:
    """Objects with the spans that `write` makes of start, end, label and text."""
    text_key, span_key = keys.get("text", "text"), keys.get("spans", "entities")
    return [
        {
            "id": n,
            text_key: text,
            span_key: [write(*entity, text[slice(*entity[:2])]) for entity in of],
        }
        for n, (text, of) in enumerate(MADE)
    ]


JSON_SPANS = [
    spans(lambda s, e, label, _: [s, e, label], spans="label"),
    spans(lambda s, e, label, _: [s, e, label], spans="labels"),
    spans(lambda s, e, label, _: [s, e, label]),
    spans(lambda s, e, label, _: {"id": 7, "label": label, "start_offset": s, "end_offset": e}),
    spans(lambda s, e, label, _: {"start": s, "end": e, "label": label}, spans="spans"),
    spans(
        lambda s, e, label, form: {"begin": s, "end": e, "form": form, "label": label},
        text="sentence",
        spans="ne",
    ),
    spans(
        lambda s, e, label, form: {"begin": s, "end": e - 1, "form": form, "label": label},
        text="form",
        spans="NE",
    ),
    spans(
        lambda s, e, label, form: {"start": s, "end": e, "text": form, "labels": [label]},
        spans="label",
    ),
]


@pytest.mark.parametrize("objects", JSON_SPANS)
def test_json_with_spans(tmp_path, objects):
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in objects)
    for text, name in [
        (lines, "my.jsonl"),
        (lines.replace("\n", "\r\n"), "my.txt"),
        (json.dumps(objects), "my.json"),
        (json.dumps({"data": objects}, indent=1), "my.json"),
    ]:
        found = read(tmp_path, text, name)
        assert texts(found) == EXPECTED
        assert found.rejects == []
        assert found.details["format"] == "json"


def test_the_format_of_the_national_corpora(tmp_path):
    sentences = JSON_SPANS[5]
    for one in sentences:
        one |= {"form": one["sentence"], "NE": one["ne"], "word": [{"id": 1, "form": "가"}]}
    sentences = [{k: v for k, v in one.items() if k not in ("sentence", "ne")} for one in sentences]
    documents = [
        {"id": f"d{n}", "metadata": {"title": "글"}, "sentence": sentences[n : n + 4]}
        for n in range(0, 12, 4)
    ]
    text = json.dumps({"id": "N", "metadata": {"year": 2020}, "document": documents}, indent=1)
    assert texts(read(tmp_path, text, "my.json")) == EXPECTED


def test_the_export_of_label_studio(tmp_path):
    tasks = [
        {
            "id": n,
            "data": {"text": text, "source": "x"},
            "annotations": [
                {"was_cancelled": True, "result": []},
                {
                    "result": [
                        {
                            "type": "labels",
                            "value": {"start": s, "end": e, "text": text[s:e], "labels": [label]},
                        }
                        for s, e, label in of
                    ]
                },
            ],
        }
        for n, (text, of) in enumerate(MADE)
    ]
    assert texts(read(tmp_path, json.dumps(tasks), "my.json")) == EXPECTED
    tasks[0]["annotations"] = []
    found = read(tmp_path, json.dumps(tasks), "my.json")
    assert texts(found) == EXPECTED[1:]
    assert len(found.rejects) == 1


def test_json_with_tokens_written_otherwise(tmp_path):
    strings = [{"words": text, "tags": " ".join(tags_of(text, of))} for text, of in MADE]
    pairs = [
        {
            "tokens": [
                {"text": word, "tag": tag}
                for word, tag in zip(text.split(), tags_of(text, of), strict=True)
            ]
        }
        for text, of in MADE
    ]
    for objects in (strings, pairs):
        assert texts(read(tmp_path, json.dumps(objects), "my.json")) == EXPECTED


NUMBERS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]


@pytest.mark.parametrize("keys", [("tokens", "ner_tags"), ("words", "tags"), ("token", "labels")])
@pytest.mark.parametrize("numbers", [False, True])
def test_json_with_tokens(tmp_path, keys, numbers):
    objects = [
        {
            keys[0]: text.split(),
            keys[1]: [NUMBERS.index(tag) if numbers else tag for tag in tags_of(text, of)],
        }
        for text, of in MADE
    ]
    lines = "\n".join(json.dumps(one) for one in objects)
    if not numbers:
        found = read(tmp_path, lines, "my.jsonl")
        assert texts(found) == EXPECTED
        return
    with pytest.raises(UserError, match="names"):
        read(tmp_path, lines, "my.jsonl")
    for names in (NUMBERS, dict(enumerate(NUMBERS)), {tag: n for n, tag in enumerate(NUMBERS)}):
        whole = {"features": {"x": {"names": names}}, "data": objects}
        assert texts(read(tmp_path, json.dumps(whole), "my.json")) == EXPECTED
    first = json.dumps({"id2label": dict(enumerate(NUMBERS))})
    found = read(tmp_path, f"{first}\n{lines}", "my.jsonl")
    assert texts(found) == EXPECTED


def test_json_with_characters_and_their_text(tmp_path):
    def tags(text: str, of: list[Entity]) -> list[str]:
        found = ["O"] * len(text)
        for start, end, label in of:
            found[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        return found

    objects = [{"tokens": list(text), "ner_tags": tags(text, of)} for text, of in MADE]
    found = read(tmp_path, json.dumps(objects), "my.json")
    assert texts(found) == EXPECTED
    assert found.details["spacing"] == "characters"
    for one, (text, of) in zip(objects, MADE, strict=True):
        letters = [n for n, letter in enumerate(text) if letter != " "]
        one |= {
            "sentence": text,
            "tokens": [text[n] for n in letters],
            "ner_tags": [tags(text, of)[n] for n in letters],
        }
    assert texts(read(tmp_path, json.dumps(objects), "my.json")) == EXPECTED
    # KLUE as its hub has it: markup and numbers, whose names stand elsewhere.
    for one, pair in zip(objects, MADE, strict=True):
        one |= {"sentence": to_inline(*pair), "ner_tags": [12] * len(one["tokens"])}
    assert texts(read(tmp_path, json.dumps(objects), "my.json")) == EXPECTED


def test_json_whose_texts_are_marked_up(tmp_path):
    lines = [json.dumps({"id": n, "text": to_inline(*pair)}) for n, pair in enumerate(MADE)]
    assert texts(read(tmp_path, "\n".join(lines), "my.jsonl")) == EXPECTED


@pytest.mark.parametrize(
    "odd",
    [
        {"text": "가나", "label": [[0, 3, "PER"]]},
        {"text": "가나", "label": [[1, 1, "PER"]]},
        {"text": "가나", "label": [[-1, 1, "PER"]]},
        {"text": "가나", "label": [["0", 1, "PER"]]},
        {"text": "가나", "label": [[0, True, "PER"]]},
        {"text": "가나", "label": [[0, 1, ""]]},
        {"text": "가나", "label": [[0, 1, None]]},
        {"text": "가나", "label": [[0, 1]]},
        {"text": "가나다", "label": [[0, 2, "PER"], [1, 3, "LOC"]]},
        {"text": "가나다", "label": [[0, 2, "PER"], [0, 2, "LOC"]]},
        {"text": "가나", "label": "PER"},
        {"text": "가나"},
        {"text": "", "label": []},
        {"text": None, "label": []},
        {"text": ["가"], "label": [[0, 1, "PER"]]},
        {"label": []},
        {},
        [1],
        {"text": "가\ud83d", "label": []},
        {"text": "가나", "label": [{"start": 0, "end": 1, "label": "PER", "text": "나"}]},
    ],
)
def test_an_odd_object_costs_itself(tmp_path, odd):
    lines = [json.dumps(one) for one in (*JSON_SPANS[0], odd)]
    found = read(tmp_path, "\n".join([*lines, '{"text": "가']), "my.jsonl")
    assert texts(found) == EXPECTED
    assert [(row.line, row.kept) for row in found.rejects] == [(13, False), (14, False)]


def test_json_with_breaks_and_labels_with_spaces(tmp_path):
    text = "가\n\n김민수\t\t는 \r\n서울\n"
    odd = {"text": text, "label": [[3, 6, "Some Person"], [text.index("서"), 17, "LOC"]]}
    odd["label"][1][1] = len(text)
    found = read(tmp_path, json.dumps(odd), "my.json")
    assert texts(found) == [("가 김민수 는  서울 ", [("김민수", "Some_Person"), ("서울", "LOC")])]
    assert found.warnings


def test_json_without_anything_of_use(tmp_path):
    for text in ('{"a": 1}\n{"a": 2}', "[{}]", '{"text": 3, "label": []}'):
        with pytest.raises(UserError):
            read(tmp_path, text, "my.jsonl")


@given(st.integers(0, 10_000))
def test_no_json_crashes_the_reader(tmp_path_factory, seed):
    draw = random.Random(seed)
    values = [None, 3, "B-PER", "가 나", [], [[0, 1, "X"]], ["가", "나"], ["O", "B-A"], {"a": []}]
    keys = ["text", "label", "entities", "tokens", "ner_tags", "data", "annotations", "names"]
    objects = [
        {key: draw.choice(values) for key in draw.sample(keys, draw.randint(0, 5))}
        for _ in range(draw.randint(1, 4))
    ]
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(objects), encoding="utf-8")
    try:
        found = read_annotated(path)
    except UserError:
        return
    assert len(found.frame) > 0


def test_the_pairs_of_spacy(tmp_path):
    pairs = [[text, {"entities": [list(entity) for entity in of]}] for text, of in MADE]
    for text in (json.dumps(pairs), json.dumps({"classes": ["PER"], "annotations": pairs})):
        assert texts(read(tmp_path, text, "my.json")) == EXPECTED
