"""Files of captions: tables, COCO's JSON, objects; and what in them cannot be used."""

from __future__ import annotations

import json

import pytest

from pipeline.corpora.captions.caption_files import read_captions
from pipeline.corpora.captions.languages import language_of
from pipeline.errors import UserError

PAIRS = [("a.jpg", "개가 뛴다"), ("a.jpg", "A dog runs ."), ("b/c.PNG", "두 사람")]


def written(tmp_path, name: str, text: str):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def pairs(path) -> list[tuple[str, str]]:
    return [(caption.image, caption.text) for caption in read_captions(path).captions]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.tsv", "".join(f"{image}\t{text}\n" for image, text in PAIRS)),
        ("headed.tsv", "image\tcaption\n" + "".join(f"{i}\t{t}\n" for i, t in PAIRS)),
        ("turned.tsv", "캡션\t파일\n" + "".join(f"{t}\t{i}\n" for i, t in PAIRS)),
        ("comma.csv", "".join(f'{i},"{t}"\n' for i, t in PAIRS)),
        ("more.csv", "id,file_name,caption\n" + "".join(f'7,{i},"{t}"\n' for i, t in PAIRS)),
        ("token.txt", "".join(f"{i}#{n}\t{t}\n" for n, (i, t) in enumerate(PAIRS))),
    ],
)
def test_tables(tmp_path, name, text):
    assert pairs(written(tmp_path, name, text)) == PAIRS


def test_captions_of_coco(tmp_path):
    coco = {
        "info": {},
        "images": [{"id": 5, "file_name": "a.jpg"}, {"id": 6, "file_name": "b/c.PNG"}],
        "annotations": [
            {"image_id": 5, "caption": PAIRS[0][1]},
            {"image_id": 5, "caption": PAIRS[1][1]},
            {"image_id": 7, "caption": "of nothing"},
            {"image_id": 6, "caption": PAIRS[2][1]},
            {"image_id": 6},
        ],
    }
    path = written(tmp_path, "captions.json", json.dumps(coco))
    assert pairs(path) == PAIRS
    assert [reject.line for reject in read_captions(path).rejects] == [3, 5]


def test_an_object_a_picture_with_captions_in_two_languages(tmp_path):
    records = [
        {"file_path": "a.jpg", "captions": ["A dog runs ."], "caption_ko": ["개가 뛴다"]},
        {"file_path": "b/c.PNG", "caption_ko": ["두 사람"]},
        {"file_path": "d.jpg", "caption_ko": []},
    ]
    path = written(tmp_path, "korean.json", json.dumps(records))
    assert sorted(pairs(path)) == sorted(PAIRS)
    assert [reject.line for reject in read_captions(path).rejects] == [3]


def test_bad_rows_are_written_down(tmp_path):
    text = "image\tcaption\na.jpg\t개가 뛴다\na.jpg\t\nnotes\t무엇\nb.jpg\t새\n"
    file = read_captions(written(tmp_path, "own.tsv", text))
    assert [caption.image for caption in file.captions] == ["a.jpg", "b.jpg"]
    assert sorted(reject.line for reject in file.rejects) == [3, 4]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("words.tsv", "하나\t둘\n셋\t넷\n"),
        ("header.tsv", "image\tcaption\n"),
        ("broken.json", '{"images": ['),
        ("other.json", '{"images": [], "annotations": []}'),
        ("one.tsv", "a.jpg\nb.jpg\n"),
    ],
)
def test_what_has_no_captions_is_refused_in_one_line(tmp_path, name, text):
    with pytest.raises(UserError, match=name) as refused:
        read_captions(written(tmp_path, name, text))
    assert "\n" not in str(refused.value)


def test_languages():
    assert language_of("a 개") == "ko"
    assert language_of("ㅋ") == "ko"
    assert language_of("A dog.") == "en"
