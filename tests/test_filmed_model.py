"""A model of videos that have pictures: from files to served labels."""

from __future__ import annotations

import base64
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from finished_run import FinishedRun
from pipeline.corpora.framed.filmed_video import frames_in
from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.pictures.frame_features import features_of_pictures
from pipeline.tasks.base import find_task
from pipeline.workspace import Workspace, read_json
from running_server import running
from tiny_films import film, write_films, write_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four folders of pictures with their labels."""
    return write_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """Where features are kept, for all tests: each picture is looked at once."""
    return tmp_path_factory.mktemp("derived")


@pytest.fixture(scope="module")
def run(folder, derived, tmp_path_factory) -> FinishedRun:
    """A model of the films, from pictures to the export."""
    task, root = find_task("frames"), tmp_path_factory.mktemp("filmed")
    (root / "data").mkdir()
    (root / "data" / "processed").symlink_to(derived)
    held_out = FrameCorpusSettings(corpus=str(folder), dev_videos="v2", test_videos="v3")
    tiny = dataclasses.replace(
        task.tiny,
        corpus=held_out,
        training=dataclasses.replace(task.tiny.training, epochs=30, evaluations=2),
    )
    finished = FinishedRun(dataclasses.replace(task, tiny=tiny), Workspace(root))
    finished.do("corpus", "prepare", "train", "evaluate", "export")
    return finished


class TestModel:
    def test_it_learns_what_is_to_be_seen(self, run):
        assert read_json(run.run / "metrics.json")["accuracy"] > 0.7

    def test_encoded_pictures_are_answered_as_their_features(self, run, folder, derived):
        signatures = tf.saved_model.load(str(run.saved_model)).signatures
        names = ("v0", "v3")
        features = [features_of_pictures(frames_in(folder / name), derived) for name in names]
        lengths = [len(found.frames) for found in features]
        images = np.full((2, max(lengths)), b"no picture", object)
        frames = np.zeros((2, max(lengths), 1280), np.float32)
        for row, (name, found) in enumerate(zip(names, features, strict=True)):
            frames[row, : lengths[row]] = found.frames
            contents = [path.read_bytes() for path in frames_in(folder / name)]
            images[row, : lengths[row]] = contents
        sizes = tf.constant(lengths, tf.int32)
        asked = signatures["pictures"](images=tf.constant(images.tolist()), lengths=sizes)
        known = signatures["serving_default"](frames=tf.constant(frames), lengths=sizes)
        np.testing.assert_array_equal(asked["label"].numpy(), known["label"].numpy())
        np.testing.assert_allclose(asked["score"].numpy(), known["score"].numpy(), atol=0.01)

    def test_pictures_as_they_come(self, run, folder):
        signatures = tf.saved_model.load(str(run.saved_model)).signatures
        contents = [path.read_bytes() for path in frames_in(folder / "v3")]
        whole = signatures["pictures"](
            images=tf.constant([contents]), lengths=tf.constant([len(contents)])
        )
        stream, labels = signatures["stream_pictures"], []
        state = tf.zeros([1, stream.structured_input_signature[1]["state"].shape[-1]])
        for part in (contents[:1], contents[1:9], contents[9:]):
            answer = stream(images=tf.constant([part]), state=state)
            state = answer["state"]
            labels += answer["label"].numpy()[0].tolist()
        assert labels == whole["label"].numpy()[0].tolist()

    def test_no_picture_at_all(self, run):
        serve = tf.saved_model.load(str(run.saved_model)).signatures["pictures"]
        for shape, lengths in (((0, 3), []), ((2, 0), [0, 0]), ((1, 2), [0])):
            answer = serve(images=tf.fill(shape, ""), lengths=tf.constant(lengths, tf.int32))
            assert answer["label"].shape == shape
            assert not answer["score"].numpy().any()

    def test_people_ask_about_folders_and_files(self, run, folder, command, tmp_path):
        copy = run.copy(tmp_path / "copy")
        outcome = command(copy.root, "predict", "frames", "--file", folder / "v3")
        assert outcome.code == 0
        assert outcome.out.rstrip("\n").split(":")[-2].endswith("-15")
        pytest.importorskip("av")
        write_video(copy.root / "v3.mkv", film(15, top=12), "ffv1")
        assert command(copy.root, "predict", "frames", "--file", "v3.mkv").out == outcome.out

    def test_a_table_is_no_question_for_it_nor_a_video_for_a_model_of_tables(
        self, run, finished, folder, command, tmp_path
    ):
        (run.copy(tmp_path / "films").root / "t.csv").write_text("1,2\n3,4\n", encoding="utf-8")
        outcome = command(tmp_path / "films", "predict", "frames", "--file", "t.csv")
        assert "has 2 features a frame; the model takes 1280" in outcome.error
        finished("frames").copy(tmp_path / "tables")
        outcome = command(tmp_path / "tables", "predict", "frames", "--file", folder / "v0")
        assert "v0: shows pictures, and the model was trained on tables" in outcome.error

    @pytest.mark.parametrize(("name", "said"), [("gone.mp4", "no such file"), (".", "folder")])
    def test_a_question_that_is_no_video(self, run, command, name, said):
        outcome = command(run.root, "predict", "frames", "--file", name)
        assert said in outcome.error

    def test_the_card_says_how_to_get_features(self, run):
        card = (run.saved_model / "assets.extra" / "model_card.md").read_text("utf-8")
        assert "EfficientNet-Lite0" in card
        assert "signature pictures" in card

    def test_it_is_served_over_http(self, run, folder):
        contents = [path.read_bytes() for path in frames_in(folder / "v3")]
        encoded = [{"b64": base64.b64encode(content).decode("ascii")} for content in contents]
        signatures = tf.saved_model.load(str(run.saved_model)).signatures
        known = signatures["pictures"](
            images=tf.constant([contents]), lengths=tf.constant([len(contents)])
        )
        with running(run.root / "saved_models") as server:
            reply = server.predict(
                "frames",
                signature_name="pictures",
                instances=[{"images": encoded, "lengths": len(contents)}],
            )
        assert reply.status == 200, reply.body
        (answer,) = reply.json["predictions"]
        assert answer["label"] == [label.decode() for label in known["label"].numpy()[0]]
