"""Files of a user's own with entities: markup with any labels, lists of tags, JSON."""

from __future__ import annotations

import contextlib
import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.corpora.annotated.annotated_texts import AnnotatedTexts
from pipeline.corpora.annotated.entities import Entity, read_entities
from pipeline.corpora.annotated.inline import to_inline
from pipeline.errors import UserError

NAMES = ["김민수", "이영희", "박철수", "최지우", "정다은", "한서준"]
CITIES = ["서울", "부산", "대구", "인천", "광주"]
LABELS = {"PER": "PER", "LOC": "LOC", "ORG": "ORG"}


def read(tmp_path: Path, text: str, name: str = "my.txt", encoding: str = "utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding, "surrogateescape"))
    return read_annotated(path)


def texts(found: AnnotatedTexts) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (text, [(text[start:end], label) for start, end, label in read_entities(cell)])
        for text, cell in zip(found.frame["text"], found.frame["label"], strict=True)
    ]


def made(count: int = 12) -> list[tuple[str, list[Entity]]]:
    """Whole words are entities, so that every format can say them."""
    found = []
    for n in range(count):
        name, city = NAMES[n % len(NAMES)], CITIES[n % len(CITIES)]
        if n % 3 == 2:
            found.append((f"점수는 {n}:2, a < b 였다", []))
        elif n % 2:
            text = f"{name} 대표는 {city} {n}가 거리에서 말했다"
            found.append(
                (text, [Entity(0, 3, "PER"), Entity(8, text.index(" 거리"), "LOC")]),
            )
        else:
            found.append((f"{city} {n}은행 금리가 올랐다", [Entity(0, 6 + (n > 9), "ORG")]))
    return found


MADE = made()
EXPECTED = [(text, [(text[s:e], label) for s, e, label in entities]) for text, entities in MADE]


def renamed(labels: dict[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(text, [(part, labels[label]) for part, label in of]) for text, of in EXPECTED]


# Markup


LABEL_SETS = [
    ["PS_NAME", "LCP_CAPITALCITY", "OGG_ECONOMY_AND_OTHER_THINGS"],
    ["per", "loc", "org"],
    ["Person", "Location", "Organisation"],
    ["인물", "지명", "기관"],
    ["인물_이름", "지명-1", "기관2"],
    ["PER", "loc", "기관"],
    ["P", "L", "O"],
]


@pytest.mark.parametrize("names", LABEL_SETS)
@pytest.mark.parametrize("colon", [":", ": ", " :", " : "])
def test_markup_with_labels_of_any_kind(tmp_path, names, colon):
    labels = dict(zip(LABELS, names, strict=True))
    lines = [
        to_inline(text, [e._replace(label=labels[e.label]) for e in of]).replace(
            ":", colon if of else ":"
        )
        for text, of in MADE
    ]
    if names[0] == "PER" and colon.endswith(" "):
        pytest.skip("a single Hangul label behind a space may be text")
    found = read(tmp_path, "\n".join(lines))
    # White space within the brackets is of the text.
    assert [(" ".join(text.split()), of) for text, of in texts(found)] == renamed(labels)
    assert found.rejects == []


def test_markup_with_a_space_now_and_then(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines[0] = lines[0].replace(":", ": ")
    lines[1] = lines[1].replace(":LOC", ":\u00a0LOC ")
    assert texts(read(tmp_path, "\n".join(lines))) == EXPECTED


PLAIN = [
    "<어벤져스: 엔드게임>을 봤다",
    "<어벤져스:엔드게임>을 봤다",
    "<오후 3:30>에 만나",
    "<b>굵게</b> <a href='http://x.kr:80'>",
    "<http://example.org/가>를 보라",
    "a<b:c>d",
    "<사진: 연합뉴스> <자료: 연합뉴스> <영상: 연합뉴스>",
    "<시즌 3:2> ^:^> <:ㅠ>",
    "<영화: OST>",
]


@pytest.mark.parametrize("plain", PLAIN)
def test_text_that_resembles_markup(tmp_path, plain):
    lines = [to_inline(*pair) for pair in MADE]
    found = read(tmp_path, "\n".join([*lines, plain, plain]))
    assert texts(found) == [*EXPECTED, (plain, []), (plain, [])]
    assert all(row.kept for row in found.rejects)


def test_what_may_be_a_hangul_label_is_not_guessed_at(tmp_path):
    labels = dict(zip(LABELS, ["인물", "지명", "기관"], strict=True))
    lines = [to_inline(text, [e._replace(label=labels[e.label]) for e in of]) for text, of in MADE]
    odd = ["<어벤져스:엔드게임>을 봤다", "<어벤져스: 엔드게임>을 봤다"]
    found = read(tmp_path, "\n".join([*lines, *odd]))
    assert texts(found) == [*renamed(labels), (odd[1], [])]
    assert [(row.content, row.kept) for row in found.rejects] == [(odd[0], False), (odd[1], True)]


def test_spellings_of_a_label_in_markup(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines[0] = lines[0].replace("ORG", "org")
    lines[1] = lines[1].replace("PER", "P\u200bER")
    found = read(tmp_path, "\n".join(lines))
    assert texts(found) == EXPECTED
    assert len(found.warnings) == 1


def test_the_limit_of_labels_is_named(tmp_path):
    lines = [*(to_inline(*pair) for pair in MADE), f"<가:{'X' * 64}>", f"<나:{'Y' * 65}>"]
    found = read(tmp_path, "\n".join(lines))
    assert texts(found) == [*EXPECTED, ("가", [("가", "X" * 64)])]
    assert ["64" in row.reason for row in found.rejects] == [True]


def test_a_damaged_byte_costs_its_line(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines.insert(3, "가나\udcec다")
    found = read(tmp_path, "\n".join(lines))
    assert texts(found) == EXPECTED
    assert [(row.line, row.kept) for row in found.rejects] == [(4, False)]


# A sentence and its tags


def tags_of(text: str, entities: list[Entity], outside: str = "O") -> list[str]:
    tags, place = [], 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        inside = next((e for e in entities if e.start <= start < e.end), None)
        edge = "B" if inside and inside.start == start else "I"
        tags.append(f"{edge}-{inside.label}" if inside else outside)
    return tags


def rows(row: str, join: str = " ", outside: str = "O", write=str) -> str:
    return "".join(
        row.format(text=text, n=n, tags=join.join(write(tag) for tag in tags_of(text, of, outside)))
        + "\n"
        for n, (text, of) in enumerate(MADE)
    )


@pytest.mark.parametrize(
    "text",
    [
        rows("{text}\t{tags}"),
        rows("{text}\t{tags} "),
        rows(
            "{text}\t{tags}",
            outside="-",
            write=lambda tag: tag if tag == "-" else f"{tag[2:]}_{tag[0]}",
        ),
        rows("{text}\t{tags}", write=lambda tag: "-".join(tag.split("-")[::-1])),
        rows("{text}\t{tags}", join=","),
        rows("{text}\t{tags}", join=", "),
        rows("{tags}\t{text}"),
        rows("{n}\t{text}\t{tags}"),
        rows('{n},"{text}","{tags}"'),
        rows('{n};"{text}";"{tags}"'),
        rows('"{text}"\t"{tags}"'),
        rows("{text}\t['{tags}']", join="', '"),
        rows("{text}\t['{tags}']", join="' '"),
        "text,labels\n" + rows('"{text}",{tags}'),
        "문장\t개체명\n" + rows("{text}\t{tags}"),
        "\ufeff" + rows("{text}\t{tags}").replace("\n", "\r\n"),
    ],
)
def test_a_sentence_and_its_tags(tmp_path, text):
    found = read(tmp_path, text, "my.tsv")
    assert texts(found) == EXPECTED
    assert found.rejects == []
    assert found.details["format"] == "tag lists"


def test_other_columns_with_as_many_words(tmp_path):
    lines = [
        "\t".join([f"Sentence: {n}", text, "NNP " * len(text.split()), " ".join(tags_of(text, of))])
        for n, (text, of) in enumerate(MADE)
    ]
    for header in ("", "Sentence #\tSentence\tPOS\tTag\n"):
        assert texts(read(tmp_path, header + "\n".join(lines))) == EXPECTED


def test_a_sentence_and_as_many_tags_as_characters(tmp_path):
    def characters(text: str, of: list[Entity], skipped: str) -> str:
        tags = ["O"] * len(text)
        for start, end, label in of:
            tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        pairs = zip(text, tags, strict=True)
        return " ".join(tag for letter, tag in pairs if letter not in skipped)

    for skipped in ("", " "):
        lines = [f"{text}\t{characters(text, of, skipped)}" for text, of in MADE]
        assert texts(read(tmp_path, "\n".join(lines))) == EXPECTED


def test_rows_whose_words_and_tags_differ(tmp_path):
    lines = rows("{text}\t{tags}").splitlines()
    lines[0] += " O"
    lines[1] = lines[1].replace("B-PER", "사람")
    lines[3] = lines[3].split("\t")[0]
    lines[4] = lines[4].replace(" ", "\u3000", 1)
    lines.append("\tO")
    found = read(tmp_path, "\n".join(lines))
    assert [row.line for row in found.rejects] == [1, 2, 4, 13]
    assert texts(found)[0] == EXPECTED[2]
    assert len(found.frame) == len(MADE) - 3


# JSON


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


# Tables whose texts are marked up


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("", "{n}\t{marked}\n"),
        ("id\ttext\n", "{n}\t{marked}\n"),
        ("", "{text}\t{marked}\n"),
        ("문장\t출처\n", "{marked}\t뉴스\n"),
        ("id,text\n", '{n},"{marked}"\n'),
        ("text;id\n", '"{marked}";{n}\n'),
        ("sep=;\ntext;id\n", '"{marked}";{n}\n'),
    ],
)
def test_a_table_with_a_column_of_marked_up_sentences(tmp_path, header, row):
    rows = [
        row.format(n=n, text=pair[0], marked=to_inline(*pair)) for n, pair in enumerate(MADE * 2)
    ]
    found = read(tmp_path, header + "".join(rows), "my.csv")
    assert texts(found) == EXPECTED * 2
    assert found.rejects == []
    found = read(tmp_path, header + "".join([*rows, "<가:PER>\n"]), "my.csv")
    assert texts(found) == EXPECTED * 2
    assert len(found.rejects) == 1


def test_sentences_with_a_tab_or_a_comma_are_no_table(tmp_path):
    lines = [to_inline(*pair) for pair in MADE]
    lines[0] = lines[0].replace(" ", "\t", 1)
    commas = [line.replace(" ", ", ", 1) for line in lines]
    assert texts(read(tmp_path, "\n".join(lines))) == EXPECTED
    assert len(read(tmp_path, "\n".join(commas), "my.csv").frame) == len(MADE)
    assert read(tmp_path, "\n".join(commas), "my.csv").rejects == []


def test_time_is_linear_in_odd_lines(tmp_path):
    started = time.process_time()
    for line in (
        "가:b>" * 20_000,
        "<가: : : " * 20_000,
        "<" * 40_000 + ":PS>" * 40_000,
        "<가:a" + "\u200b" * 40_000,
        "<가:B" * 20_000,
        "가나 <서울:LC>에 " * 20_000,
    ):
        with contextlib.suppress(UserError):
            read(tmp_path, line + "\n")
    assert time.process_time() - started < 8
