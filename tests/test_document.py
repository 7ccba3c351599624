"""Templates of pages: what is put in stays text, wherever it stands; parts come out as HTML."""

from __future__ import annotations

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from pipeline.report import document as documents
from pipeline.report.document import document
from pipeline.report.page import MarkedSpan, ReportContent, render
from pipeline.report.passage import Passage
from reported_run import NASTY, Page, Tables


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "TEMPLATES", tmp_path)

    def made(source: str, **facts) -> ReportContent:
        (tmp_path / "page.md.j2").write_text(source, encoding="utf-8")
        return document("page.md.j2", **facts)

    return made


EVERYWHERE = """# {{ x }}

{{ x }}

{% call card(x, x) %}
{{ x }}
{% endcall %}

## {{ x }} · 단락

A *word* {{ x }} and `code {{ x }}`.

{.prose caption="about {{ x }}"}
| {{ x }} | number |
|---|---:|
| {{ x }} | {{ 0.5 | percent }} |

- {{ x }}

{{ commands([x]) }}

{{ spans }}

{{ picture(figure, alt=x, caption=x) }}
"""


@settings(deadline=None, max_examples=60)
@given(text=st.text(st.characters(), min_size=1))
def test_whatever_is_put_in_stays_text(tmp_path_factory, text):
    check_everywhere(tmp_path_factory.mktemp("templates"), text)


@pytest.mark.parametrize(
    "text", [NASTY, "a | b", "# a\n\n- b", "$x$", "*a* _b_ `c`", "\ue0000\ue001", "[a](b)", "a\n|b"]
)
def test_marks_of_markdown_and_html_stay_text(tmp_path, text):
    page = check_everywhere(tmp_path, text)
    assert (
        " ".join(text.replace("\ue000", "\ufffd").replace("\ue001", "\ufffd").split()) in page.text
    )
    (table,) = Tables(page.source).tables
    assert len(table.rows) == 1
    assert table.columns[1] == "number"


def check_everywhere(folder, text: str) -> Page:
    """All places where a text can be put in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "TEMPLATES", folder)
        (folder / "page.md.j2").write_text(EVERYWHERE, encoding="utf-8")
        content = document("page.md.j2", x=text, spans=[MarkedSpan(text, text, 1)], figure=PNG)
    page = Page(render(content))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "math"}
    assert len(page.tags("img")) == 1
    assert not [attrs for _, attrs in page.elements if "onerror" in attrs]
    assert len(page.tags("table")) == len(page.tags("mark")) == len(page.tags("em")) == 1
    return page


PNG = documents.to_png(Figure(figsize=(1, 1)))


def test_a_page_has_its_parts(write):
    content = write(
        "# Title · 제목\n\nBelow it.\n\n## One · 하나\n\ntext\n\n## None · 없음\n\n## Two\n\nmore\n"
    )
    assert (content.title, content.subtitle) == ("Title · 제목", "Below it.")
    assert [section.title for section in content.sections] == ["One · 하나", "Two"]
    html = render(content)
    assert '<span class="korean" lang="ko">하나</span>' in html


def test_neighbours_of_one_kind_share_a_box(write):
    two = "{{ picture(p, alt='1') }}\n{{ picture(p, alt='2') }}\n\n{{ picture(p, alt='3') }}\n\n"
    content = write(f"# T\n\n## S\n\n{two}text\n\n{two}", p=PNG)
    page = Page(render(content))
    assert len(page.tags("img")) == 6
    assert [a.get("class") for a in page.tags("div")].count("figures") == 2


def test_formulas_become_mathml(write):
    content = write(
        "# T\n\n## S\n\nThat $\\gamma_W = {{ x | tex }}$ is small, $5 or $6.\n\n"
        "$$h_t = \\tanh(W x_t)$$\n",
        x=2.4e-17,
    )
    page = Page(render(content))
    assert [each["display"] for each in page.tags("math")] == ["inline", "block"]
    assert "$5 or $6" in page.text
    with pytest.raises(ValueError, match="tex"):
        write("# T\n\n## S\n\n$x = {{ x }}$\n", x="1")


def test_columns_of_numbers_are_set_to_the_right(write):
    content = write("# T\n\n## S\n\n| a · 가 | b |\n|---|---:|\n| x | 1 |\n")
    (table,) = Tables(render(content)).tables
    assert (table.columns, table.rows) == (["a · 가", "b"], [["x", "1"]])
    page = Page(render(content))
    assert [cell.get("class") for cell in page.tags("td")] == [None, "number"]
    assert [cell["data-column"] for cell in page.tags("td")] == ["a", "b"]


def test_a_passage_is_a_part_of_its_own(write):
    shown = Passage("가나", [0.5, None])
    assert "level-8" in render(write("# T\n\n## S\n\n{{ p }}\n", p=shown))
    with pytest.raises(ValueError, match="paragraph of its own"):
        write("# T\n\n## S\n\nlook: {{ p }}\n", p=shown)


def test_mistakes_in_templates_are_errors(write):
    with pytest.raises(jinja2.UndefinedError, match="nothing"):
        write("# T\n\n{{ nothing }}\n")
    for value in (0.123456, None, True, {"a": 1}):
        with pytest.raises(TypeError, match="filter"):
            write("# T\n\n{{ x }}\n", x=value)
    with pytest.raises(ValueError, match="without a title"):
        write("text\n")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0.875 | percent", "87.5%"),
        ("none | percent", "—"),
        ("x | decimals(2)", "no number"),
        ("1234.5 | decimals(1)", "1,234.5"),
        ("0.0025 | digits", "0.0025"),
        ("0.5 | signed(2)", "+0.50"),
        ("50000 | count", "50,000"),
        ("0.0312 | p_value", "0.031"),
        ("0.0004 | p_value", "below 0.001"),
        ("2 | counted('row')", "2 rows"),
        ("2.4e-17 | magnitude", "2.4·10⁻¹⁷"),
        ("['a', 'b', 'c'] | listed(2)", "a, b and 1 more"),
        ("'abcdef' | cut(3)", "ab…"),
        ("none | fact", "—"),
        ("true | fact", "yes"),
        ("12345 | fact('{:,}')", "12,345"),
        ("{'a': [1, 0.5]} | fact", "a: 1, 0.5"),
    ],
)
def test_how_values_are_written(write, written, expected):
    assert write(f"# T\n\n{{{{ {written} }}}}\n", x=float("nan")).subtitle == expected
