"""The model that labels frames: padding, causality, one frame at a time, and what people see."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batches.frame_windows import FrameRows, FrameWindows
from pipeline.errors import UserError
from pipeline.export.frame_labeller import export_frame_labeller
from pipeline.models.frame_labeller import best_labels, frame_labeller, predict_labels
from pipeline.models.settings import FrameLabellerSettings
from pipeline.tasks.frames.data import FeatureScaling
from pipeline.tasks.frames.serving import show_segments
from pipeline.text.ragged import Ragged
from pipeline.workspace import SAMPLES

LENGTHS = np.array([9, 1, 40, 3])
FEATURES = 4


@pytest.fixture(scope="module")
def rows() -> FrameRows:
    generator = np.random.default_rng(0)
    labels = Ragged.from_lengths(generator.integers(0, 3, LENGTHS.sum()), LENGTHS)
    frames = generator.normal(loc=5, scale=30, size=(LENGTHS.sum(), FEATURES))
    return FrameRows(frames.astype(np.float32), labels)


def model(rows, **settings) -> keras.Model:
    keras.utils.set_random_seed(1)
    standard = FeatureScaling.of(rows.frames)
    shape = FrameLabellerSettings(units=6, **settings)
    made = frame_labeller(shape, labels=3, mean=standard.mean, std=standard.std)
    for weight in made.get_layer("crf").weights:
        weight.assign(np.random.default_rng(3).normal(size=weight.shape))
    return made


class TestBatches:
    def test_whole_videos_come_once_and_padded(self, rows):
        batches, seen = FrameWindows(rows, 3), []
        for indices, (inputs, labels) in zip(batches.batch_rows, batches, strict=True):
            for place, (row, start, end) in enumerate(batches.windows[indices]):
                length = inputs["lengths"][place]
                assert (start, end) == (0, length)
                np.testing.assert_array_equal(inputs["frames"][place, :length], rows.row(row))
                np.testing.assert_array_equal(labels[place, :length], rows.labels.row(row))
                assert (labels[place, length:] == -1).all()
                assert not inputs["frames"][place, length:].any()
                seen.append(row)
        assert sorted(seen) == [0, 1, 2, 3]

    def test_windows_of_an_epoch_hold_each_frame_once(self, rows):
        for epoch in range(5):
            cut = FrameWindows(rows, 2, window=7, seed=1, epoch=epoch).windows
            frames = [(row, n) for row, start, end in cut for n in range(start, end)]
            assert sorted(frames) == [(r, n) for r, size in enumerate(LENGTHS) for n in range(size)]
            assert (cut[:, 2] - cut[:, 1]).max() <= 7

    @given(st.integers(1, 200), st.integers(1, 50))
    def test_each_epoch_has_as_many_windows(self, length, window):
        one = FrameRows(np.zeros((length, 1), np.float32), Ragged.from_lists([[0] * length]))
        cuts = [
            FrameWindows(one, 1, window=window, seed=1, epoch=epoch).windows for epoch in range(6)
        ]
        assert len({len(cut) for cut in cuts}) == 1
        for cut in cuts:
            assert (cut[0, 1], cut[-1, 2]) == (0, length)
            assert (cut[1:, 1] == cut[:-1, 2]).all()
            sizes = cut[:, 2] - cut[:, 1]
            assert sizes.min() >= 1
            assert sizes.max() <= window
        if window > 3 and length > window:
            assert len({tuple(cut[:, 1]) for cut in cuts}) > 1

    def test_the_order_hangs_on_seed_and_epoch_alone(self, rows):
        def made(**options):
            batches = FrameWindows(rows, 2, window=7, **options)
            return [b[0]["frames"].tobytes() for b in batches]

        assert made(seed=1, epoch=2) == made(seed=1, epoch=2)
        assert made(seed=1, epoch=2) != made(seed=1, epoch=3)
        assert made(seed=1, epoch=2) != made(seed=2, epoch=2)

    def test_rows_come_back_from_the_disk(self, rows, tmp_path):
        videos = (rows.row(number) for number in range(len(rows)))
        FrameRows.write(tmp_path, "dev", videos, rows.labels)
        again = FrameRows.load(tmp_path, "dev")
        assert isinstance(again.frames, np.memmap)
        np.testing.assert_array_equal(again.frames, rows.frames)
        np.testing.assert_array_equal(again.labels.ids, rows.labels.ids)
        (tmp_path / "dev.frames.npy").write_bytes(b"no array")
        with pytest.raises(UserError, match="run the prepare stage again"):
            FrameRows.load(tmp_path, "dev")


def test_a_constant_feature_is_left_as_it_is():
    frames = np.column_stack([np.full(50, 0.1), np.arange(50)]).astype(np.float32)
    standard = FeatureScaling.of(frames)
    assert standard.std[0] == 1
    np.testing.assert_allclose(standard.std[1], frames[:, 1].std(), rtol=1e-6)
    np.testing.assert_allclose(standard.mean, frames.mean(axis=0), rtol=1e-6)


class TestModel:
    def test_features_are_standardised(self, rows):
        made = model(rows)
        read = keras.Model(made.input["frames"], made.get_layer("standard").output)
        values = read.predict_on_batch(rows.frames[None])[0]
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-4)

    @pytest.mark.parametrize(("direction", "head"), [("forward", "softmax"), ("both", "crf")])
    def test_padding_and_neighbours_change_nothing(self, rows, direction, head):
        decoder = best_labels(model(rows, direction=direction, head=head))
        together = predict_labels(decoder, rows, batch_size=4)
        for index, found in enumerate(together):
            lengths = rows.labels.lengths[index : index + 1]
            labels = Ragged.from_lengths(rows.labels.row(index), lengths)
            alone = predict_labels(decoder, FrameRows(rows.row(index), labels), batch_size=1)[0]
            np.testing.assert_array_equal(found, alone)
            assert len(found) == lengths[0]

    @pytest.mark.parametrize("direction", ["forward", "both"])
    def test_only_the_causal_model_knows_nothing_of_what_comes(self, rows, direction):
        made = model(rows, direction=direction)
        frames, lengths = rows.row(2)[None], np.array([40], np.int32)
        changed = frames.copy()
        changed[:, 25:] += 50
        one, other = (
            made.predict_on_batch({"frames": f, "lengths": lengths})[0] for f in (frames, changed)
        )
        assert np.array_equal(one[:25], other[:25]) == (direction == "forward")
        assert not np.array_equal(one[25:], other[25:])


def served(run):
    return tf.saved_model.load(str(run.saved_model))


def ask(signature, **inputs):
    return {name: value.numpy() for name, value in signature(**inputs).items()}


@pytest.fixture(scope="module")
def videos():
    """Two bundled videos, float32 [time, features] each."""
    return [
        np.loadtxt(SAMPLES / "frames" / f"person0{n}.csv", np.float32, delimiter=",",
                   skiprows=1, usecols=range(5), encoding="utf-8")[:60]
        for n in (1, 2)
    ]  # fmt: skip


class TestStream:
    def whole(self, model, frames):
        lengths = tf.fill([len(frames)], frames.shape[1])
        return ask(model.signatures["serving_default"], frames=frames, lengths=lengths)

    @pytest.mark.parametrize("step", [1, 7, 60])
    def test_in_pieces_is_as_at_once(self, finished, videos, step):
        model, frames = served(finished("frames")), np.stack(videos)
        stream = model.signatures["stream"]
        size = stream.structured_input_signature[1]["state"].shape[-1]
        state, labels, scores = np.zeros((2, size), np.float32), [], []
        for first in range(0, 60, step):
            answer = ask(
                stream, frames=tf.constant(frames[:, first : first + step]),
                state=tf.constant(state),
            )  # fmt: skip
            state = answer["state"]
            labels.append(answer["label"])
            scores.append(answer["score"])
        whole = self.whole(model, tf.constant(frames))
        np.testing.assert_array_equal(np.concatenate(labels, axis=1), whole["label"])
        np.testing.assert_allclose(np.concatenate(scores, axis=1), whole["score"], atol=1e-5)

    def test_a_state_of_one_video_says_nothing_of_another(self, finished, videos):
        stream = served(finished("frames")).signatures["stream"]
        size = stream.structured_input_signature[1]["state"].shape[-1]
        frames, zeros = np.stack(videos), np.zeros((2, size), np.float32)
        both = ask(stream, frames=tf.constant(frames), state=tf.constant(zeros))
        for row in (0, 1):
            alone = ask(
                stream, frames=tf.constant(frames[row : row + 1]), state=tf.constant(zeros[:1])
            )
            np.testing.assert_allclose(alone["state"][0], both["state"][row], atol=1e-5)

    def test_a_model_that_waits_has_none(self, rows, tmp_path):
        """The scores of its CRF are marginal probabilities."""
        made = model(rows, direction="both", head="crf", layers=1)
        shape = FrameLabellerSettings(units=6, direction="both", head="crf", layers=1)
        export_frame_labeller(made, shape, ["쉼", "b", "c"], tmp_path)
        signatures = tf.saved_model.load(str(tmp_path)).signatures
        assert list(signatures) == ["serving_default"]
        frames = rows.row(2)[None, :4]
        answer = ask(
            signatures["serving_default"],
            frames=tf.constant(np.repeat(frames, 3, axis=0)), lengths=tf.constant([4, 1, 0]),
        )  # fmt: skip
        real = answer["label"] != b""
        assert real.sum(axis=1).tolist() == [4, 1, 0]
        assert not answer["score"][~real].any()
        # All sequences of four labels, by hand.
        crf, potentials = (
            made.get_layer("crf"),
            made.predict_on_batch({"frames": frames, "lengths": np.array([4], np.int32)})[0],
        )
        start, moves, end = (np.asarray(w) for w in (crf.start, crf.transitions, crf.end))
        weights = {}
        for path in itertools.product(range(3), repeat=4):
            score = start[path[0]] + end[path[-1]] + sum(potentials[np.arange(4), path])
            score += sum(moves[one, other] for one, other in itertools.pairwise(path))
            weights[path] = float(np.exp(score))
        best, total = max(weights, key=weights.get), sum(weights.values())
        labels = [label.decode() for label in answer["label"][0]]
        assert labels == [["쉼", "b", "c"][n] for n in best]
        marginal = [
            sum(weight for path, weight in weights.items() if path[at] == n) / total
            for at, n in enumerate(best)
        ]
        np.testing.assert_allclose(answer["score"][0], marginal, rtol=1e-4)


class TestServed:
    @pytest.mark.parametrize(
        ("time", "lengths"), [(5, [0, 5, 9]), (5, [-1, 2, 5]), (0, [0, 0, 3]), (1, [1, 0, 1])]
    )
    def test_lengths_of_any_kind(self, finished, time, lengths):
        serve = served(finished("frames")).signatures["serving_default"]
        answer = ask(serve, frames=tf.zeros([3, time, 5]), lengths=tf.constant(lengths))
        there = [[0 <= n < length for n in range(time)] for length in lengths]
        assert (answer["label"] != b"").tolist() == there
        assert (answer["score"] > 0).tolist() == there

    def test_no_video_at_all(self, finished):
        serve = served(finished("frames")).signatures["serving_default"]
        answer = ask(serve, frames=tf.zeros([0, 5, 5]), lengths=tf.zeros([0], tf.int32))
        assert answer["label"].shape == (0, 5)

    def test_what_stands_in_padding_does_not_matter(self, finished, videos):
        serve = served(finished("frames")).signatures["serving_default"]
        frames, lengths = np.stack(videos), tf.constant([60, 20])
        dirty = frames.copy()
        dirty[1, 20:] = np.nan
        one, other = (ask(serve, frames=tf.constant(f), lengths=lengths) for f in (frames, dirty))
        np.testing.assert_array_equal(one["label"], other["label"])
        np.testing.assert_array_equal(one["score"], other["score"])


class TestPeople:
    def test_segments_of_a_video(self):
        assert show_segments(["쉼", "쉼", "b"]) == "0-2:쉼\t2-3:b"

    def test_a_file_of_theirs(self, finished, command, tmp_path):
        """With its labels, and with its columns in another order and one more: the same answer."""
        run = finished("frames").copy(tmp_path)
        path = SAMPLES / "frames" / "person03.csv"
        outcome = command(tmp_path, "predict", "frames", "--file", path)
        assert outcome.code == 0
        *_, last = lines = outcome.out.splitlines()
        count = len(path.read_text("utf-8").splitlines()) - 1
        assert lines[0].startswith("0-")
        assert last.split(":")[0].endswith(f"-{count}")
        rows = [line.split(",") for line in path.read_text("utf-8").splitlines()]
        other = [[n, row[3], row[4], row[0], row[2], row[1]] for n, row in enumerate(rows, -1)]
        other[0][0] = "extra"
        text = "\n".join(",".join(map(str, row)) for row in other) + "\n"
        (tmp_path / "turned.csv").write_text(text, encoding="utf-8")
        assert command(tmp_path, "predict", "frames", "--file", "turned.csv").out == outcome.out
        (tmp_path / "bare.csv").write_text(
            "\n".join(",".join(row[:5]) for row in rows[1:]) + "\n", encoding="utf-8"
        )
        assert command(tmp_path, "predict", "frames", "--file", "bare.csv").out == outcome.out
        assert run.saved_model.exists()

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("x,y\n1,2\n3,4\n", "has no column 'dx'"),
            ("1,2\n3,4\n", "has 2 features a frame; the model takes 5"),
            ("x,y,dx,dy,tremor\n1,2,3,4,NaN\n", "wrong.csv:2: NaN is no finite number"),
            ("", "is empty"),
        ],
    )
    def test_a_file_that_does_not_fit(self, finished, command, tmp_path, text, said):
        finished("frames").copy(tmp_path)
        (tmp_path / "wrong.csv").write_text(text, encoding="utf-8")
        outcome = command(tmp_path, "predict", "frames", "--file", "wrong.csv")
        assert said in outcome.error
        assert outcome.out == ""

    def test_one_frame_is_answered(self, finished, command, tmp_path):
        finished("frames").copy(tmp_path)
        (tmp_path / "one.csv").write_text("x,y,dx,dy,tremor\n1,2,3,4,5\n", encoding="utf-8")
        outcome = command(tmp_path, "predict", "frames", "--file", "one.csv")
        assert outcome.out.startswith("0-1:")

    def test_a_mistake_in_a_corpus_is_one_line_and_loses_nothing(self, finished, command, tmp_path):
        run = finished("frames").copy(tmp_path)
        before = {p: p.read_bytes() for p in run.root.rglob("*") if p.is_file()}
        bad = tmp_path / "videos"
        bad.mkdir()
        for n in range(3):
            (bad / f"v{n}.csv").write_text("x,label\n1,a\noops,b\n", encoding="utf-8")
        outcome = command(tmp_path, "corpus", "frames", "--corpus", "videos")
        assert "videos/v0.csv:3: 'oops' is no number" in outcome.error
        assert {p: p.read_bytes() for p in before} == before
