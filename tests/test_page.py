"""What the server gives to the page, without a browser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

import pipeline.serving.page
import served_models
from pipeline.report.nanum_font import nanum_folder
from pipeline.serving.page.font import FONTS
from running_server import Running, running

STATIC = Path(pipeline.serving.page.__file__).parent / "static"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("models")
    served_models.adds(folder / "adds" / "2", 2)
    served_models.adds(folder / "with space" / "1", 1)
    assets = folder / "adds" / "2" / "assets.extra"
    assets.mkdir(exist_ok=True)
    (assets / "model_card.md").write_text("# 더하기\n", "utf-8")
    (assets / "example.txt").write_text("1\n", "utf-8")
    (assets / "labels.json").write_text('["쉼"]', "utf-8")
    (assets / "manifest.json").write_text('{"secret": 1}', "utf-8")
    (assets / "broken.json").write_text("{", "utf-8")
    with running(folder) as run:
        yield run


def files() -> list[str]:
    return [path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()]


@pytest.mark.parametrize("path", ["/", *(f"/page/{name}" for name in files())])
def test_all_of_the_page_is_from_here(server: Running, path):
    reply = server.ask("GET", path)
    assert reply.status == 200
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    text = re.sub(r"http://www\.w3\.org/\S+", "", reply.body.decode("utf-8"))
    assert "//" not in re.sub(r"(?m)(^|\s)//.*$", "", text)  # no address but those of comments


def test_nothing_is_written_into_the_page(server: Running):
    page = server.ask("GET", "/").body.decode("utf-8")
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", page) == []
    assert all('src="' in tag for tag in re.findall(r"<script[^>]*>", page))


def test_the_font_comes_from_its_wheel(server: Running):
    reply = server.ask("GET", "/page/fonts/NanumGothic.ttf")
    assert (reply.status, reply.headers["cache-control"]) == (200, "max-age=86400")
    with TTFont(io.BytesIO(reply.body)) as sent, TTFont(nanum_folder() / FONTS[0]) as own:
        assert sent.getBestCmap() == own.getBestCmap()
    assert server.ask("GET", "/page/fonts/NanumGothicLight.ttf").status == 404


def test_what_has_not_changed_is_not_sent_again(server: Running):
    first = server.ask("GET", "/page/app.js")
    again = server.ask("GET", "/page/app.js", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_the_models_that_are_there(server: Running):
    told = server.ask("GET", "/page/models").json
    assert told["loading"] is False
    adds, other = told["models"]
    assert (adds["name"], adds["version"], other["name"]) == ("adds", 2, "with space")
    assert adds["files"] == ["example.txt", "model_card.md"]
    assert adds["facts"] == {"labels": ["쉼"]}
    assert adds["signatures"]["serving_default"]["inputs"]["x"]["dtype"] == "float32"
    assert (other["files"], other["facts"]) == ([], {})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/page/models/adds/model_card.md", 200),
        ("/page/models/adds/manifest.json", 404),
        ("/page/models/adds/..%2f..%2fsaved_model.pb", 404),
        ("/page/models/with%20space/model_card.md", 404),
        ("/page/models/none/model_card.md", 404),
        ("/page/../app.py", 404),
        ("/page/%2e%2e/routes.py", 404),
    ],
)
def test_files_beside_a_model(server: Running, path, status):
    reply = server.ask("GET", path)
    assert reply.status == status
    if status == 200:
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.body.decode("utf-8") == "# 더하기\n"
    else:
        assert reply.json["error"]


def test_pieces_of_a_model_without_any(server: Running):
    reply = server.ask("POST", "/page/models/adds/pieces", "가나".encode())
    assert (reply.status, reply.json) == (404, {"error": "adds reads no pieces"})
    assert server.ask("POST", "/page/models/adds/pieces", b"x" * (1 << 18)).status == 413


def test_pieces_stand_where_they_are_in_the_text(finished):
    with running(finished("sentiment").saved_model.parent.parent) as server:
        text = " 꿀잼ㅋㅋ  👩‍👩‍👧 재밌었다 " + "가 " * 400
        spans = server.ask("POST", "/page/models/sentiment/pieces", text.encode()).json["spans"]
    shown = [text[start:end] for start, end in spans]
    assert "".join(shown[:40]).startswith("꿀잼ㅋㅋ👩‍👩‍👧재밌었다")
    assert spans == sorted(spans)
    limit = finished("sentiment").task.tiny.text.max_length
    assert len(spans) == limit - 2


def test_the_page_is_open_and_the_models_are_not(server: Running, tmp_path):
    served_models.adds(tmp_path / "adds" / "1", 1)
    with running(tmp_path, token="secret") as closed:
        assert closed.ask("GET", "/").status == 200
        assert closed.ask("GET", "/page/app.js").status == 200
        for path in ("/page/models", "/page/models/adds/model_card.md"):
            assert closed.ask("GET", path).status == 401
        told = closed.ask("GET", "/page/models", Authorization="Bearer secret")
        assert [model["name"] for model in told.json["models"]] == ["adds"]


def test_both_languages_have_the_same_words(server: Running):
    korean, english = (
        dict(re.findall(r'^  "([^"]+)":\s*((?:.|\n    )*?),$', (STATIC / name).read_text(), re.M))
        for name in ("words.ko.js", "words.en.js")
    )
    assert len(korean) > 40
    assert korean.keys() == english.keys()
    for key, words in korean.items():
        assert set(re.findall(r"\{\w+\}", words)) == set(re.findall(r"\{\w+\}", english[key])), key
    used = "\n".join(p.read_text("utf-8") for p in STATIC.rglob("*.js") if "words" not in p.name)
    made = re.compile(r".+-(tab|about)|in-..")  # of the name of a kind or of a language
    assert [key for key in korean if f'"{key}"' not in used and not made.fullmatch(key)] == []
