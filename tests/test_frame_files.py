"""Tables of frames: what is read, what is refused, and which videos are held out."""

from __future__ import annotations

import collections
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpora.framed.corpus import read_framed_corpus
from pipeline.corpora.framed.frame_columns import ColumnChoice
from pipeline.corpora.framed.frame_file import read_video
from pipeline.corpora.framed.published_windows import ORDER
from pipeline.corpora.framed.sample_videos import sample_videos
from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.errors import UserError
from pipeline.workspace import SAMPLES

SAMPLE = SAMPLES / "frames"


def video(count: int, start: float = 0.0, label: str = "rest") -> str:
    """A table of two features, half of its frames with another label."""
    rows = [f"{start + n},{n % 3},{label if n < count / 2 else 'wave'}" for n in range(count)]
    return "\n".join(["x,y,phase", *rows]) + "\n"


@pytest.fixture
def folder(tmp_path):
    """Five videos."""
    for number in range(5):
        (tmp_path / f"v{number}.csv").write_text(video(20 + number, 100 * number), encoding="utf-8")
    return tmp_path


def corpus(where, **settings):
    chosen = FrameCorpusSettings(corpus=str(where), **settings)
    return read_framed_corpus(chosen, SAMPLE, Path("no pictures here"))


def names(found) -> dict[str, list[str]]:
    return {split: list(frame["id"]) for split, frame in found.splits.items()}


class TestOneFile:
    def read(self, folder, text, choice=None, **options):
        path = folder / "one.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_video(path, choice or ColumnChoice(), **options)

    def test_features_and_labels(self, tmp_path):
        found = self.read(tmp_path, "x,y,phase\n1,2.5,쉼\n-3e1,4,준비\n")
        np.testing.assert_array_equal(found.frames, np.float32([[1, 2.5], [-30, 4]]))
        assert found.frames.dtype == np.float32
        assert (found.labels, found.columns.names) == (["쉼", "준비"], ("x", "y"))

    @pytest.mark.parametrize(
        ("text", "labels"),
        [
            ("1,2,Phase\n0.5,0.1,D\n0.6,0.2,S\n", ["D", "S"]),  # UCI counts its columns
            ("0.5,0.1,D\n0.6,0.2,S\n", ["D", "S"]),  # no header
            ("label,x,y\nD,0.5,0.1\nS,0.6,0.2\n", ["D", "S"]),  # in front
            ("timestamp,x,y,동작\n1,0.5,0.1,D\n2,0.6,0.2,S\n", ["D", "S"]),  # the time is left out
            ("x;y;state\n0.5;0.1;0\n0.6;0.2;1\n", ["0", "1"]),
            ("x,y,what\n0.5,0.1,D\n0.6,0.2,S\n", ["D", "S"]),  # the last
        ],
    )
    def test_columns_are_found(self, tmp_path, text, labels):
        found = self.read(tmp_path, text)
        np.testing.assert_allclose(found.frames, [[0.5, 0.1], [0.6, 0.2]], rtol=1e-6)
        assert found.labels == labels

    def test_columns_are_chosen(self, tmp_path):
        text = "who,x,y,z\nD,1,2,3\nS,4,5,6\n"
        found = self.read(tmp_path, text, ColumnChoice("who", ("2", "z")))
        assert (found.columns.names, found.labels) == (("y",), ["D", "S"])
        with pytest.raises(UserError, match="has no column 'phase'.* who, x, y, z"):
            self.read(tmp_path, text, ColumnChoice("phase"))

    def test_cp949(self, tmp_path):
        found = self.read(tmp_path, "가,나,동작\n1,2,쉼\n3,4,준비\n".encode("cp949"))
        assert (found.labels, found.columns.names) == (["쉼", "준비"], ("가", "나"))

    def test_without_labels(self, tmp_path):
        for text in ("x,y\n1,2\n3,4\n", "1,2\n3,4\n", "x,y,phase\n1,2,D\n3,4,\n", "1,2,D\n3,4,S\n"):
            found = self.read(tmp_path, text, labelled=False)
            np.testing.assert_array_equal(found.frames, [[1, 2], [3, 4]])

    def test_known_features_are_found_wherever_they_stand(self, tmp_path):
        choice = ColumnChoice(features=("x", "y"))
        found = self.read(tmp_path, "extra,y,phase,x\n9,2,D,1\n9,4,S,3\n", choice, labelled=False)
        np.testing.assert_array_equal(found.frames, [[1, 2], [3, 4]])
        with pytest.raises(UserError, match="has no column 'y'"):
            self.read(tmp_path, "x,z\n1,2\n3,4\n", choice, labelled=False)

    @pytest.mark.parametrize(
        ("cell", "said"),
        [
            ("abc", "'abc' is no number"),
            ("", "a number is missing"),
            ("nan", "nan is no finite number"),
            ("-inf", "-inf is no finite number"),
            ("1e39", "1e39 is no finite number"),  # of float32
        ],
    )
    def test_a_cell_that_is_no_number_is_named_with_its_line(self, tmp_path, cell, said):
        with pytest.raises(UserError) as caught:
            self.read(tmp_path, f"x,y,phase\n1,2,D\n3,{cell},S\n5,6,S\n")
        assert f"one.csv:3: {said}" in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("x,y,phase\n1,2,D\n3,4,5,S\n", "one.csv:3: has 4 columns, not 3"),
            ("x,y,phase\n1,2,D\n3,4,\n", "one.csv:3: the frame has no label"),
            ("x,y,phase\n", "has a header and no frames"),
            ("phase\nD\nS\n", "no column of features"),
            ("\n", "is empty"),
            ("<html></html>", "is HTML"),
        ],
    )
    def test_what_cannot_be_used_is_said_in_one_line(self, tmp_path, text, said):
        with pytest.raises(UserError) as caught:
            self.read(tmp_path, text)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)

    @given(
        st.lists(
            st.tuples(
                st.floats(width=32, allow_nan=False, allow_infinity=False),
                st.sampled_from(["D", "쉼", "a b", 'with, "both"']),
            ),
            min_size=2,
            max_size=20,
        )
    )
    def test_what_pandas_writes_comes_back(self, tmp_path_factory, rows):
        import pandas as pd

        path = tmp_path_factory.mktemp("written") / "one.csv"
        frame = pd.DataFrame(rows, columns=["x", "label"])
        frame.to_csv(path)  # with its index
        found = read_video(path, ColumnChoice())
        np.testing.assert_array_equal(found.frames[:, 0], np.float32(frame["x"]))
        assert found.labels == list(frame["label"])


class TestSeveralFiles:
    def test_each_way_to_name_them(self, folder):
        whole = names(corpus(folder))
        assert names(corpus(folder / "*.csv")) == whole
        assert names(corpus(",".join(f"{folder}/v{n}.csv" for n in range(5)))) == whole
        many = ",".join([f"{folder}/v0.csv"] * 300 + [str(folder)])  # too long for one name
        assert names(corpus(many)) == whole
        assert collections.Counter(sum(whole.values(), [])) == {f"v{n}": 1 for n in range(5)}

    def test_splits_are_of_whole_videos(self, folder):
        found = corpus(folder)
        assert {split: len(rows) for split, rows in found.splits.items()} == {
            "train": 3, "dev": 1, "test": 1,
        }  # fmt: skip
        for frame in found.splits.values():
            for row in frame.itertuples():
                whole = read_video(folder / f"{row.id}.csv", ColumnChoice())
                np.testing.assert_array_equal(row.frames, whole.frames)
                assert row.label == whole.labels
                assert json.loads(row.features) == ["x", "y"]

    def test_a_user_says_which_are_held_out(self, folder):
        found = names(corpus(folder, dev_videos="v3", test_videos="v1, v0"))
        assert found == {"train": ["v2", "v4"], "dev": ["v3"], "test": ["v1", "v0"]}
        for option in ("dev_videos", "test_videos"):
            found = names(corpus(folder, **{option: "v2"}))
            assert found[option.removesuffix("_videos")] == ["v2"]
            assert [len(found[split]) for split in ("train", "dev", "test")] == [3, 1, 1]

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"dev_videos": "v9"}, "--dev-videos: no video is called 'v9' — there are v0, v1"),
            ({"dev_videos": "v1", "test_videos": "v1"}, "v1 cannot be in dev and in test"),
            ({"dev_videos": "v0,v1,v2", "test_videos": "v3,v4"}, "too few videos are left"),
            ({"test_videos": "v0,v1,v2,v3"}, "too few videos are left"),
            ({"split": "hasani2021"}, "needs one video a3"),
        ],
    )
    def test_splits_that_cannot_be(self, folder, settings, said):
        with pytest.raises(UserError) as caught:
            corpus(folder, **settings)
        assert said in str(caught.value)

    def test_columns_in_another_order_are_put_in_order(self, folder):
        (folder / "v4.csv").write_text("y,phase,x\n1,rest,2\n3,wave,4\n", encoding="utf-8")
        found = corpus(folder, test_videos="v4").splits["test"]
        np.testing.assert_array_equal(found["frames"][0], [[2, 1], [4, 3]])

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("x,phase\n1,rest\n2,wave\n", "v4.csv: has 1 feature, but v0.csv has 2"),
            (
                "x,z,phase\n1,2,rest\n2,3,wave\n",
                "v4.csv: has a column 'z' where v0.csv has another",
            ),
        ],
    )
    def test_files_that_do_not_belong_together(self, folder, text, said):
        (folder / "v4.csv").write_text(text, encoding="utf-8")
        with pytest.raises(UserError) as caught:
            corpus(folder)
        assert said in str(caught.value)

    def test_videos_of_one_frame_and_copies_are_counted_and_named(self, folder):
        (folder / "v5.csv").write_text("x,y,phase\n1,2,rest\n", encoding="utf-8")
        (folder / "v6.csv").write_text(video(20), encoding="utf-8")
        found = corpus(folder)
        assert [(row.reason.split(",")[0], row.kept) for row in found.rejects] == [
            ("has one frame", False), ("has the frames of v0", False),
        ]  # fmt: skip
        assert not {"v5", "v6"} & set(sum(names(found).values(), []))

    def test_a_label_that_only_a_held_out_video_has_is_said(self, folder):
        (folder / "v4.csv").write_text(video(10, 9, label="쉼"), encoding="utf-8")
        found = corpus(folder, test_videos="v4", dev_videos="v0")
        assert len(found.warnings) == 1
        assert "쉼, the label of 5 frames of test" in found.warnings[0]
        assert not corpus(folder, test_videos="v1", dev_videos="v0").warnings

    def test_the_same_name_in_two_folders(self, folder):
        for name in ("a", "b"):
            (folder / name).mkdir()
            (folder / name / "v.csv").write_text(video(30, ord(name)), encoding="utf-8")
        found = names(corpus(f"{folder}/a,{folder}/b,{folder}/v0.csv"))
        assert sorted(sum(found.values(), [])) == ["a/v", "b/v", "v0"]

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ("nowhere", "no such file"),
            ("nowhere/*.csv", "no file is called so"),
            ("empty", "the folder holds no CSV file"),
            ("v0.csv,{}/v1.csv", "2 videos can be used: at least three are needed"),
        ],
    )
    def test_too_little(self, folder, where, said):
        (folder / "empty").mkdir()
        with pytest.raises(UserError) as caught:
            corpus(f"{folder}/{where.format(folder)}")
        assert said in str(caught.value)

    def test_what_is_no_label_is_refused(self, folder):
        with pytest.raises(UserError, match="column x has .* different values"):
            corpus(folder, label_column="x", left_out_columns="phase")
        for path in folder.glob("*.csv"):
            path.write_text(path.read_text("utf-8").replace("wave", "rest"), encoding="utf-8")
        with pytest.raises(UserError, match="every frame has the same label, rest"):
            corpus(folder)

    def test_a_new_file_in_the_folder_is_noticed(self, folder):
        assert folder in corpus(folder).files
        assert folder in corpus(folder / "*.csv").files
        assert folder not in corpus(",".join(f"{folder}/v{n}.csv" for n in range(5))).files


def test_the_bundled_videos_are_what_the_program_writes():
    written = {path.name: path.read_text("utf-8") for path in SAMPLE.iterdir()}
    assert written == sample_videos()


def test_the_bundled_videos_can_be_split_and_train_has_every_label():
    found = corpus("sample")
    labels = {split: set().union(*frame["label"]) for split, frame in found.splits.items()}
    assert labels["dev"] | labels["test"] <= labels["train"]
    assert len(labels["train"]) == 5


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """Seven videos of which each frame says what it is."""
    folder = tmp_path_factory.mktemp("gestures")
    for number, name in enumerate(sorted(ORDER)):
        rows = [f"{number},{n},{'DPSHR'[n // 7 % 5]}" for n in range(100 + 40 * number)]
        text = "\n".join(["1,2,Phase", *rows]) + "\n"
        (folder / f"{name}_va3.csv").write_text(text, encoding="utf-8")
    return corpus(folder, split="hasani2021")


class TestPublishedWindows:
    def test_it_is_the_recipe(self, windows):
        """Written down once more: windows and half windows, file by file, then a permutation."""
        cuts = []
        for name in ("a3", "b1", "b3", "c1", "c3", "a2", "a1"):
            length = 100 + 40 * sorted(ORDER).index(name)
            for number in range(length // 32):
                cuts.append((name, 32 * number))
                if number < length // 32 - 1:
                    cuts.append((name, 32 * number + 16))
        order = np.random.RandomState(23489).permutation(len(cuts))
        dev, test = int(0.1 * len(cuts)), int(0.15 * len(cuts))
        expected = {
            "dev": order[:dev],
            "test": order[dev : dev + test],
            "train": order[dev + test :],
        }
        for split, rows in expected.items():
            ids = [f"{name}_va3:{start}-{start + 32}" for name, start in (cuts[r] for r in rows)]
            assert list(windows.splits[split]["id"]) == ids

    def test_windows_hold_their_frames(self, windows):
        for row in windows.splits["test"].itertuples():
            first = int(row.id.split(":")[1].split("-")[0])
            np.testing.assert_array_equal(row.frames[:, 1], np.arange(first, first + 32))
            assert row.label == ["DPSHR"[n // 7 % 5] for n in range(first, first + 32)]

    def test_the_leak_is_said_and_counted(self, windows):
        def frames(split):
            return {
                (row.id.split(":")[0], int(n))
                for row in windows.splits[split].itertuples()
                for n in row.frames[:, 1]
            }

        share = len(frames("test") & frames("train")) / len(frames("test"))
        assert share > 0.3
        assert f"{share:.1%} of the frames of test are frames of train" in windows.warnings[0]
