"""Reads video files frame by frame with PyAV (an optional package)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from pipeline.errors import UserError

SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi"),
    *(".mpg", ".mpeg", ".ts", ".flv", ".wmv"),
)
# Only containers: FFmpeg would also read a playlist, and open the files it names.
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,asf",
}
_WITH_LENGTH = ("mov", "matroska", "avi")
"""Formats whose header has the length of the video."""
_MISSING = 0.5
"""Seconds at the end of a file that may have no pictures or sound."""
_REMEDY = "get the file again, or save it anew"


def read_video_file(path: Path) -> Iterator[tuple[float, np.ndarray]]:
    """The frames of a video file in the order in which they are shown.

    Only one frame at a time is in memory. Of several video streams the first is read; sound is
    ignored.

    Args:
        path: a file (SUFFIXES).

    Yields:
        Seconds since the first frame, and pixels uint8 [height, width, 3], RGB, rotated as the
        file says.

    Raises:
        UserError: PyAV is not installed; the file is no video, or is damaged or cut off.
    """
    av = _load_av()
    count = 0
    try:
        with av.open(f"file:{path.absolute()}", options=_OPTIONS) as container:
            if not container.streams.video:
                raise UserError(
                    "holds no pictures: it is sound alone, or was cut off",
                    where=path,
                    remedy=_REMEDY,
                )
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            first, end = None, 0.0
            for packet in container.demux():
                if packet.is_corrupt:
                    raise _cut_off(path, count)
                if packet.pts is not None and packet.time_base is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                if packet.stream is not stream:
                    continue
                for frame in packet.decode():
                    first = frame.time if first is None else first
                    yield frame.time - first, _upright(frame)
                    count += 1
            begin = (container.start_time or 0) / av.time_base
            length = (container.duration or 0) / av.time_base
            says_length = container.format.name.startswith(_WITH_LENGTH)
            if says_length and end - begin < length - _MISSING:
                raise _cut_off(path, count)
    except FileNotFoundError:
        raise UserError("no such file", where=path) from None
    except av.error.FFmpegError as error:
        if count:
            raise _cut_off(path, count) from error
        raise UserError(
            "is no video that can be read, or was cut off", where=path, remedy=_REMEDY
        ) from error
    if not count:
        raise UserError("holds no frames", where=path, remedy=_REMEDY)


def _upright(frame) -> np.ndarray:
    """Pixels of a frame, rotated as the file says."""
    return np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))


def _cut_off(path: Path, count: int) -> UserError:
    return UserError(
        f"is damaged or cut off: it ends after frame {count:,}", where=path, remedy=_REMEDY
    )


def _load_av() -> ModuleType:
    try:
        import av
    except ImportError:
        raise UserError(
            "video files are read by PyAV, which is not installed",
            remedy=".venv/bin/pip install av==18.1.0, or give a folder of frame pictures a video",
        ) from None
    av.logging.set_level(None)
    return av
