"""From a model with a unit that knows of quotes to the pages that say so."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re

import keras
import numpy as np
import pytest

from pipeline.corpora.running.corpus import constitution_file
from pipeline.errors import UserError
from pipeline.lab.units.ablation import Effect
from pipeline.lab.units.explorer import EXPLORER, explorer_data
from pipeline.lab.units.page import page as write_page
from pipeline.lab.units.page import page_of, passages
from pipeline.lab.units.passages import laid_out, varied_window
from pipeline.lab.units.study import Ablation, UnitResults, UnitStudySettings, measure_units
from pipeline.models.language_model import language_model
from pipeline.models.settings import LanguageModelSettings
from pipeline.report.page import component, render
from pipeline.report.passage import LEVELS, Passage, level_of
from pipeline.text.characters import Characters, normalize_lines
from random_weights import randomized
from reported_run import NASTY, Page, Tables

UNITS, QUOTES = 8, 3


def quoted_text() -> str:
    """The constitution, as if somebody had put three words of twelve into quotes."""
    text = normalize_lines(constitution_file().read_text(encoding="utf-8"))[:6500]
    words = text.replace('"', "").split(" ")
    for first in range(6, len(words) - 3, 12):
        words[first], words[first + 2] = "“" + words[first], words[first + 2] + "”"
    return " ".join(words)


TEXT = quoted_text()
CHARACTERS = Characters.learn([TEXT], "syllable")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Unit `QUOTES` is at +1 behind “ and at -1 behind ”; of it alone depends how probable quotes
    are. All others are at random, and hardly anybody listens to them."""
    shape = LanguageModelSettings(units=UNITS, embedding_size=4)
    model = randomized(language_model(shape, vocabulary_size=len(CHARACTERS.vocabulary)))
    opening, closing = CHARACTERS.encode("“”")
    embedding = model.get_layer("embedding")
    (vectors,) = embedding.get_weights()
    # Two features: which mark it is, and that it is one.
    vectors[:, :2], vectors[opening, :2], vectors[closing, :2] = 0, (1, 1), (-1, 1)
    embedding.set_weights([vectors])
    layer = model.get_layer("recurrent_1").layer
    kernel, recurrent, bias = layer.get_weights()
    i, f, c, o = (QUOTES + gate * UNITS for gate in range(4))
    kernel[:, [i, f, c, o]], recurrent[:, [i, f, c, o]] = 0, 0
    kernel[1, i], bias[i] = 16, -8
    kernel[1, f], bias[f] = -16, 8
    kernel[0, c], bias[c] = 3, 0
    bias[o] = 8
    layer.set_weights([kernel, recurrent, bias])
    kernel, bias = model.get_layer("logits").get_weights()
    counts = np.bincount(CHARACTERS.encode(TEXT), minlength=len(bias))
    kernel[:] *= 0.02
    kernel[QUOTES, closing], kernel[QUOTES, opening] = 3, -3
    model.get_layer("logits").set_weights([kernel, np.log(counts + 0.5)])
    return model


@pytest.fixture(scope="module")
def found(model) -> UnitResults:
    return measure_units(model, CHARACTERS, [TEXT], [True], UnitStudySettings(4000, 3, 2), seed=1)


def test_the_planted_unit_is_found(found):
    probe = found.probes[0]
    assert probe.predicate.name == "inside quotes"
    assert found.units[probe.best].place == (1, QUOTES)
    assert probe.signs[probe.best] == 1
    assert probe.area > 0.999
    assert probe.character < 0.8
    areas = np.delete(probe.oriented, [QUOTES, UNITS + QUOTES])
    # The others listen to it, but none knows better.
    assert areas.max() < 0.98
    # Behind the last character of the first half nothing was read.
    assert len(TEXT) - 2 <= found.chosen + len(found.text) < len(TEXT)


def test_the_planted_unit_is_used_and_others_are_not(found):
    quotes, other = found.ablations
    assert quotes.probe is found.probes[0]
    assert quotes.used
    assert quotes.best.on > 0.05
    assert quotes.best.on > 3 * quotes.best.off
    assert max(abs(control.on) for control in quotes.controls) < 0.01
    assert len(quotes.controls) == 3
    if found.units[other.probe.best].place != (1, QUOTES):
        assert abs(other.best.on) < 0.01


@pytest.mark.parametrize(
    ("on", "off", "others", "used", "misled"),
    [
        (0.2, 0.1, (0.1, -0.1), True, False),
        (0.2, 0.3, (0.1, -0.1), False, False),
        (0.2, 0.1, (0.3, -0.1), False, False),
        (-0.2, 0.1, (0.3, -0.1), False, True),
        (-0.2, 0.1, (0.3, -0.4), False, False),
        (0.2, 0.3, (0.4, 0.3), False, False),
    ],
)
def test_what_counts_as_used(found, on, off, others, used, misled):
    controls = [Effect(other, 0.0) for other in others]
    ablation = Ablation(found.probes[0], Effect(1.0, 1.0), Effect(on, off), controls)
    assert (ablation.used, ablation.misled) == (used, misled)
    made = page_of(dataclasses.replace(found, ablations=[ablation]), "x")
    (section,) = [
        each for each in made.content.sections if each.title.startswith("Does the network")
    ]
    (table,) = Tables(section.body).tables
    assert table.rows[0][-2:] == ["yes" if each else "no" for each in (used, misled)]


def test_what_is_rare_is_not_asked_about(found):
    asked = {probe.predicate.name for probe in found.probes}
    rare = {predicate.name: counts for predicate, *counts in found.unasked}
    assert rare["is a capital letter"] == [0, 0]
    assert not asked & set(rare)
    assert "is a space" in asked


def test_hardly_any_text_is_told(model):
    with pytest.raises(UserError, match="characters of held-out text are too few"):
        measure_units(model, CHARACTERS, [TEXT[:40]], [True], UnitStudySettings(100, 1, 1), seed=1)


@pytest.fixture(scope="module")
def page(found):
    return page_of(found, NASTY)


def test_the_page_says_what_was_found(found, page):
    html = render(page.content)
    seen = Page(html)
    probe, ablation = found.probes[0], found.ablations[0]
    assert f"AUC of {probe.area:.2f}" in page.content.subtitle
    assert "Unit 3" in page.content.subtitle
    assert "“inside quotes”" in page.content.subtitle
    for number in (probe.area, probe.character, ablation.cost.on, ablation.cost.off):
        assert f"{number:.3f}" in seen.text
    assert f"{ablation.best.on:+.3f}" in seen.text
    (claims,) = Tables(page.content.sections[-1].body).tables
    assert [row[-1] for row in claims.rows] == ["yes", "yes"]
    assert NASTY in seen.text
    assert not seen.tags("script")
    assert "make study-units" in seen.text
    assert EXPLORER in {link["href"] for link in seen.tags("a")}
    assert not re.search(r"\bnan\b", seen.text)
    assert len(page.content.pictures) == 2
    assert all(
        picture.alt and picture.png.startswith(b"\x89PNG") for picture in page.content.pictures
    )


def test_numbers_and_curves_are_those_of_the_study(found, page):
    numbers = json.loads(json.dumps(page.numbers))
    quotes, probe = numbers["predicates"]["inside quotes"], found.probes[0]
    assert quotes["unit"] == QUOTES
    assert quotes["auc"] == probe.area
    assert quotes["held"]["on"] == found.ablations[0].best.on
    assert len(quotes["controls"]) == 3
    steps, values = page.curves["auc_by_rank/inside_quotes"]
    assert list(steps) == list(range(1, len(found.units) + 1))
    assert values[0] == probe.area
    assert sorted(values) == sorted(probe.oriented.tolist())


def test_text_is_coloured_by_its_unit_and_underlined_by_the_rule(found):
    first = passages(found)[0]
    assert first.text in TEXT
    assert "“" in first.text
    inside = np.array(first.marked)
    assert 0.1 < inside.mean() < 0.9
    values = np.array(first.values)
    assert values[inside].min() > 0 > values[~inside].max()
    for character, mark in zip(first.text, first.marked, strict=True):
        assert (character, mark) not in {("“", False), ("”", True)}


def test_the_explorer_shows_any_unit(found, page):
    html = page.files[EXPLORER]
    data = explorer_data(found)
    text = "".join(data["characters"])
    assert text in TEXT
    levels = np.frombuffer(base64.b64decode(data["levels"]), np.uint8)
    levels = levels.reshape(len(found.units), len(text))
    assert levels.max() == LEVELS - 1
    quotes = data["predicates"][0]
    holds = np.array(list(quotes["holds"])) == "1"
    assert data["units"][quotes["unit"]]["name"].startswith("unit 3 ")
    assert levels[quotes["unit"]][holds].min() > LEVELS // 2
    assert levels[quotes["unit"]][~holds].max() < LEVELS // 2
    assert len(data["units"]) == 2 * UNITS

    seen = Page(html)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)
    (_, shown), (_, script) = scripts
    assert json.loads(shown) == data
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [m["content"] for m in seen.tags("meta") if "http-equiv" in m]
    assert policy == (
        "default-src 'none'; font-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    assert "@font-face" in html
    assert NASTY in seen.text
    assert text.split("\n")[0] in seen.text
    assert not seen.tags("link")
    assert "innerHTML" not in script


def test_whole_study_quick(model):
    done = []
    page = write_page(
        model, CHARACTERS, [TEXT[:3000], TEXT[3000:5000]], [True, False],
        title="constitution", quick=True, seed=1, progress=done.append,
    )  # fmt: skip
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)
    assert page.numbers["predicates"]["inside quotes"]["unit"] == QUOTES


# Passages


def test_the_window_shows_what_comes_and_goes(found):
    count = len(found.text)
    rare = np.zeros(count, bool)
    rare[1000:1020] = True
    first, last = varied_window([rare], found.text, 300)
    assert last - first == 300
    assert first <= 1000 < 1020 <= last
    assert found.text.text[first - 1].isspace()
    assert varied_window([rare], found.text, count + 5) == (0, count)


def test_documents_are_parted_by_a_line_feed_without_a_colour(found):
    parts = found.text.texts
    assert len(parts) == 1
    layout = laid_out(found.text, 5, 25)
    assert "".join(character for character, _ in layout) == parts[0][5:25]
    assert [number for _, number in layout] == list(range(5, 25))


def test_levels_are_even_around_none():
    assert [level_of(value) for value in (-1, -9, 0, 0.04, 1, 9, None, float("nan"))] == [
        0, 0, 5, 5, 10, 10, None, None,
    ]  # fmt: skip
    assert level_of(0.5) + level_of(-0.5) == LEVELS - 1


def test_a_passage_shows_its_text_and_nothing_else():
    text = NASTY + "\n끝"
    values = np.linspace(-1, 1, len(text)).tolist()
    values[3] = None
    passage = Passage(text, values, [k < 5 for k in range(len(text))], NASTY, NASTY, NASTY, NASTY)
    seen = Page(component("passage", passage, LEVELS))
    assert not seen.tags("script")
    assert text.replace("\n", "↵ ") in seen.text
    assert seen.text.count(NASTY) == 5
    assert "".join(part for part, _ in passage.stretches) == text.replace("\n", "↵\n")
    assert passage.stretches[0] == (text[0:3], "level-0 marked")
    assert (text[3], "marked") in passage.stretches
    with pytest.raises(ValueError, match="for each character"):
        Passage("가나", [0.0])
