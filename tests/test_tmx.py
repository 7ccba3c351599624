from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.parallel.own_pairs import read_pairs
from pipeline.corpora.parallel.tmx import read_tmx
from pipeline.errors import UserError

WHERE = Path("a.tmx")


def unit(*segments: tuple[str, str], attribute: str = "xml:lang") -> str:
    tuvs = (f'<tuv {attribute}="{lang}">\n<seg>{text}</seg></tuv>' for lang, text in segments)
    return f"<tu>{''.join(tuvs)}</tu>\n"


def document(*units: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> str:
    header = '<header srclang="en" datatype="plaintext"/>'
    return f'{head}<tmx version="1.4">{header}<body>\n{"".join(units)}</body></tmx>'


def read(text: str | bytes):
    data = text if isinstance(text, bytes) else text.encode()
    return read_tmx(io.BytesIO(data), "a.tmx", WHERE)


def sides(text: str | bytes) -> list[tuple[str, str]]:
    return [(pair.ko, pair.en) for pair in read(text).pairs]


@pytest.mark.parametrize(
    ("ko", "en"),
    [
        ("ko", "en"),
        ("ko-KR", "en-US"),
        ("KO", "EN"),
        ("ko_KR", "EN-gb"),
        ("kor", "eng"),
        ("Korean", "English"),
    ],
)
@pytest.mark.parametrize("attribute", ["xml:lang", "lang"])
def test_languages(ko, en, attribute):
    units = [unit((en, "Hi."), ("fr", "Salut."), (ko, "안녕."), attribute=attribute)]
    assert sides(document(*units)) == [("안녕.", "Hi.")]


@pytest.mark.parametrize(
    "head",
    [
        "",
        '\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n',
        '<?xml version="1.0"?><!DOCTYPE tmx PUBLIC "-//LISA//DTD TMX 1.1//EN" "http://a.b/t.dtd">',
    ],
)
def test_versions(head):
    text = document(unit(("ko", "안녕."), ("en", "Hi.")), head=head.lstrip())
    assert sides(text) == [("안녕.", "Hi.")]
    upper = head.lstrip() + document(unit(("ko", "안녕."), ("en", "HI.")), head="").upper()
    assert sides(upper.replace("XML:LANG", "xml:lang")) == [("안녕.", "HI.")]


def test_inline_markup():
    ko = '<bpt i="1">&lt;b&gt;</bpt>굵은<ept i="1">&lt;/b&gt;</ept> <hi>글</hi><ph x="1"/>'
    en = '<it pos="begin">{\\b}</it>A &lt; <b>B</b> &amp; &quot;C&quot;<![CDATA[ <D>]]> &#39;E&#39;'
    assert sides(document(unit(("ko", ko), ("en", en)))) == [("굵은 글", "A < B & \"C\" <D> 'E'")]


def test_several_segments_and_those_without_a_partner():
    units = [
        unit(("ko", "안녕."), ("en", "Hi."), ("en-GB", "Hello.")),
        unit(("ko", "혼자."), ("de", "Allein.")),
        unit(("en", "Alone.")),
        unit(),
    ]
    texts = read(document(*units))
    assert [(pair.ko, pair.en, pair.line) for pair in texts.pairs] == [
        ("안녕.", "Hi.", 3),
        ("안녕.", "Hello.", 3),
    ]
    assert [reject.line for reject in texts.rejects] == [7, 10, 12]
    assert texts.left_out == {"unpaired": 3}


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"),
     ("cp949", "EUC-KR"), ("cp949", "ks_c_5601-1987"), ("cp949", "UTF-8"), ("utf-8", "EUC-KR"),
     ("utf-8", "UTF-16"), ("utf-8", "nonsense"), ("cp949", "windows-949")],
)  # fmt: skip
def test_encodings(encoding, declared, tmp_path):
    units = [unit(("ko", f"똠방각하 {n}."), ("en", "His lordship.")) for n in range(3)]
    text = document(*units, head=f'<?xml version="1.0" encoding="{declared}"?>')
    assert len(sides(text.encode(encoding))) == 3
    path = tmp_path / "memory.xml"  # the content says what it is
    path.write_bytes(text.encode(encoding))
    assert [pair.ko for pair in read_pairs(path).pairs] == [f"똠방각하 {n}." for n in range(3)]


def test_what_is_damaged_costs_itself():
    units = [unit(("ko", f"글 {n}."), ("en", f"Text {n}.")) for n in range(5)]
    data = (
        document(*units)
        .encode()
        .replace("글 2".encode(), b"\xea\xb8 2")
        .replace(b"Text 3", b"T\x0b 3")
    )
    texts = read(data)
    assert [pair.en for pair in texts.pairs] == ["Text 0.", "Text 1.", "T 3.", "Text 4."]
    assert len(texts.rejects) == 1


def test_entities_that_xml_does_not_know():
    text = document(unit(("ko", "가&nbsp;나&hellip;"), ("en", "A&nbsp;B")))
    assert sides(text) == [("가&nbsp;나&hellip;", "A&nbsp;B")]


BOMB = '<!DOCTYPE tmx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE tmx [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>'


@pytest.mark.parametrize("head", [BOMB, OUTSIDE, PARAMETER])
def test_entities_that_it_defines_are_refused(head):
    with pytest.raises(UserError, match="entity"):
        read(document(unit(("ko", "&a;"), ("en", "&a;")), head=head))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (document(unit(("ko", "가"), ("en", "A")))[:-20], "line 5: is no well-formed XML"),
        (document(unit(("ko", "가"), ("en", "R&D"))), "line 5: is no well-formed XML"),
        ("<?xml version='1.0'?><xliff></xliff>", "no TMX.*xliff"),
        ("", "no well-formed"),
        (document(unit(("de", "Hallo"), ("fr", "Salut"))), "languages are de, fr"),
        (document(unit(("ko", "가"), ("ja", "あ"))), "languages are ko, ja"),
    ],
)  # fmt: skip
def test_what_is_no_memory_of_both_languages(text, match):
    with pytest.raises(UserError, match=match) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_nothing_is_kept_but_the_pairs():
    noise = f"<note>{'x' * 10_000}</note>" * 1000
    text = document(noise, unit(("ko", "가."), ("en", "A."))).encode()
    tracemalloc.start()
    assert len(read(text).pairs) == 1
    assert tracemalloc.get_traced_memory()[1] < len(text)
    tracemalloc.stop()


printed = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)


@given(st.lists(st.tuples(printed, printed), min_size=1, max_size=5))
def test_segments_come_back(rows):
    units = [unit(("ko", escape(ko)), ("en", escape(en))) for ko, en in rows]
    expected = [(ko.strip(), en.strip()) for ko, en in rows if "\ufffd" not in ko + en]
    noncharacters = {"\ufffe": None, "\uffff": None}
    table = str.maketrans(noncharacters)
    found = sides(document(*units))
    assert found == [
        (ko.translate(table).strip(), en.translate(table).strip()) for ko, en in expected
    ]
