"""Pictures: Hangul is really drawn, odd data does not break them, matplotlib stays as it was."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import unicodedata

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from pipeline.errors import UserError
from pipeline.evaluation.calibration import reliability
from pipeline.evaluation.classification import accuracy_in_length_buckets
from pipeline.report import figures, nanum_font
from pipeline.report.fonts import drawable, hangul_fonts
from pipeline.report.picture_attention import CaptionedPicture, captioned_picture


def pixels(text: str) -> np.ndarray:
    """`text` drawn under `hangul()`, as grey values."""
    with hangul_fonts():
        figure = Figure(figsize=(1.5, 0.5), dpi=100)
        figure.text(0.1, 0.3, text, size=20)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., 0].copy()


def opened(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def history(rows: int) -> pd.DataFrame:
    at = np.arange(1, rows + 1)
    return pd.DataFrame(
        {
            "epoch": at / 2,
            "step": at * 100,
            "loss": 1 / at,
            "dev_loss": 1 / at + 0.1,
            "dev_accuracy": 0.9 - 0.3 / at,
        }
    )


def test_hangul_syllables_are_drawn_and_differ():
    ga, na, nothing = pixels("가"), pixels("나"), pixels("")
    assert (nothing == 255).all()
    assert (ga < 128).sum() > 30
    assert (ga != na).sum() > 30


def test_composed_and_decomposed_hangul_look_the_same():
    decomposed = unicodedata.normalize("NFD", "한글")
    assert len(decomposed) == 6
    assert np.array_equal(pixels(drawable(decomposed)), pixels("한글"))


def test_bold_hangul_is_bolder_and_silent(caplog):
    with caplog.at_level(logging.INFO, "matplotlib.font_manager"), hangul_fonts():
        ink = []
        for weight in ("normal", "bold"):
            figure = Figure(figsize=(2, 0.5), dpi=100)
            figure.text(0.1, 0.3, "한글 Hangul", size=20, weight=weight)
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            ink.append((255 - np.asarray(canvas.buffer_rgba())[..., 0].astype(int)).sum())
    assert ink[1] > 1.1 * ink[0]
    assert "Failed to find font weight" not in caplog.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("긍정", "긍정"),
        ("漢字", "漢字"),
        ("좋아요 🙂👍🏽", "좋아요 □□□"),
        ("하트 ❤️", "하트 ❤"),
        ("가족 👨‍👩‍👧", "가족 □□□"),
        ("두\n줄\t탭", "두 줄 탭"),
        ("영\u200b폭", "영폭"),
        ("", ""),
    ],
)
def test_what_the_fonts_lack_becomes_a_box(text, shown):
    assert drawable(text) == shown
    pixels(drawable(text))  # a missing glyph warns, and a warning is an error here


def test_a_missing_glyph_would_have_warned():
    with pytest.warns(UserWarning, match="missing from font"):
        pixels("🙂")


def test_long_names_are_cut():
    assert drawable("가" * 30, 10) == "가" * 9 + "…"
    assert drawable("가" * 10, 10) == "가" * 10


def test_settings_hold_only_inside_the_block():
    before = dict(matplotlib.rcParams)
    with hangul_fonts():
        assert matplotlib.rcParams["font.family"] == ["NanumGothic", "DejaVu Sans"]
    figures.to_png(figures.learning_curves(history(3)))
    assert dict(matplotlib.rcParams) == before


def test_neither_pyplot_nor_the_font_package_is_imported():
    code = (
        "import sys\n"
        "from pipeline.report import figures\n"
        "figures.to_png(figures.confusion_matrix([[1]], ['긍정']))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert 'koreanize_matplotlib' not in sys.modules\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_font_that_is_not_installed_is_the_users_to_mend(monkeypatch):
    monkeypatch.setattr(nanum_font, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install"):
        nanum_font.nanum_folder()


def test_png_is_large_enough_for_a_sharp_screen():
    image = opened(figures.to_png(figures.learning_curves(history(4))))
    assert image.format == "PNG"
    assert image.width > 1000
    assert image.getpixel((2, 2))[:3] == (255, 255, 255)


def test_the_same_data_gives_the_same_bytes():
    once, twice = (figures.to_png(figures.learning_curves(history(4))) for _ in range(2))
    assert once == twice


def marked(figure: Figure) -> tuple[str, tuple[float, float]]:
    """What a learning curve says of the marked point, and where that is."""
    below = figure.axes[1]
    (text,) = below.get_legend().get_texts()
    ((x, y),) = below.lines[-1].get_xydata()
    return text.get_text(), (x, y)


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_learning_curves_mark_the_best_row(rows):
    figure = figures.learning_curves(history(rows))
    best = 0.9 - 0.3 / rows
    assert marked(figure) == (f"best {best:.4f}", (rows / 2, best))
    figures.to_png(figure)


def test_learning_curves_mark_what_was_kept():
    rows = history(3)
    for kept in range(3):
        text, place = marked(figures.learning_curves(rows, kept=kept))
        assert place == (rows["epoch"][kept], rows["dev_accuracy"][kept])
        assert text == f"kept {place[1]:.4f}"


@pytest.mark.parametrize(("values", "kept"), [([-1.5], None), ([0.9, 0.1, 0.5] * 9, 26)])
def test_no_curve_runs_through_a_legend(values, kept):
    rows = history(len(values)).assign(score=values)
    long_name = "log probability (nats per character)"
    figure = figures.learning_curves(rows, "score", long_name, kept)
    figures.to_png(figure)
    for axes in figure.axes:
        named = axes.get_title("left")
        (title,) = (text for text in axes.findobj(Text) if text.get_text() == named)
        legend = axes.get_legend().get_window_extent()
        assert legend.y0 >= axes.bbox.y1
        assert legend.x0 > title.get_window_extent().x1
        assert legend.x1 <= figure.bbox.x1
        assert legend.y1 <= figure.bbox.y1


def test_learning_curves_with_gaps():
    gaps = history(4)
    gaps.loc[1, ["dev_loss", "dev_accuracy"]] = np.nan
    figures.to_png(figures.learning_curves(gaps))
    gaps["dev_accuracy"] = np.nan
    assert figures.learning_curves(gaps).axes[1].get_legend() is None


def test_gradient_norms_tell_the_share_of_clipped_steps():
    norm = np.concatenate([np.full(30, 0.5), np.full(10, 2.0)])
    steps = pd.DataFrame({"step": np.arange(40), "gradient_norm": norm})
    figure = figures.gradient_norms(steps, threshold=1.0)
    assert "25.0% of steps clipped" in figure.axes[0].get_title("left")
    assert "3.0% of steps" in figures.gradient_norms(steps, 1.0, 0.03).axes[0].get_title("left")
    assert "clipped" not in figures.gradient_norms(steps, None).axes[0].get_title("left")
    figures.to_png(figure)


@pytest.mark.parametrize("norm", [[], [0.0], [1.0], [np.nan, np.inf, 3.0], [1e-6, 1e6] * 50])
def test_gradient_norms_of_odd_runs(norm):
    steps = pd.DataFrame({"step": np.arange(len(norm)), "gradient_norm": np.array(norm, float)})
    figures.to_png(figures.gradient_norms(steps, 1.0))


def test_confusion_matrix_writes_counts_and_shares_of_rows():
    figure = figures.confusion_matrix([[90, 10], [1, 1233]], ["부정", "긍정"])
    written = {text.get_text() for text in figure.axes[0].texts}
    assert written == {"90.0%", "90", "10.0%", "10", "0.1%", "1", "99.9%", "1,233"}
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["부정", "긍정"]
    figures.to_png(figure)


@pytest.mark.parametrize("classes", [1, 5, 9, 30])
def test_confusion_matrix_of_any_size(classes):
    names = ["놀람 🙂", "$x$ 돈", "_밑줄", "아주 긴 이름을 가진 범주입니다", ""] + [
        f"주제 {k}" for k in range(30)
    ]
    counts = np.random.default_rng(0).integers(0, 50, (classes, classes))
    counts[0] = 0  # a class without any text
    figures.to_png(figures.confusion_matrix(counts, names[:classes]))


@pytest.mark.parametrize("n", [1, 500])
def test_reliability_diagram(n):
    confidence = np.random.default_rng(0).uniform(0.5, 1, n)
    curve = reliability(confidence, confidence > 0.6)
    figure = figures.reliability_diagram(curve, 0.123)
    assert "12.3%" in figure.axes[0].get_title("left")
    heights = [bar.get_height() for bar in figure.axes[1].patches]
    assert sum(heights) == n
    figures.to_png(figure)


@pytest.mark.parametrize("n", [1, 300])
def test_accuracy_by_length(n):
    lengths = np.arange(n) % 100
    shares = accuracy_in_length_buckets(lengths, lengths % 3 > 0)
    figure = figures.accuracy_by_length(shares, 0.66)
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert len(labels) == len(shares)
    assert labels[0] == f"up to 4\n{shares[0].count}"
    figures.to_png(figure)


@pytest.mark.parametrize("words", [[], ["개"], ["개", "한", "마리가", "풀밭에서", "뛰어", "논다"]])
def test_a_picture_has_titles_only_where_its_words_are_beside_it(words):
    weights = np.ones((len(words), 7, 7)) if words else None
    picture = CaptionedPicture(np.zeros((20, 20, 3)), " ".join(words), words, weights)
    figure = captioned_picture(picture)
    drawn = [axes for axes in figure.axes if axes.images]
    titles = [axes.get_title("center") for axes in drawn]
    assert titles == (["picture · 사진", *words] if words else [""])
    image = opened(figures.to_png(figure))
    assert words or image.width == image.height
