"""Event files and the embedding projector for TensorBoard, written without TensorFlow.

The records are built by the `tensorboard` package itself (`*_pb`), framed by its `RecordWriter`,
and appended to an ordinary file, so this works on every Keras backend.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from tensorboard.compat.proto.event_pb2 import Event, SessionLog, SourceMetadata
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from pipeline.errors import UserError
from pipeline.readable import readable
from pipeline.workspace import write_text

_SECONDS_BETWEEN_FLUSHES = 20.0
_EVENTS = "events.out.tfevents."
_STATUS_SUCCESS = 1  # tensorboard/plugins/hparams/api.proto, enum Status
_BLANK = "∅"


class TensorBoardLog:
    """One event file in a folder; every log that is opened there adds one, and TensorBoard reads
    them in the order they were opened.

    A training that resumes at a checkpoint calls `restart(first_step)`, which hides what a killed
    process wrote from that step on, so that no step is shown twice.

    Args:
        folder: of this run; made if absent.
        fresh: removes the event files that are there, for what is measured anew as a whole.
    """

    def __init__(self, folder: Path, *, fresh: bool = False):
        self.folder = Path(folder)
        self._closed = False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            earlier = sorted(self.folder.glob(_EVENTS + "*"))
            if fresh:
                for path in earlier:
                    path.unlink()
                earlier = []
            self._path = self.folder / _next_name(earlier)
            self._file = open(self._path, "xb")  # noqa: SIM115 (closed by close)
        except OSError as error:
            raise self._cannot_write(error) from error
        self._records = RecordWriter(self._file)
        self._flushed = time.monotonic()
        writer = SourceMetadata(writer="pipeline.training.tensorboard")
        self._write(Event(file_version="brain.Event:2", source_metadata=writer))
        if not earlier:
            # TensorBoard takes the first start it sees for the beginning, later ones for restarts
            self.restart(0)
        self.flush()

    def restart(self, first_step: int) -> None:
        """Shows only what is written from now on for steps from `first_step` on."""
        self._write(Event(step=first_step, session_log=SessionLog(status=SessionLog.START)))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """Adds a point to a curve."""
        self._summary(scalar_pb(tag, float(value)), step)

    def text(self, tag: str, markdown: str, step: int) -> None:
        """Adds a text; TensorBoard renders its Markdown. Text from outside goes through `escaped`
        or `markdown_table`."""
        self._summary(text_pb(tag, readable(markdown)), step)

    def image(self, tag: str, png: bytes, step: int) -> None:
        """Adds a PNG file, for example from `report.figures.to_png`."""
        if png[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError(f"{tag}: not a PNG file")
        width, height = struct.unpack(">II", png[16:24])
        # what tf.summary.image writes: [width, height, file, ...]
        cells = [str(width).encode(), str(height).encode(), png]
        summary = Summary()
        summary.value.add(
            tag=tag,
            metadata=image_metadata.create_summary_metadata(display_name=None, description=None),
            tensor=make_tensor_proto(cells, dtype=np.object_),
        )
        self._summary(summary, step)

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """Adds a histogram of `values` (any shape); values that are not finite are left out."""
        flat = np.asarray(values, np.float64).ravel()
        self._summary(histogram_pb(tag, flat[np.isfinite(flat)]), step)

    def hparams(self, settings: Mapping, metrics: Mapping[str, float]) -> None:
        """Adds a row to the HParams page, for comparing runs.

        Args:
            settings: may be nested; becomes `group.name`.
            metrics: final scores; also written as scalars `hparam/<name>` at step 0.
        """
        self._summary(hparams_pb(dict(_flat(settings))), 0)
        for name, value in metrics.items():
            self.scalar(f"hparam/{name}", value, 0)
        end = SessionEndInfo(status=_STATUS_SUCCESS, end_time_secs=time.time())
        summary = Summary()
        summary.value.add(
            tag=hparams_metadata.SESSION_END_INFO_TAG,
            metadata=hparams_metadata.create_summary_metadata(
                HParamsPluginData(session_end_info=end)
            ),
            tensor=hparams_metadata.NULL_TENSOR,
        )
        self._summary(summary, 0)

    def misclassified(
        self,
        texts: Sequence[str],
        gold: Sequence[str],
        predicted: Sequence[str],
        probabilities: Sequence[float],
        step: int,
        tag: str = "misclassified",
    ) -> None:
        """Adds a table of wrong answers, in the given order."""
        shares = [f"{probability:.1%}" for probability in probabilities]
        rows = zip(texts, gold, predicted, shares, strict=True)
        columns = ("text", "gold", "predicted", "probability")
        self.text(tag, markdown_table(columns, rows, numeric=(3,)), step)

    def flush(self) -> None:
        """Makes everything so far visible to TensorBoard."""
        try:
            self._records.flush()
        except OSError as error:
            raise self._cannot_write(error) from error
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Flushes and closes; calling it again does nothing."""
        if not self._closed:
            self._closed = True
            try:
                self._records.close()
            except OSError as error:
                raise self._cannot_write(error) from error

    def __enter__(self) -> TensorBoardLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _summary(self, summary: Summary, step: int) -> None:
        self._write(Event(step=int(step), summary=summary))
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self.flush()

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        try:
            self._records.write(event.SerializeToString())
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> UserError:
        return UserError(
            f"TensorBoard's log cannot be written ({error.strerror})",
            where=self.folder,
            remedy="make room or mend the permissions, then run the same command again",
        )


def write_projector(
    folder: Path,
    embeddings: np.ndarray,
    labels: Sequence[str],
    columns: Mapping[str, Sequence[object]] | None = None,
    *,
    name: str = "embedding",
    max_rows: int = 10_000,
) -> None:
    """Writes vectors and their labels for TensorBoard's embedding projector.

    `<name>.tsv` (float32, exactly), `<name>.labels.tsv` and `projector_config.pbtxt`, which the
    projector finds in the folder of a run's event files or in TensorBoard's --logdir itself.

    Args:
        folder: the one a `TensorBoardLog` writes to.
        embeddings: float [n, d], the most frequent first.
        labels: n of them, in any script.
        columns: more facts on each, by name: n values each, to colour or search by.
        name: what the projector calls the vectors.
        max_rows: how many rows are written; a browser copes with about ten thousand.
    """
    rows = np.asarray(embeddings, np.float32)
    columns = dict(columns or {})
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"embeddings must be [n, d] and not empty, not {rows.shape}")
    for what, values in {"labels": labels, **columns}.items():
        if len(values) != len(rows):
            raise ValueError(f"{len(values)} values in {what} for {len(rows)} embeddings")
    rows = rows[:max_rows]
    # nine significant digits bring a float32 back exactly
    vectors = ("\t".join(f"{value:.9g}" for value in row) for row in rows.tolist())
    write_text(folder / f"{name}.tsv", "\n".join(vectors) + "\n")
    # with one column the projector expects no heading, with several it expects one
    heading = ["\t".join(map(_tsv_cell, ("label", *columns)))] if columns else []
    cells = zip(labels[:max_rows], *(values[:max_rows] for values in columns.values()), strict=True)
    lines = heading + ["\t".join(map(_tsv_cell, row)) for row in cells]
    write_text(folder / f"{name}.labels.tsv", "\n".join(lines) + "\n")
    config = ProjectorConfig()
    config.embeddings.add(
        tensor_name=name,
        tensor_shape=rows.shape,
        tensor_path=f"{name}.tsv",
        metadata_path=f"{name}.labels.tsv",
    )
    write_text(folder / "projector_config.pbtxt", text_format.MessageToString(config))


def markdown_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Collection[int] = ()
) -> str:
    """A table for `TensorBoardLog.text` whose cells are shown literally.

    Args:
        columns: their headings.
        rows: a cell for each column.
        numeric: which columns are set flush right.
    """
    head, *cells = ([escaped(cell) for cell in row] for row in (columns, *rows))
    rule = ["---:" if i in numeric else "---" for i in range(len(columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *cells))


def escaped(text: str) -> str:
    """`text` on one line, so that Markdown shows every character of it as it is."""
    one_line = " ".join(text.split())
    return "".join(f"&#{ord(c)};" if c in _MARKDOWN else c for c in one_line)


_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|&~^=:\"'")


def _tsv_cell(value: object) -> str:
    # the projector drops a blank line and trips over an empty cell
    return " ".join(str(value).split()) or _BLANK


def _flat(settings: Mapping, prefix: str = "") -> Iterator[tuple[str, bool | int | float | str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, bool | int | float | np.generic):
            yield f"{prefix}{name}", value
        else:
            yield f"{prefix}{name}", readable(value)


def _next_name(earlier: list[Path]) -> str:
    """A file name that sorts after all existing ones, since TensorBoard reads files in that
    order."""
    seconds = int(time.time())
    if earlier:
        written = earlier[-1].name.removeprefix(_EVENTS).split(".")[0]
        seconds = max(seconds, int(written) + 1 if written.isdecimal() else 0)
    return f"{_EVENTS}{seconds:010d}.pipeline"
