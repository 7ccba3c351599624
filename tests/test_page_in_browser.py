"""The page in a real browser: what people see, and what those hear who cannot see it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import served_models
from browser import check_look, needs_chromium, opened, quiet_page
from running_server import Running, running

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def server(finished, tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("served")
    for task in ("sentiment", "ner"):
        shutil.copytree(finished(task).saved_model, folder / task / "1")
    served_models.adds(folder / "adds" / "1", 1)
    with running(folder) as run:
        yield run


def asked(panel, text: str, button: str):
    """The answer to a text."""
    panel.get_by_role("textbox").first.fill(text)
    panel.get_by_role("button", name=button).click()
    answer = panel.get_by_role("region", name="Answer", exact=True)
    answer.locator(".said").wait_for()
    panel.locator("[aria-busy]").wait_for(state="detached")
    return answer


def test_a_review_has_its_label_and_why(page, server: Running):
    text = "꿀잼ㅋㅋ  두 번 봤다 👩‍👩‍👧"
    panel = opened(page, "sentiment")
    answer = asked(panel, text, "Ask")
    row = server.predict("sentiment", instances=[text]).json["predictions"][0]
    assert answer.locator(".said").inner_text() == f"{row['label']}, {100 * row['score']:.1f} %"
    assert answer.locator(".why .passage").text_content() == text
    answer.get_by_text("Numbers").click()
    table = answer.get_by_role("table")
    cells = [
        [cell.inner_text() for cell in line.get_by_role("cell").all()]
        for line in table.get_by_role("row").all()[1:]
    ]
    assert len(cells) >= 4
    place = max(range(2), key=row["probabilities"].__getitem__)
    for piece, before, without, effect in cells:
        if text.count(piece) > 1:
            continue
        left = server.predict("sentiment", instances=[text.replace(piece, "")]).json
        share = left["predictions"][0]["probabilities"][place]
        assert without == f"{100 * share:.1f} %"
        assert before == f"{100 * row['score']:.1f} %"
        assert effect.startswith("+") == (share <= row["score"])


def test_entities_are_marked_in_the_text_as_typed(page, server: Running):
    text = "👩‍👩‍👧 김민수  대표는\n서울 종로구에서 <b>한국은행</b>을 12월에 봤다."
    panel = opened(page, "ner")
    answer = asked(panel, text, "Find entities")
    inputs = server.predict("ner", signature_name="entities", inputs=[text]).json["outputs"]
    assert inputs["entity"]
    marks = answer.locator("mark")
    shown = [mark.evaluate("mark => mark.firstChild.data") for mark in marks.all()]
    assert shown == inputs["entity"]
    assert [mark.locator("small").inner_text() for mark in marks.all()] == inputs["label"]
    without = "p => Array.from(p.childNodes, n => (n.firstChild ?? n).data).join('')"
    assert answer.locator(".passage").evaluate(without) == text
    rows = answer.get_by_role("row").all()[1:]
    offsets = [row.get_by_role("cell").nth(2).inner_text() for row in rows]
    pairs = zip(inputs["start"], inputs["end"], strict=True)
    assert offsets == [f"{start}–{end}" for start, end in pairs]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("text", ['it\'s $HOME `x` "q"', "꿀잼\nㅋㅋ"])
def test_the_line_for_curl_does_the_same(page, server: Running, text):
    panel = opened(page, "sentiment")
    asked(panel, text, "Ask")
    panel.get_by_text("The same with curl").click()
    line = panel.locator(".same pre").inner_text()
    out = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert json.loads(out) == server.predict("sentiment", instances=[text]).json


def test_examples_ask_by_themselves_and_the_time_is_told(page):
    panel = opened(page, "ner")
    example = panel.get_by_role("group", name="Examples").get_by_role("button").first
    example.click()
    panel.locator(".said").wait_for()
    assert panel.get_by_role("textbox").input_value() == example.inner_text()
    status = panel.get_by_role("status").inner_text()
    assert re.search(r"Answered in [\d.]+ ms", status)
    assert panel.locator(".said").inner_text() in status  # read out as well


def test_tabs_are_moved_between_with_arrows(page):
    opened(page, "sentiment")
    tabs = page.get_by_role("tab").all()
    assert [tab.get_attribute("tabindex") for tab in tabs] == ["0", "-1", "-1"]
    tabs[0].focus()
    for key, chosen in (("ArrowRight", 1), ("End", 2), ("ArrowRight", 0), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        state = [tab.get_attribute("aria-selected") for tab in tabs]
        assert state == [str(number == chosen).lower() for number in range(3)]
        assert tabs[chosen].evaluate("tab => tab === document.activeElement")
        panel = page.get_by_role("tabpanel")
        assert panel.get_attribute("aria-labelledby") == tabs[chosen].get_attribute("id")
    assert page.url.endswith("#adds")


def test_it_waits_until_all_models_are_loaded(page):
    some = {"models": [], "loading": True}
    page.route("**/page/models", lambda route: route.fulfill(json=some), times=1)
    page.goto("/")
    page.get_by_text("Models are being loaded").wait_for()
    page.get_by_role("tab").first.wait_for()


def test_korean_and_english(page):
    panel = opened(page, "ner")
    asked(panel, "김민수 대표는 서울에 있다.", "Find entities")
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("button", name="한국어").click()
    assert page.locator("html").get_attribute("lang") == "ko"
    panel.get_by_role("button", name="개체명 찾기").wait_for()
    assert "찾은 개체명" in panel.locator(".said").inner_text()
    page.reload()
    panel.get_by_role("button", name="개체명 찾기").wait_for()
    hangul = "span => document.fonts.ready.then(() => [...document.fonts].map(f => f.status))"
    assert "loaded" in page.locator("h1").evaluate(hangul)


def test_the_model_card_is_shown(page):
    panel = opened(page, "ner")
    link = panel.get_by_role("link", name="Model card")
    link.click()
    card = page.get_by_role("dialog", name="ner")
    assert "What not to expect" in card.inner_text()
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    assert link.evaluate("link => link === document.activeElement")


def test_a_model_that_the_page_does_not_know(page):
    panel = opened(page, "adds")
    request = panel.get_by_role("textbox", name="Request, as JSON")
    assert json.loads(request.input_value())["inputs"] == {"x": [0]}
    assert "4.5" in asked(panel, '{"instances": [3.5]}', "Ask").inner_text()
    request.fill("{")
    panel.get_by_role("button", name="Ask").click()
    panel.get_by_role("alert").wait_for()
    assert "no JSON" in panel.get_by_role("alert").inner_text()


def test_an_error_of_the_server_is_told(chromium, server: Running):
    # What is refused the browser itself notes in its console.
    with chromium.new_context(
        locale="en-US", base_url=f"http://127.0.0.1:{server.port}"
    ) as context:
        panel = opened(context.new_page(), "adds")
        panel.get_by_role("textbox").fill('{"instances": ["x"]}')
        panel.get_by_role("button", name="Ask").click()
        panel.get_by_role("alert").wait_for()
        assert "DT_FLOAT" in panel.get_by_role("alert").inner_text()


def test_a_server_with_a_token_asks_for_it(chromium, tmp_path: Path):
    served_models.adds(tmp_path / "adds" / "1", 1)
    with (
        running(tmp_path, token="secret") as closed,
        chromium.new_context(locale="en-US") as context,
    ):
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{closed.port}/")
        for token in ("wrong", "secret"):
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Use it").click()
            if token == "wrong":
                page.get_by_text("not the token").wait_for()
        panel = page.get_by_role("tabpanel")
        asked(panel, '{"instances": [3.5]}', "Ask")
        panel.get_by_text("The same with curl").click()
        line = panel.locator(".same pre").inner_text()
        assert '-H "Authorization: Bearer $TOKEN"' in line
        assert "secret" not in line


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_and_no_wider_than_a_phone(chromium, server: Running, scheme):
    phone = {"width": 360, "height": 740}
    with quiet_page(
        chromium, server.port, locale="ko-KR", color_scheme=scheme, viewport=phone
    ) as page:
        for model in ("adds", "ner", "sentiment"):
            panel = opened(page, model)
            if model != "adds":
                panel.locator(".example").first.click()
                panel.locator(".said").wait_for()
                panel.locator("[aria-busy]").wait_for(state="detached")
            check_look(page)
