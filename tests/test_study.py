"""A study: pages that are measured once, link to each other, and stand in TensorBoard, too."""

from __future__ import annotations

import dataclasses
import re
import types

import pytest
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from pipeline.corpora.settings import TextCorpusSettings
from pipeline.lab.base import Page
from pipeline.report.figures import to_png
from pipeline.report.page import ReportContent, ReportPicture
from pipeline.stages import study
from pipeline.stages.studies import GradientStudy, StudySettings
from pipeline.workspace import read_json


@pytest.fixture
def parts(monkeypatch):
    """Two pages that count how often they are made."""
    made = []

    def counted(name: str):
        def page(text, *, quick, seed, progress) -> Page:
            made.append((name, quick, seed))
            progress(0.4)
            progress(1.7)
            assert len(text.rows["train"].ids) > 10_000
            picture = ReportPicture(to_png(Figure()), "nothing")
            return Page(
                name,
                ReportContent(f"{name} · 이름", f"Found by {name}: {seed}.", pictures=[picture]),
                numbers={"seed": seed},
                curves={"curve": ([1, 2], [0.5, float(seed)])},
            )

        return types.SimpleNamespace(page=page)

    real = study.importlib.import_module
    modules = {f"pipeline.lab.{name}.page": counted(name) for name in ("first", "last")}
    monkeypatch.setattr(
        study.importlib, "import_module", lambda name: modules.get(name) or real(name)
    )
    monkeypatch.setattr(study, "GRADIENT_PAGES", ("first", "last"))
    return types.SimpleNamespace(made=made, modules=modules)


@pytest.fixture
def settings():
    return GradientStudy(study=StudySettings(quick=True, seed=3))


def test_pages_lead_from_one_to_the_next(parts, settings, workspace, capsys, monkeypatch):
    monkeypatch.setattr(study, "GRADIENT_PAGES", ("first", "hello", "last"))
    study.run("gradients", settings, workspace)
    folder = workspace.run("study-gradients", "default-quick")
    assert str(folder / "report.html") in capsys.readouterr().err
    links = {
        path.stem: re.findall('<a href="([^#"]+)"', path.read_text(encoding="utf-8"))
        for path in folder.glob("*.html")
    }
    files = ["1-first.html", "2-hello.html", "3-last.html"]
    assert links["report"] == files
    assert links["1-first"] == ["report.html", files[1]] * 2
    assert links["2-hello"] == ["report.html", files[0], files[2]] * 2
    assert links["3-last"] == ["report.html", files[1]] * 2
    assert parts.made == [("first", True, 3), ("last", True, 3)]
    contents = (folder / "report.html").read_text(encoding="utf-8")
    assert "Found by last: 3." in contents
    assert "Quick: small models" in contents
    assert read_json(folder / "3-last.json")["numbers"] == {"seed": 3}
    assert read_json(folder / "2-hello.json")["numbers"]["said_after"] == "ello"


def test_tensorboard_has_the_curves_and_pictures(parts, settings, workspace):
    study.run("gradients", settings, workspace)
    folder = workspace.run("study-gradients", "default-quick")
    log = EventAccumulator(str(folder / "tensorboard" / "first"))
    log.Reload()
    curve = log.Tensors("first/curve")
    assert [(event.step, event.tensor_proto.float_val[0]) for event in curve] == [(1, 0.5), (2, 3)]
    assert "first/1" in log.Tags()["tensors"]


def test_what_was_measured_is_not_measured_again(parts, settings, workspace):
    whole = parts.modules["pipeline.lab.last.page"].page

    def killed(*arguments, **options):
        raise KeyboardInterrupt

    parts.modules["pipeline.lab.last.page"].page = killed
    with pytest.raises(KeyboardInterrupt):
        study.run("gradients", settings, workspace)
    parts.modules["pipeline.lab.last.page"].page = whole
    study.run("gradients", settings, workspace)
    assert [name for name, *_ in parts.made] == ["first", "last"]
    folder = workspace.run("study-gradients", "default-quick")
    (folder / "1-first.json").write_text("{", encoding="utf-8")
    study.run("gradients", settings, workspace)
    assert [name for name, *_ in parts.made] == ["first", "last", "first"]
    other = dataclasses.replace(settings, study=dataclasses.replace(settings.study, seed=4))
    study.run("gradients", other, workspace)
    assert parts.made[3:] == [("first", True, 4), ("last", True, 4)]


def test_another_text_is_measured_again_and_a_first_look_leaves_the_rest_alone(
    parts, settings, workspace, tmp_path
):
    path = tmp_path / "own.txt"
    path.write_text("가나다 " * 4000, encoding="utf-8")
    own = dataclasses.replace(settings, corpus=TextCorpusSettings(str(path)))
    study.run("gradients", own, workspace)
    study.run("gradients", own, workspace)
    assert len(parts.made) == 2
    path.write_text("가나라 " * 4000, encoding="utf-8")
    study.run("gradients", own, workspace)
    assert len(parts.made) == 4
    full = dataclasses.replace(own, study=dataclasses.replace(own.study, quick=False))
    study.run("gradients", full, workspace)
    study.run("gradients", own, workspace)
    study.run("gradients", full, workspace)
    assert parts.made[4:] == [("first", False, 3), ("last", False, 3)]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["gradient"], "unknown study 'gradient' — closest: gradients"),
        (["gradients", "--corpus", "shakespear"], "did you mean shakespeare"),
        (["units"], "make train-charlm"),
        (["units", "--name", "../x"], "--name must be the name of a folder"),
    ],
)
def test_what_cannot_be_studied_is_one_line(command, tmp_path, words, complaint):
    assert complaint in command(tmp_path, "study", *words).error


def test_help_tells_which_studies_there_are(command, tmp_path):
    outcome = command(tmp_path, "study")
    assert outcome.code == 0
    assert "gradients|units" in outcome.out
    assert "study gradients --help" in command(tmp_path, "--help").out
