"""Video files: their frames and times, and files that are none."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.pictures.video_file import read_video_file
from tiny_films import film, write_pictures, write_video

pytest.importorskip("av")


def read(path):
    times, frames = zip(*read_video_file(path), strict=True)
    return np.array(times), np.stack(frames)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "mov"])
def test_frames_and_when_they_are_shown(tmp_path, suffix):
    written = film(40)
    times, frames = read(write_video(tmp_path / f"v.{suffix}", written))
    np.testing.assert_allclose(times, np.arange(40) / 10, atol=1e-3)
    assert frames.shape == written.shape
    assert frames.dtype == np.uint8
    assert np.abs(frames.astype(int) - written).mean() < 6  # what mpeg4 loses


def test_a_codec_that_loses_nothing(tmp_path):
    written = film(5)
    np.testing.assert_array_equal(
        read(write_video(tmp_path / "v.mkv", written, "ffv1"))[1], written
    )


def test_a_file_is_meant_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("http:v.mp4", "-v.mp4", "영상 1%d.mp4"):
        assert len(read(write_video(tmp_path / "v.mp4", film(3)).rename(tmp_path / name))[0]) == 3


def refused(path) -> str:
    with pytest.raises(UserError) as caught:
        list(read_video_file(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a video\n" * 99, b"\x00" * 4096])
def test_a_file_that_is_no_video(tmp_path, content):
    (tmp_path / "v.mp4").write_bytes(content)
    assert "is no video that can be read" in refused(tmp_path / "v.mp4")


def test_a_picture_or_a_playlist_that_is_called_a_video(tmp_path):
    """A playlist would make FFmpeg open what it names."""
    write_pictures(tmp_path, film(1), "v.mp4")
    assert "is no video" in refused(tmp_path / "v.mp4")
    write_video(tmp_path / "real.ts", film(10), "mpeg2video")
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", "real.ts", "#EXT-X-ENDLIST"]
    (tmp_path / "list.mp4").write_text("\n".join(lines), encoding="utf-8")
    assert "is no video" in refused(tmp_path / "list.mp4")


@pytest.mark.parametrize(
    ("suffix", "options"),
    [("mp4", {}), ("mp4", {"movflags": "faststart"}), ("mkv", {}), ("avi", {})],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_a_truncated_video(tmp_path, suffix, options, share):
    path = write_video(tmp_path / f"v.{suffix}", film(40), **options)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "cut off" in refused(path)


def test_sound_alone(tmp_path):
    import av

    with av.open(str(tmp_path / "v.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert "holds no pictures" in refused(tmp_path / "v.mp4")


def test_without_pyav_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "av":
            raise ImportError(name)
        return real(name, *rest)

    path = write_video(tmp_path / "v.mp4", film(3))
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match="PyAV, which is not installed — .*pip install av=="):
        list(read_video_file(path))


def test_a_video_is_turned_as_its_camera_was_held(tmp_path):
    """The matrix of a track that players turn clockwise by a quarter (QuickTime's format)."""
    path = write_video(tmp_path / "v.mp4", film(3))
    plain = read(path)[1]
    one, zero, minus, unit = (
        number.to_bytes(4, "big") for number in (0x10000, 0, 0xFFFF0000, 0x40000000)
    )
    upright = one + 3 * zero + one + 3 * zero + unit
    turned = zero + one + zero + minus + 4 * zero + unit
    content = path.read_bytes()
    track = content.index(b"tkhd")
    path.write_bytes(content[:track] + content[track:].replace(upright, turned, 1))
    np.testing.assert_array_equal(read(path)[1], np.rot90(plain, -1, axes=(1, 2)))
