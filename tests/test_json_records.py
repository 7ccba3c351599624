"""JSON as people keep corpora in it: records, and the table they make."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpora.json_records import Records, read_records
from pipeline.corpora.tables.json_table import MAX_COLUMNS, as_table
from pipeline.errors import UserError
from pipeline.text_file import DAMAGED

ITEMS = [{"text": "좋다 😀", "label": 1}, {"text": "싫다", "label": 0}, {"text": "글", "label": 1}]
FRAME = pd.DataFrame(ITEMS)


def read(text: str, name: str = "a.txt") -> Records | None:
    return read_records(text, Path(name))


def values(text: str, name: str = "a.txt") -> list[dict]:
    found = read(text, name)
    assert found is not None
    assert found.rejects == []
    return [record.values for record in found.records]


def lines(items=ITEMS, **dumping) -> str:
    return "".join(json.dumps(item, ensure_ascii=False, **dumping) + "\n" for item in items)


@pytest.mark.parametrize(
    "text",
    [
        lines(),
        "\ufeff\n\n" + lines(),
        lines().replace("\n", "\n\n"),
        lines().replace("\n", ",\n"),
        lines(indent=2),
        json.dumps(ITEMS),
        json.dumps(ITEMS, indent=2, ensure_ascii=False),
        json.dumps({"data": ITEMS}),
        json.dumps({"version": "1", "info": {"by": [1]}, "a": {"data": ITEMS}}, indent=1),
        *(FRAME.to_json(orient=how) for how in ("columns", "index", "records", "split", "table")),
        FRAME.to_json(orient="records", lines=True),
        json.dumps(FRAME.to_dict(orient="list")),
    ],
)
def test_every_common_form_of_json(text):
    kept = [{key: item[key] for key in ("text", "label")} for item in values(text)]
    assert kept == ITEMS


def test_lines_of_the_file(tmp_path):
    found = read("\n" + json.dumps(ITEMS, indent=1))
    assert [record.line for record in found.records] == [3, 7, 11]
    assert [record.line for record in read(lines().replace("\n", "\n\n")).records] == [1, 3, 5]


def test_one_object_is_one_record():
    """Spans in a record are no records, and the tokens of one are no column."""
    document = {"text": "서울", "entities": [{"start": 0}, {"start": 1}]}
    assert values(json.dumps(document)) == values(json.dumps(document, indent=1)) == [document]
    sentence = {"tokens": ["서", "울"], "ner_tags": [1, 2]}
    assert values(json.dumps(sentence)) == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        "좋다\t1\n",
        "",
        "[광고] 좋다\t1\n",
        "{}\t1\n",
        "{웃음} 좋다\t1\n",
        '{"a": 1}\n' + "글\n" * 5,
        "[1, 2]\n",
        '"text"\t"label"\n',
    ],
)
def test_what_is_not_json(text):
    assert read(text) is None
    with pytest.raises(UserError, match="a.json: is not JSON"):
        read(text, "a.json")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (json.dumps(ITEMS, indent=1)[:-30], 11),
        (json.dumps({"data": ITEMS}, indent=1)[:-40], 12),
        ('[{"a": 1} {"a": 2]', 1),
        ('{"a": 1,\n "b": }', 2),
        ("[" + '{"a":' * 100_000, 1),
    ],
)
def test_broken_json_is_located(text, line):
    with pytest.raises(UserError, match=f"a.txt: line {line}: not valid JSON") as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_damaged_records_cost_themselves():
    text = lines([*ITEMS] * 3).split("\n")
    text[1] = text[1].replace("싫다", "싫\udceb")
    text[2] = text[2][:-5]
    text[4] = '{"text": "\\ud83d", "label": 1}'
    found = read("\n".join(text))
    assert [(row.line, row.reason == DAMAGED) for row in found.rejects] == [
        (2, True),
        (3, False),
        (5, True),
    ]
    assert len(found.records) == 6
    whole = json.dumps(ITEMS, ensure_ascii=False).replace("싫다", "싫\udceb")
    assert (len(read(whole).records), len(read(whole).rejects)) == (2, 1)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.dictionaries(st.text(), ANYTHING, max_size=4), min_size=2, max_size=5))
def test_any_records_make_a_table(items):
    for text in (lines(items), json.dumps(items)):
        found = read(text, "a.json")
        assert len(found.records) + len(found.rejects) == len(items)
        table = as_table(found)
        assert len({len(row.fields) for row in table.rows}) <= 1
        assert len(table.rows) <= len(items) + 1


@given(st.text())
def test_no_text_crashes_the_reader(text):
    for name in ("a.txt", "a.jsonl"):
        with contextlib.suppress(UserError):
            read(text, name)


# as a table


def cells(*items) -> list[list[str]]:
    return [row.fields for row in as_table(read(lines(items), "a.jsonl")).rows]


def test_nested_keys_are_columns():
    assert cells({"id": 7, "translation": {"ko": "가", "en": "a"}}) == [
        ["id", "translation.ko", "translation.en"],
        ["7", "가", "a"],
    ]


def test_values_are_text():
    item = {"a": True, "b": None, "c": 1.5, "d": ["긍정"], "e": ["가", 1], "f": [], "g": "null"}
    assert cells(item, {"a": False, "z": 3})[1:] == [
        ["true", "", "1.5", "긍정", '["가", 1]', "", "null", ""],
        ["false", "", "", "", "", "", "", "3"],
    ]


def test_rows_keep_their_lines_and_look():
    table = as_table(read(lines()))
    assert [row.line for row in table.rows] == [0, 1, 2, 3]
    assert table.written(table.rows[1]) == lines().split("\n")[0]
    assert table.delimiter == "JSON"


def test_keys_without_number_do_not_fill_memory():
    items = [{"text": "글", "label": 1, f"key {n}": n} for n in range(3000)]
    table = as_table(read(lines(items)))
    assert table.rows[0].fields[:2] == ["text", "label"]
    assert len(table.rows[0].fields) == MAX_COLUMNS
