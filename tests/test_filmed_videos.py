"""Videos that have pictures, as files or as folders: their features, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.corpora.framed.corpus import read_framed_corpus
from pipeline.corpora.framed.filmed_video import frames_in, gap_in
from pipeline.corpora.settings import FrameCorpusSettings
from pipeline.errors import UserError
from pipeline.fields.picture import PictureFile
from pipeline.pictures import frame_features
from pipeline.pictures.features import picture_features
from pipeline.pictures.frame_features import features_of_pictures, features_of_video
from pipeline.workspace import SAMPLES
from tiny_films import COUNT, NAMES, film, write_films, write_labels, write_pictures, write_video


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four folders of pictures with their labels."""
    return write_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """Where features are kept, for all tests: each picture is looked at once."""
    return tmp_path_factory.mktemp("derived")


def corpus(where, derived, **settings):
    chosen = FrameCorpusSettings(corpus=str(where), **settings)
    return read_framed_corpus(chosen, SAMPLES / "frames", derived)


def rows(found) -> dict:
    return {row.id: row for frame in found.splits.values() for row in frame.itertuples()}


class TestFeatures:
    def test_they_are_those_of_captioning_averaged_over_places(self, folder, derived):
        paths = frames_in(folder / "v0")
        found = features_of_pictures(paths, derived)
        assert found.seconds is None
        assert isinstance(found.frames, np.memmap)
        pictures = [PictureFile(None, path) for path in paths[:2]]
        places = picture_features(pictures, derived / "places").take(np.arange(2))
        np.testing.assert_allclose(found.frames[:2], places.mean(axis=1), atol=2e-3)

    def test_a_video_file_has_those_of_its_pictures(self, folder, derived, tmp_path):
        pytest.importorskip("av")
        path = write_video(tmp_path / "v0.mkv", film(COUNT, top=0), "ffv1")
        found = features_of_video(path, derived)
        pictures = features_of_pictures(frames_in(folder / "v0"), derived)
        np.testing.assert_allclose(found.seconds, np.arange(COUNT) / 10, atol=1e-6)
        np.testing.assert_allclose(found.frames, pictures.frames, atol=2e-3)

    def test_they_are_computed_once(self, folder, derived, monkeypatch):
        paths = frames_in(folder / "v0")
        first = np.array(features_of_pictures(paths, derived).frames)
        monkeypatch.setattr(frame_features, "pooled_encoder", None)
        np.testing.assert_array_equal(features_of_pictures(paths, derived).frames, first)
        with pytest.raises(TypeError):  # another order is another video
            features_of_pictures(paths[::-1], derived)


class TestCorpus:
    def test_folders_of_pictures(self, folder, derived):
        found = corpus(folder, derived)
        assert set(rows(found)) == set(NAMES)
        assert {split: len(frame) for split, frame in found.splits.items()} == {
            "train": 2, "dev": 1, "test": 1,
        }  # fmt: skip
        for number, row in enumerate(rows(found)[name] for name in NAMES):
            count = COUNT + number
            assert row.frames.shape == (count, 1280)
            assert row.label == ["red"] * (count // 2) + ["blue"] * (count - count // 2)
            assert row.encoder.startswith("efficientnet-lite0-")
        assert {folder / "v0", folder / "v0" / "3.png", folder / "v0.csv"} <= set(found.files)

    def test_each_way_to_name_them(self, folder, derived):
        whole = set(rows(corpus(folder, derived)))
        assert set(rows(corpus(f"{folder}/*", derived))) == whole
        assert set(rows(corpus(",".join(f"{folder}/{n}" for n in NAMES), derived))) == whole

    def test_video_files_and_folders_go_together(self, folder, derived, tmp_path):
        pytest.importorskip("av")
        for name in NAMES[:3]:
            (tmp_path / name).symlink_to(folder / name)
            (tmp_path / f"{name}.csv").symlink_to(folder / f"{name}.csv")
        write_video(tmp_path / "v.9.MP4", film(14, top=20))
        (tmp_path / "v.9.csv").write_text("start,end,label\n0,0.7,red\n.7,1.4,blue\n", "utf-8")
        row = rows(corpus(tmp_path, derived))["v.9"]
        assert row.label == ["red"] * 7 + ["blue"] * 7

    def test_pictures_come_by_their_numbers(self, folder, tmp_path):
        assert [path.name for path in frames_in(folder / "v0")] == [f"{n}.png" for n in range(12)]
        write_pictures(tmp_path / "v", film(3), "frame{}.PNG")
        write_pictures(tmp_path / "v", film(1), "frame{}10.png")
        names = [path.name for path in frames_in(tmp_path / "v")]
        assert names == ["frame0.PNG", "frame1.PNG", "frame2.PNG", "frame010.png"]

    @pytest.mark.parametrize(
        ("names", "gap"),
        [
            ("f1.png f2.png f4.png", "f2.png and f4.png"),
            ("f0001.jpg f0006.jpg f0011.jpg", None),  # each fifth
            ("a1.png b3.png c7.png", None),
            ("2024-01-02_01.png 2024-01-02_02.png 2024-01-03_01.png", None),
            ("only.png", None),
        ],
    )
    def test_numbers_that_are_left_out(self, names, gap):
        assert gap_in([Path(name) for name in names.split(" ")]) == gap

    def test_a_gap_in_the_numbers_is_said(self, folder, derived, tmp_path):
        for name in NAMES:
            shutil.copytree(folder / name, tmp_path / name)
            (tmp_path / f"{name}.csv").symlink_to(folder / f"{name}.csv")
        (tmp_path / "v1" / "12.png").rename(tmp_path / "v1" / "20.png")
        (warning,) = corpus(tmp_path, derived).warnings
        assert "Between 11.png and 20.png of v1" in warning

    def test_pictures_beside_tables_are_none_of_the_corpus(self, derived, tmp_path):
        write_pictures(tmp_path / "plots", film(1))
        for number in range(3):
            rows_ = "".join(f"{n + number},{'ab'[n % 2]}\n" for n in range(8))
            (tmp_path / f"v{number}.csv").write_text(f"x,label\n{rows_}", encoding="utf-8")
        found = corpus(tmp_path, derived)
        assert set(rows(found)) == {"v0", "v1", "v2"}
        assert set(found.splits["train"]["encoder"]) == {""}

    def test_a_video_of_one_frame_is_counted_and_left_out(self, folder, derived, tmp_path):
        write_pictures(tmp_path / "one", film(1))
        (tmp_path / "one.csv").write_text("start,end,label\n0,1,red\n", encoding="utf-8")
        found = corpus(f"{folder},{tmp_path / 'one'}", derived)
        assert [row.reason for row in found.rejects] == ["has one frame, of which nothing follows"]
        assert set(rows(found)) == set(NAMES)

    def test_frames_in_no_span_get_a_label_if_a_user_says_so(self, folder, derived, tmp_path):
        for name in NAMES:
            (tmp_path / name).symlink_to(folder / name)
            (tmp_path / f"{name}.csv").write_text("start,end,label\n2,9,red\n", encoding="utf-8")
        with pytest.raises(UserError, match="5 frames of 12 have no label"):
            corpus(tmp_path, derived)
        found = rows(corpus(tmp_path, derived, rest_label="none"))["v0"]
        assert found.label == ["none"] * 2 + ["red"] * 7 + ["none"] * 3


class TestRefused:
    """One line each, through the command line, and nothing is lost."""

    @pytest.fixture
    def films(self, folder, derived, tmp_path):
        """Videos that are in order."""
        for name in NAMES:
            (tmp_path / "films" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "films" / name).symlink_to(folder / name)
            write_labels(tmp_path / "films" / f"{name}.csv", COUNT + int(name[1]))
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "processed").symlink_to(derived)
        return tmp_path / "films"

    @pytest.fixture
    def error(self, films, command):
        """What the stage corpus says of them."""
        return lambda *more: (
            command(films.parent, "corpus", "frames", "--corpus", "films", *more).error
        )

    def test_a_label_file_of_frames_outside_the_video(self, films, error):
        write_labels(films / "v1.csv", 20)
        assert "films/v1.csv:3: the span 10 to 20 reaches behind the end of the video" in error()

    def test_spans_that_overlap(self, films, error):
        (films / "v1.csv").write_text("start,end,label\n0,9,red\n8,13,blue\n", encoding="utf-8")
        assert "films/v1.csv:3: overlaps with the span of line 2" in error()

    def test_an_unknown_column(self, films, error):
        text = "start,end,label,who\n0,9,red,a\n9,13,blue,b\n"
        (films / "v1.csv").write_text(text, encoding="utf-8")
        assert "films/v1.csv: column 'who' is neither start, end nor label" in error()

    def test_no_label_file(self, films, error):
        (films / "v1.csv").unlink()
        assert "films/v1: has no labels: there is no v1.csv beside it" in error()

    def test_two_label_files(self, films, error):
        write_labels(films / "v1.tsv", 13)
        assert "films/v1: has two files of labels, v1.csv and v1.tsv" in error()

    def test_a_label_file_of_no_video(self, films, error):
        write_labels(films / "v8.csv", 20)
        assert "films/v8.csv: is of no video" in error()

    def test_a_table_of_features_among_videos(self, films, error):
        (films / "v8.csv").write_text("x,label\n1,red\n2,blue\n", encoding="utf-8")
        assert "films/v8.csv: is of no video" in error()

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("5.png", b"no picture", "5.png: is neither JPEG nor PNG"),
            ("5.png", b"", "5.png: is empty, not a picture"),
            ("12.bmp", b"BM000000", "12.bmp: is neither JPEG nor PNG"),
            ("05.png", None, "05.png and 5.png are the same frame"),
            ("12.png", "cut", "12.png: is damaged or cut off"),
        ],
    )
    def test_pictures_that_are_none(self, films, error, name, content, said):
        whole = tf.io.encode_png(film(1)[0]).numpy()
        (films / "v1").unlink()
        broken = write_pictures(films / "v1", film(12, top=12))
        content = {None: whole, "cut": whole[: len(whole) // 2]}.get(content, content)
        (broken / name).write_bytes(content)
        assert said in error()

    @pytest.mark.parametrize(("name", "share"), [("v9.mp4", 0.5), ("v9.avi", 0.5), ("v9.mkv", 0)])
    def test_a_video_that_is_none_or_is_truncated(self, films, error, name, share):
        pytest.importorskip("av")
        content = write_video(films / name, film(40)).read_bytes()
        (films / name).write_bytes(content[: int(share * len(content))] or b"no video")
        (films / "v9.csv").write_text("start_s,end_s,label\n0,4,red\n", encoding="utf-8")
        assert f"films/{name}: " in error()
        assert "cut off" in error()

    def test_numbers_that_may_be_frames_or_seconds(self, films, error):
        pytest.importorskip("av")
        write_video(films / "v9.mp4", film(40))
        write_labels(films / "v9.csv", 40)
        assert "films/v9.csv: whole numbers may be frames or seconds" in error()
