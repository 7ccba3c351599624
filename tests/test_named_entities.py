from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.annotated.annotated_file import read_annotated
from pipeline.corpora.annotated.corpus import kmou_split, read_evaluation_corpus
from pipeline.corpora.annotated.entities import read_entities
from pipeline.corpora.annotated.named_entities import read_klp, read_klue, read_kmou
from pipeline.corpora.catalogue import find_corpus
from pipeline.corpora.splits import read_split, write_split
from pipeline.errors import UserError
from pipeline.tasks.ner.data import SAMPLE


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def entities(frame: pd.DataFrame) -> list[list[tuple[str, str]]]:
    return [
        [(text[start:end], label) for start, end, label in read_entities(cell)]
        for text, cell in zip(frame["text"], frame["label"], strict=True)
    ]


def doubts(read) -> list[tuple[int, str, bool]]:
    return [(row.line, row.reason, row.kept) for row in read.rejects]


# As published


KMOU = """## 1
## 오에는 12월1일부로 간다.
## <오에:PER>는 <12월1일:DAT>부로 간다.
오에	오에	NNP	B-PER
는	는	JX	O
_	_	_	O
12월1	12월1	NNG	B-DAT
일부	일부	NNG	O
로	로	JKB	O
_	_	_	O
간다	가	VV	O
.	.	SF	O

## 2
## 뭣이_중허냐
## 뭣이_<중:LOC>허냐
뭣이	뭣이	NP	O
_	_	_	O
중	중	NNG	B-LOC
허냐	허냐	VV	O

## 3
## 딴 글
## 이 글
이	이	MM	O
_	_	_	O
글	글	NNG	O

"""


def test_kmou(tmp_path):
    first = write(tmp_path / "00002_NER.txt", "\ufeff" + KMOU)
    read = read_kmou([first, write(tmp_path / "00003_NER.txt", KMOU.split("\n\n")[1] + "\n\n")])
    assert read.frame["id"].tolist() == [
        *("00002_NER-1", "00002_NER-2", "00002_NER-3", "00003_NER-2")
    ]
    assert read.frame["text"].tolist()[:3] == ["오에는 12월1일부로 간다.", "뭣이_중허냐", "이 글"]
    assert entities(read.frame)[:3] == [[("오에", "PER"), ("12월1일", "DAT")], [("중", "LOC")], []]
    assert doubts(read) == [
        (1, "00002_NER.txt: kept as marked up: the tags say otherwise", True),
        (22, "00002_NER.txt: kept as marked up: the text beside it is another", True),
    ]
    assert read.details == {
        "rows": 4,
        "rejected": 0,
        "entities": {"DAT": 1, "LOC": 2, "PER": 1},
        "tags_differ": 1,
        "text_differs": 1,
    }


def test_kmou_with_broken_markup(tmp_path):
    """The tags stand in if they can."""
    broken = KMOU.replace("## <오에:PER>는", "## <오에:PER는")
    read = read_kmou([write(tmp_path / "a.txt", broken)])
    assert entities(read.frame)[0] == [("오에", "PER"), ("12월1", "DAT")]
    assert doubts(read)[0] == (1, "a.txt: kept as tagged: no > after :PER", True)
    worse = broken.replace("\tB-PER\n", "\tPERSON\n")
    read = read_kmou([write(tmp_path / "a.txt", worse)])
    assert len(read.frame) == 2
    assert doubts(read)[0] == (1, "a.txt: no > after :PER", False)
    assert read.details["rejected"] == 1
    read = read_kmou([write(tmp_path / "a.txt", "## 1\n## 글만\n\n## 2\n## 또\n## 또\n")])
    assert read.frame["text"].tolist() == ["또"]
    assert doubts(read)[0] == (1, "a.txt: no text with markup", False)


KLP = """; 지난 8월 서울에
$<지난 8월:DT> <서울:LC>에
1	지나	VV	B_DT
1	ㄴ	ETM	I
2	8	SN	I
2	월	NNB	I
3	서울	NNP	B_LC
3	에	JKB	O

; 한미 공조
$<한:LC><미:LC> 공조
1	한미	NNP	B_LC
2	공조	NNG	O

"""


def test_klp(tmp_path):
    read = read_klp(write(tmp_path / "ner.dev", KLP.replace("\n", "\r\n")))
    assert read.frame["id"].tolist() == ["ner.dev-1", "ner.dev-2"]
    assert read.frame["text"].tolist() == ["지난 8월 서울에", "한미 공조"]
    assert entities(read.frame) == [
        [("지난 8월", "DT"), ("서울", "LC")],
        [("한", "LC"), ("미", "LC")],
    ]
    assert doubts(read) == [(10, "ner.dev: kept as marked up: the tags say otherwise", True)]
    # Morphemes are not the letters of the text: they cannot stand in.
    read = read_klp(write(tmp_path / "ner.dev", KLP.replace("$<한:LC>", "$<한:LC")))
    assert doubts(read) == [(10, "ner.dev: no > after :LC", False)]


def klue(*rows: tuple[str, str]) -> str:
    """(text with markup, "character tag character tag …" with ␣ for a space)"""
    text = "## 토큰, 레이블 구분자 : \\t\n## 주석 : ##\n## 컬럼명 : CHAR\tNE_TAG\n"
    for number, (inline, tagged) in enumerate(rows):
        text += f"## klue-ner-v1_dev_0000{number}-nsmc\t{inline}\n"
        fields = tagged.split(" ")
        for character, tag in zip(fields[::2], fields[1::2], strict=True):
            text += f"{character.replace('␣', ' ')}\t{tag}\n"
        text += "\n"
    return text


def test_klue(tmp_path):
    path = write(
        tmp_path / "dev.tsv",
        klue(
            ("<김:PS> 모", "김 B-PS ␣ O 모 O"),
            ("<<레:PS>>", "< B-PS 레 I-PS > O"),
            ("<1:QT>, 2:QT>", "1 B-QT , O ␣ O 2 O : O Q O T O > O"),
            ("< 3:QT>", "␣ B-QT 3 I-QT"),
        ),
    )
    read = read_klue(path)
    assert read.frame["id"].tolist() == [f"klue-ner-v1_dev_0000{n}-nsmc" for n in range(4)]
    assert read.frame["text"].tolist() == ["김 모", "<레>", "1, 2:QT>", " 3"]
    assert entities(read.frame) == [*([("김", "PS")], [("레", "PS")], [("1", "QT")], [("3", "QT")])]
    assert doubts(read) == [
        (9, "dev.tsv: kept as marked up: the tags say otherwise", True),
        (14, "dev.tsv: kept as tagged: :QT> without a <", True),
    ]


@pytest.mark.parametrize("read", [lambda path: read_kmou([path]), read_klp, read_klue])
def test_files_of_something_else(tmp_path, read):
    with pytest.raises(UserError, match=r"x\.txt: line 1 .*give it as a file of your own"):
        read(write(tmp_path / "x.txt", "서울\tB-LC\n에\tO\n"))
    with pytest.raises(UserError, match="no such file"):
        read(tmp_path / "missing.txt")


@pytest.fixture(scope="module")
def mirrored():
    if "CORPUS_MIRROR" not in os.environ:
        pytest.skip("needs the published files")
    mirror = Path(os.environ["CORPUS_MIRROR"])
    return lambda name: {
        part: mirror / file.relative for part, file in find_corpus(name).files.items()
    }


def test_kmou_as_published(mirrored):
    read = read_kmou(path for _, path in sorted(mirrored("kmou").items()))
    assert read.details["rows"] == 23_964
    assert read.frame["id"].is_unique
    assert (read.details["rejected"], read.details["text_differs"]) == (0, 0)
    assert read.details["tags_differ"] == len(read.rejects) == 660
    # The published number is of distinct lines with markup, of the file as it is.
    distinct: dict[str, set[str]] = {"train": set(), "dev": set(), "test": set()}
    for name, path in mirrored("kmou").items():
        lines = path.read_text(encoding="utf-8-sig").split("\n")
        headed = [line for line in lines if line.startswith("## ")]
        distinct[kmou_split(name)].update(headed[2::3])
    assert {part: len(lines) for part, lines in distinct.items()} == find_corpus("kmou").sentences
    for part, lines in distinct.items():
        names = read.frame["id"].map(lambda name: kmou_split(name.rpartition("-")[0] + ".txt"))
        rows = read.frame[names == part].drop_duplicates(["text", "label"])
        assert len(rows) == len(lines)


def test_klp_as_published(mirrored):
    paths = mirrored("klp")
    read = {part: read_klp(path) for part, path in paths.items()}
    assert {part: texts.details["rows"] for part, texts in read.items()} == find_corpus(
        "klp"
    ).sentences
    assert [len(texts.rejects) for texts in read.values()] == [2, 0, 0]
    for part, texts in read.items():  # as many as there are tags B_
        tags = paths[part].read_text(encoding="utf-8").count("\tB_")
        assert abs(sum(texts.details["entities"].values()) - tags) <= 1
    texts = [set(texts.frame["text"]) for texts in read.values()]
    assert len(set.union(*texts)) == sum(map(len, texts)) == 3_660


def test_klue_as_published(mirrored):
    path = mirrored("klue")["dev"]
    read = read_klue(path)
    tags = path.read_text(encoding="utf-8")
    assert read.details["rows"] == 5_000
    assert read.details["entities"] == {
        label: tags.count(f"\tB-{label}\n") for label in ("DT", "LC", "OG", "PS", "QT", "TI")
    }
    assert [row.kept for row in read.rejects] == [True] * 4


# A user's own file


SENTENCES = ["<한국은행:OG>은 <16일:DT>에", "점수는 3:2, a < b", "<김:PS> <서울:LC>"]
FOUND = [[("한국은행", "OG"), ("16일", "DT")], [], [("김", "PS"), ("서울", "LC")]]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("utf-16", "UTF-16"),
        ("cp949", "CP949"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end(tmp_path, encoding, named, end):
    path = write(tmp_path / "my.txt", end.join(["", *SENTENCES, " ", ""]), encoding)
    read = read_annotated(path)
    assert entities(read.frame) == FOUND
    assert read.rejects == []
    assert read.details.pop("read_as")
    assert read.details == {
        "encoding": named,
        "format": "markup",
        "rows": 3,
        "rejected": 0,
        "entities": {"DT": 1, "LC": 1, "OG": 1, "PS": 1},
    }


def test_only_line_feeds_end_a_line(tmp_path):
    path = write(tmp_path / "my.txt", "가\u2028<나:OG>\u0085다\r라\x0b\t<마:OG>\n바\n")
    read = read_annotated(path)
    assert read.frame["text"].tolist() == ["가\u2028나\u0085다 라\x0b 마", "바"]
    write_split(tmp_path / "split.tsv", read.frame)
    back = read_split(tmp_path / "split.tsv")
    assert back.equals(read.frame)
    assert entities(back) == [[("나", "OG"), ("마", "OG")], []]


def test_broken_lines_are_set_aside(tmp_path):
    lines = [
        *SENTENCES,
        "",
        "<김민배:PS 기자",
        "<<서울:LC> 시청:OG>",
        "<서울:lc>",
        "<서울:LOCATION_OF_SOMETHING>",
        "<부산:LC",
        "<부산:XX",
    ]
    read = read_annotated(write(tmp_path / "my.txt", "\n".join(lines)))
    assert doubts(read) == [
        (5, "no > after :PS", False),
        (6, "markup inside markup, closed by :OG>", False),
        (9, "no > after :LC", False),
    ]
    assert read.rejects[0].content == "<김민배:PS 기자"
    assert entities(read.frame)[3:5] == [[("서울", "LC")], [("서울", "LOCATION_OF_SOMETHING")]]
    assert "lc" in read.warnings[0]
    assert read.frame["text"].tolist()[-1] == "<부산:XX"  # nothing says that XX is a label
    assert (read.details["rows"], read.details["rejected"]) == (6, 3)


@pytest.mark.parametrize("name", ["my.conll", "my.bio", "my.tsv", "my.txt"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_are_known_by_their_tags(tmp_path, name, end):
    text = "한국은행 NNP B-OG\n은 JX O\n\n\n김 NNP B_PS\n서울 NNP I-LC\n\n끝 NNG\n\n점 X ?\n"
    read = read_annotated(write(tmp_path / name, text.replace("\n", end)))
    assert read.frame["text"].tolist() == ["한국은행 은", "김 서울"]
    assert entities(read.frame) == [[("한국은행", "OG")], [("김", "PS"), ("서울", "LC")]]
    assert doubts(read) == [
        (8, "2 columns instead of 3", False),
        (10, "'?' is no tag", False),
    ]
    assert read.details.pop("read_as")
    assert read.details == {
        "encoding": "UTF-8",
        "format": "columns",
        "spacing": "words",
        "repaired": 1,
        "rows": 2,
        "rejected": 2,
        "entities": {"LC": 1, "OG": 1, "PS": 1},
    }


def test_published_files_as_a_users_own(tmp_path):
    """Their tags are read, as far as they go."""
    read = read_annotated(write(tmp_path / "mine.tsv", klue(("<김:PS> 모", "김 B-PS ␣ O 모 O"))))
    assert entities(read.frame) == [[("김", "PS")]]
    assert (read.frame["text"][0], read.details["spacing"]) == ("김 모", "characters")
    read = read_annotated(write(tmp_path / "mine.txt", KMOU))
    assert entities(read.frame)[0] == [("오에", "PER"), ("12월1", "DAT")]
    assert read.details["spacing"] == "underscores"


def test_a_sentence_of_5000_syllables(tmp_path):
    line = "가나다라마 <서울:LC>에 " * 600
    read = read_annotated(write(tmp_path / "my.txt", f"{line}\n짧다\n"))
    assert len(read.frame["text"][0]) > 5_000
    assert entities(read.frame)[0] == [("서울", "LC")] * 600
    columns = "".join(f"{c}\tB-LC\n" if c == "서" else f"{c}\tO\n" for c in line.strip() * 2)
    read = read_annotated(write(tmp_path / "my.tsv", columns))
    assert read.frame["text"][0] == line.strip() * 2


def test_ids_are_of_the_text(tmp_path):
    path = write(tmp_path / "my.txt", "<서울:LC> 시청\n서울  시청\n<부산:LC>\n")
    ids = read_annotated(path).frame["id"].tolist()
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is empty"),
        ("\ufeff \r\n\t\n", "is empty"),
        ("<가:OG>\n".encode("utf-16-le"), "is not a text file"),
        ("-DOCSTART- -X- O\n\n", "no usable sentence —"),
        ("<:PS>\n", r"no usable sentence \(line 1: an empty entity, <:PS>\)"),
        ("가 나 B-PS\n다 O\n라 O\n\n마 B-PS\nX ?\n", r"no usable sentence \(line 1: 3 columns"),
    ],
)
def test_files_that_give_nothing(tmp_path, content, expected):
    path = tmp_path / "my.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(UserError, match=expected) as caught:
        read_annotated(path)
    assert str(caught.value).startswith(str(path))


@given(st.binary(max_size=200) | st.text(st.sampled_from("<>:PSB-O가 \t\n\r")).map(str.encode))
def test_no_bytes_crash_the_reader(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(data)
    try:
        read = read_annotated(path)
    except UserError:
        return
    assert read.details["rows"] == len(read.frame) > 0
    for text, cell in zip(read.frame["text"], read.frame["label"], strict=True):
        for start, end, _ in read_entities(cell):
            assert 0 <= start < end <= len(text)
    write_split(path.with_name("any.tsv"), read.frame)
    assert read_split(path.with_name("any.tsv")).equals(read.frame)
    again = read_evaluation_corpus(str(path), path, SAMPLE)
    assert len(again.frame) == len(read.frame)
    assert len(again.warnings) == len(read.warnings) + (read.details["rejected"] > 0)
