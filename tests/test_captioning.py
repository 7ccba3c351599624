"""The captioning task from files to a served model: two languages, bad pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from benchmarks.captioning import rows, table
from finished_run import FinishedRun
from pipeline.corpora.captions.scenes import COLOURS, SHAPES, scenes
from pipeline.corpora.splits import read_split
from pipeline.errors import UserError
from pipeline.fields.picture import PictureFile
from pipeline.tasks.base import find_task
from pipeline.tasks.captioning import EXAMPLE
from pipeline.tasks.captioning.settings import CaptionLanguageSettings
from pipeline.workspace import Workspace, read_json
from shared_runs import share_pictures

_ENGLISH = ("red", "blue", "yellow", "green", "purple", "disc", "box", "cone", "cross")
ENGLISH = dict(zip([*COLOURS, *SHAPES], _ENGLISH, strict=True))


def bilingual(folder: Path, count: int = 18) -> Path:
    """Scenes with captions in Korean, and fewer in English."""
    lines = ["image\tcaption"]
    for number, (scene, content, captions) in enumerate(scenes(count)):
        (folder / f"{number}.png").write_bytes(content)
        lines += [f"{number}.png\t{caption}" for caption in captions]
        lines.append(f"{number}.png\tA {ENGLISH[scene.colour]} {ENGLISH[scene.shape]} .")
    path = folder / "own.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def small(corpus: Path, **model):
    """The tiny settings over a user's file, smaller yet."""
    tiny = find_task("captioning").tiny
    return dataclasses.replace(
        tiny,
        corpus=dataclasses.replace(tiny.corpus, corpus=str(corpus)),
        model=dataclasses.replace(tiny.model, units=12, embedding_size=8, **model),
        training=dataclasses.replace(tiny.training, epochs=1, evaluations=1),
        sampling=dataclasses.replace(tiny.sampling, scheduled_sampling=0.3),
    )


@pytest.fixture(scope="module")
def two_languages(tmp_path_factory, shared_folder):
    """A finished run that learnt Korean and English."""
    folder = tmp_path_factory.mktemp("bilingual")
    task = dataclasses.replace(
        find_task("captioning"), tiny=small(bilingual(folder), attention="general", layers=2)
    )
    run = FinishedRun(task, Workspace(tmp_path_factory.mktemp("checkout")))
    share_pictures(run.root, shared_folder)
    run.do("corpus", "prepare", "train", "evaluate", "export")
    return run


def test_one_model_writes_in_both_languages(two_languages):
    run = two_languages
    metrics = read_json(run.run / "metrics.json")
    assert list(metrics["languages"]) == ["ko", "en"]
    assert metrics["language"] == "ko"
    assert metrics["bleu1"] == metrics["languages"]["ko"]["bleu1"]
    model = tf.saved_model.load(str(run.saved_model))
    looks = {"attention", "attention_ko", "attention_en"}
    assert set(model.signatures) == {"serving_default", "ko", "en", *looks}
    picture = tf.constant([EXAMPLE.read_bytes()])
    said = {name: of(image=picture)["caption"].numpy()[0] for name, of in model.signatures.items()}
    assert said["serving_default"] == said["ko"] == said["attention"] == said["attention_ko"]
    assert said["attention_en"] == said["en"]
    # Pictures of the corpus in English give the scores that were reported.
    test = read_split(run.corpus / "test.tsv")
    english = test[test["language"] == "en"].reset_index(drop=True)
    serving = run.task.serving
    inputs = serving.test_inputs(english, run.corpus)
    answers = model.signatures["en"](image=tf.constant(inputs["image"]))
    again = serving.scores({k: v.numpy() for k, v in answers.items()}, english, run.corpus)
    for name, value in again.items():
        assert value == pytest.approx(metrics["languages"]["en"][name], abs=1e-6), name


def test_the_words_of_a_caption_and_where_they_looked(two_languages):
    """Of more pictures than go through at once, in both languages."""
    model = tf.saved_model.load(str(two_languages.saved_model))
    contents = tf.constant([content for _, content, _ in scenes(18, seed=5)])
    for language in ("ko", "en"):
        said = model.signatures[language](image=contents)
        found = model.signatures[f"attention_{language}"](image=contents)
        for name, values in said.items():
            np.testing.assert_array_equal(found[name], values)
        words, looked = found["words"].numpy(), found["attention"].numpy()
        joined = [b" ".join(filter(None, row)) for row in words]
        assert joined == [b" ".join(text.split()) for text in said["caption"].numpy()]
        assert any(b" " in text for text in joined)
        assert looked.shape == (*words.shape, 7, 7)
        np.testing.assert_allclose(looked.sum(axis=(2, 3)), words != b"", atol=1e-5)
    nothing = model.signatures["attention"](image=tf.constant([], tf.string))
    assert {len(values) for values in nothing.values()} == {0}


def test_a_batch_is_its_pictures(two_languages):
    """More pictures than go through at once, in their order; none give none."""
    run = two_languages
    serve = tf.saved_model.load(str(run.saved_model)).signatures["serving_default"]
    contents = [content for _, content, _ in scenes(19, seed=5)]
    together = serve(image=tf.constant(contents))["caption"].numpy()
    assert len(together) == 19
    for number in (0, 17):
        assert (
            serve(image=tf.constant(contents[number : number + 1]))["caption"] == together[number]
        )
    assert serve(image=tf.constant([], tf.string))["caption"].shape == (0,)


def test_asking_in_a_language(two_languages):
    load, folder = two_languages.task.serving.load, two_languages.saved_model
    (line,) = load(folder, CaptionLanguageSettings("en"))([PictureFile(None, EXAMPLE)])
    assert "\n" not in line
    with pytest.raises(UserError, match=r"photo\.png: is damaged or cut off"):
        load(folder, None)(
            [
                PictureFile(None, EXAMPLE),
                PictureFile(EXAMPLE.read_bytes()[:300], Path("photo.png")),
            ]
        )


@pytest.mark.parametrize("kind", ["cut off", "text", "missing", "cmyk"])
def test_a_bad_picture_is_one_line(two_languages, tmp_path, command, kind):
    path = two_languages.root / f"{kind.replace(' ', '')}.jpg"
    if kind == "cut off":
        path.write_bytes(EXAMPLE.read_bytes()[:300])
    elif kind == "text":
        path.write_text("no picture", encoding="utf-8")
    elif kind == "cmyk":
        Image.new("CMYK", (9, 9)).save(path)
    ended = command(two_languages.root, "predict", "captioning", "--file", path)
    assert path.name in ended.error


def test_a_language_that_was_not_learnt(finished, command):
    ended = command(
        finished("captioning").root, "predict", "captioning", "--example", "--language", "en"
    )
    assert "--language en" in ended.error


def test_features_that_are_gone_are_computed_again(finished, tmp_path):
    """What `make clean` or a hand took away costs time, not the training."""
    run = finished("captioning").untrained_copy(tmp_path)
    store = next((run.root / "data" / "processed" / "pictures").iterdir())
    for file in store.iterdir():
        file.unlink()
    run.do("train")
    assert (store / "features.f16").stat().st_size > 0


def test_the_table_of_the_benchmark(tmp_path, finished, workspace):
    run = finished("captioning")
    target = workspace.run("captioning", "flickr8k-attention")
    target.mkdir(parents=True)
    for name in ("metrics.json", "training.json"):
        (target / name).write_bytes((run.run / name).read_bytes())
    ((name, bleu1, *_),) = rows(["attention"], workspace)
    assert name == "attention (ko)"
    assert bleu1 == f"{read_json(run.run / 'metrics.json')['bleu1']:.1f}"
    lines = table(["attention"], workspace).split("\n")
    assert len({line.count("|") for line in lines}) == 1
