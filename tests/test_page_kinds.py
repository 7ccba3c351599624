"""The tabs of the page: what each asks its model, and how it shows the answer."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import page_models
from browser import check_look, needs_chromium, opened, quiet_page
from running_server import Running, running

pytestmark = needs_chromium

FRAMES = "x,y,label\n0,1,위\n0,2,위\n0,-3,아래\n0,-1,위\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("served")
    for name, write in page_models.ALL.items():
        write(folder / name / "1")
    with running(folder) as run:
        yield run


def answer_of(panel):
    panel.locator(".said").wait_for()
    panel.locator("[aria-busy]").wait_for(state="detached")
    return panel.locator(".answer")


def given(panel, name: str, content: bytes | str):
    """The answer to a file."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    kind = "image/png" if name.endswith("png") else "text/csv"
    file = {"name": name, "mimeType": kind, "buffer": data}
    panel.locator("input[type=file]").set_input_files(file)
    return answer_of(panel)


def cells(table) -> list[list[str]]:
    return [
        [cell.inner_text() for cell in row.locator("td").all()]
        for row in table.locator("tbody tr").all()
    ]


def refused(panel, name: str, content: bytes | str) -> str:
    """What is said of a file that cannot be used."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    file = {"name": name, "mimeType": "", "buffer": data}
    panel.locator("input[type=file]").set_input_files(file)
    panel.get_by_role("alert").wait_for()
    return panel.get_by_role("alert").inner_text()


def by_curl(panel, folder: Path | None = None) -> dict:
    """What the line that is shown answers."""
    panel.get_by_text("The same with curl").click()
    line = panel.locator(".same pre").inner_text()
    return json.loads(
        subprocess.run(["bash", "-c", line], capture_output=True, check=True, cwd=folder).stdout
    )


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


def test_the_best_translations_and_where_they_looked(page):
    panel = opened(page, "translation")
    panel.get_by_role("textbox").fill("나는 간다")
    panel.get_by_role("button", name="Translate").click()
    answer = answer_of(panel)
    assert answer.locator(".said").inner_text() == "<나는 간다>"
    said = [each.inner_text() for each in answer.locator(".n-best li").all()]
    assert said == ["<나는 간다> -0.25", "나는 간다! -1.50"]
    table = answer.locator(".attention table")
    assert [each.inner_text() for each in table.locator("thead th").all()] == ["▁나는", "▁간다"]
    assert cells(table) == [["0", "100"], ["0", "100"]]


def test_a_text_is_written_on(page, server: Running):
    panel = opened(page, "charlm")
    panel.get_by_label("Beginning").fill("모든")
    panel.get_by_label("Characters").fill("40")
    panel.get_by_label("Temperature").fill("0.3")
    panel.get_by_role("button", name="Write").click()
    panel.get_by_text("40 characters in").wait_for()
    assert panel.locator(".passage").inner_text() == "모든" + "가" * 40
    panel.get_by_label("Temperature").fill("1")
    panel.get_by_role("button", name="Write").click()
    panel.get_by_text("나" * 40).wait_for()
    panel.get_by_text("The same with curl").click()
    line = panel.locator(".same pre").inner_text()
    assert line.startswith("curl -N -d ")
    assert line.rstrip("'").endswith(":stream")


def test_the_nearest_sentence(page):
    panel = opened(page, "encoder")
    panel.get_by_label("Sentences", exact=True).fill("밥을 먹었다\n\n어제 비가 왔다\n영화")
    panel.get_by_label("Compare with").fill("비 오는 날")
    panel.get_by_role("button", name="Find the nearest").click()
    answer = answer_of(panel)
    assert answer.locator(".said").inner_text() == "어제 비가 왔다"
    values = [each.inner_text() for each in answer.locator(".bar-value").all()]
    assert values == ["1.000", "0.000", "0.000"]
    panel.get_by_label("Sentences", exact=True).fill("\n")
    panel.get_by_role("button", name="Find the nearest").click()
    panel.get_by_role("alert").wait_for()


def picture(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "#0067a3").save(written, "PNG")
    return written.getvalue()


def test_a_picture_has_a_caption(page):
    panel = opened(page, "captioning")
    answer = given(panel, "a b.png", picture(30, 20))
    assert answer.locator(".said").inner_text() == "size 30×20"
    panel.get_by_label("Language", exact=True).select_option("ko")
    panel.get_by_text("크기 30×20", exact=True).wait_for()
    looks = answer.locator(".looks li")
    looks.nth(1).wait_for()
    assert [each.inner_text() for each in looks.all()] == ["크기", "x"]
    shown = answer.get_by_role("img", name="The picture that was asked about")
    blue = "c => Array.from(c.getContext('2d').getImageData(5, 5, 1, 1).data)"
    assert shown.evaluate(blue) == [0, 103, 163, 255]
    assert "no JPEG or PNG" in refused(panel, "x.png", b"nothing")


@needs_curl
def test_the_line_for_curl_sends_the_picture(page, tmp_path):
    panel = opened(page, "captioning")
    (tmp_path / "it's.png").write_bytes(picture(8, 9))
    given(panel, "it's.png", picture(8, 9))
    assert by_curl(panel, tmp_path) == {"predictions": [{"caption": "size 8×9", "score": -0.5}]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_frames_have_labels(page, encoding):
    panel = opened(page, "frames")
    answer = given(panel, "video.csv", FRAMES.encode(encoding))
    assert answer.locator(".said").inner_text() == "Frames: 4, segments: 2"
    rows = cells(answer.locator(".table table"))
    assert rows == [["위", "0", "2", "75 %"], ["아래", "2", "4", "75 %"]]
    strips = answer.locator(".strip").all()
    assert [strip.inner_text().split() for strip in strips] == [
        ["위", "아래"],
        ["위", "아래", "위"],
    ]
    assert "75.0 %" in answer.locator(".note").inner_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x,z\n1,2\n", "no column y; there are: x, z"),
        ("y;x\n1;2\n3;many\n", "Line 3, column x: “many” is no number"),
        ("", "empty"),
    ],
)
def test_a_table_that_cannot_be_used(page, content, said):
    assert said in refused(opened(page, "frames"), "video.csv", content)


def test_columns_are_found_by_their_names(page):
    panel = opened(page, "frames")
    answer = given(panel, "video.csv", 'n;Y;"x"\n1;5;0\n2;-5;0\n')
    assert [row[0] for row in cells(answer.locator(".table table"))] == ["위", "아래"]


def series(days: list[int]) -> str:
    """Prices of some days: of the second column as many as the day, of the first 1,000 more."""
    lines = [f'2024/01/{day:02},"9,000","1,{day:03}.5",{day}' for day in days]
    return "\n".join(["날짜,거래량,시가,종가", *lines]) + "\n"


def forecast(answer, panel) -> list[list[str]]:
    panel.locator(".chart summary").click()
    return cells(answer.locator(".chart table"))


@pytest.mark.parametrize("days", [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]])
def test_the_next_numbers_beside_the_naive_line(page, days):
    panel = opened(page, "forecasting")
    panel.get_by_label("Column to draw").select_option("종가")
    answer = given(panel, "prices.csv", series(days).encode("cp949"))
    assert forecast(answer, panel) == [["+1", "15", "5"], ["+2", "25", "5"]]
    assert answer.locator(".curve polyline").count() == 3
    label = answer.locator(".curve").get_attribute("aria-label")
    assert label.startswith("종가: 2 steps are forecast, from 15 to 25")
    panel.get_by_label("Column to draw").select_option("시가")
    assert forecast(answer, panel) == [["+1", "1,016", "1,006"], ["+2", "1,026", "1,006"]]


def test_rows_that_are_left_out_are_compared_with(page):
    panel = opened(page, "forecasting")
    panel.get_by_label("Leave out the last 2 rows").check()
    panel.get_by_label("Column to draw").select_option("종가")
    answer = given(panel, "prices.csv", series([1, 2, 3, 4, 5]))
    assert forecast(answer, panel) == [["+1", "13", "3", "4"], ["+2", "23", "3", "5"]]
    assert "4 rows; 5 are needed" in refused(panel, "prices.csv", series([1, 2, 3, 4]))


@needs_curl
def test_the_example_of_a_model(page):
    panel = opened(page, "forecasting")
    panel.get_by_role("button", name="The example of the model").click()
    answer_of(panel)
    assert by_curl(panel) == {"predictions": [[[15.0, 16.0], [25.0, 26.0]]]}


def test_a_long_request_can_be_saved(page):
    panel = opened(page, "frames")
    many = "x,y\n" + "0.123456,1\n" * 2000
    given(panel, "video.csv", many)
    panel.get_by_text("The same with curl").click()
    assert "-d @request.json " in panel.locator(".same pre").inner_text()
    with page.expect_download() as download:
        panel.get_by_role("link", name="Save request.json").click()
    asked = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert asked["inputs"]["lengths"] == [2000]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_accessible_and_no_wider_than_the_screen(chromium, server: Running, scheme, width):
    files = {
        "captioning": ("p.png", picture(300, 200)),
        "frames": ("v.csv", FRAMES),
        "forecasting": ("p.csv", series([1, 2, 3, 4, 5])),
    }
    size = {"width": width, "height": 740}
    with quiet_page(
        chromium, server.port, locale="ko-KR", color_scheme=scheme, viewport=size
    ) as page:
        for model in page_models.ALL:
            panel = opened(page, model)
            if model in files:
                given(panel, *files[model])
            else:
                panel.locator(".example").first.click()
                panel.locator(".passage, .said").first.wait_for()
                panel.locator("[aria-busy]").wait_for(state="detached")
            check_look(page)
