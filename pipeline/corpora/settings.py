"""Settings of the readers of corpora; here so that reading them imports no reader."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.errors import UserError
from pipeline.ranges import AtLeast, Between, UserFiles

Division = Literal["file", "paragraph", "line"]

CONSTITUTION = "constitution"
"""The corpus that needs no network."""


@dataclasses.dataclass(frozen=True)
class CorpusSettings:
    """Where the labelled texts come from."""

    corpus: Annotated[str, UserFiles] = "nsmc"
    """A name of the catalogue (nsmc), `sample` for the bundled reviews, or a TSV, CSV, JSON or
    Parquet file, compressed or not; several with commas between, or a pattern (reviews/*.tsv.gz).
    Files called my.dev.tsv and my.test.tsv beside my.tsv or my.train.tsv (dev.tsv and test.tsv
    beside train.tsv) become the dev and test splits; without them, a tenth of the rows is held out
    for each."""
    text_column: str | None = None
    """Column of a user's files that holds the text: its name, or its number from 1."""
    label_column: str | None = None
    """Column of a user's files that holds the label: its name, or its number from 1."""
    dev_size: Annotated[int, AtLeast(1)] = 5000
    """Rows of NSMC's training file that become the dev split (chosen by a hash of the id). From a
    user's own file a tenth of the rows is taken, unless a dev file lies beside it."""


@dataclasses.dataclass(frozen=True)
class TeacherSettings:
    """Finished runs whose predictions a new model learns from; dev and test stay as they are."""

    teachers: str | None = None
    """Names of finished runs of this task, with commas between."""
    unlabelled: Annotated[str, UserFiles] | None = None
    """Texts without labels that the teachers label in addition: a file with one text per line (also
    .xz, .gz, .bz2, .zst), a table, JSON, a folder; or several, with commas between."""
    max_unlabelled: Annotated[int, AtLeast(0)] = 0
    """At most this many of these texts are used, chosen by a hash of the text; 0 uses all."""


def check_teachers(chosen: TeacherSettings) -> None:
    """Refuses texts without labels where no teachers are named.

    Raises:
        UserError: there are such texts, and no teachers.
    """
    if chosen.unlabelled is not None and chosen.teachers is None:
        raise UserError(
            "nobody says what to learn from texts without labels",
            where="--unlabelled",
            remedy="name the runs that teach: --teachers run1,run2",
        )


@dataclasses.dataclass(frozen=True)
class EntityCorpusSettings:
    """Where the texts with named entities come from."""

    corpus: Annotated[str, UserFiles] = "kmou"
    """A name of the catalogue (kmou, klp, klue), `sample` for the bundled sentences, or a file: one
    sentence per line with `<증권거래소:OG>에` in it, or one token and its BIO tag per line. Files
    called my.dev.txt and my.test.txt beside my.txt or my.train.txt (dev.txt and test.txt beside
    train.txt) become the dev and test splits; without them, a tenth of the rows is held out for
    each."""


@dataclasses.dataclass(frozen=True)
class PairCorpusSettings:
    """Where the sentence pairs come from, and which way to translate."""

    corpus: Annotated[str, UserFiles] = "tatoeba"
    """A name of the catalogue (tatoeba, news), `sample` for the bundled pairs, or your own pairs: a
    table (TSV, CSV, JSON), TMX, two files line by line (train.ko,train.en), or an archive of these;
    or several, with commas between. Files called my.dev.tsv and my.test.tsv beside my.tsv or
    my.train.tsv become the dev and test splits; without them, a tenth of the pairs is held out for
    each."""
    direction: Literal["ko-en", "en-ko"] = "ko-en"
    """Source and target language."""
    max_length_ratio: Annotated[
        float, AtLeast(1, remedy="the longer side is divided by the shorter one")
    ] = 3.0
    """A pair is left out if one side has more than this many times the letters of the other (a
    syllable counts as two or three letters; ten are added to both sides)."""
    max_characters: Annotated[int, AtLeast(1)] = 500
    """A pair is left out if one side has more characters than this."""


@dataclasses.dataclass(frozen=True)
class TextCorpusSettings:
    """Where the running text comes from, and how it is split."""

    corpus: Annotated[str, UserFiles] = CONSTITUTION
    """`constitution` (that of the Republic of Korea, which comes with KoNLPy and needs no network),
    a name of the catalogue (shakespeare), or a text file; or several files, with commas between.
    The text is split in its order: first train, then test, and the last 10 % are dev."""
    documents: Division = "file"
    """What one document is: a whole file, a paragraph (between blank lines) or a line. At the
    beginning of a document the state of the model is reset."""
    test_share: Annotated[float, Between(0, 0.5)] | None = None
    """Share of the text that is the test split. 0: there is no test split, and the reported scores
    are those of dev. Default: 0 for shakespeare, 0.1 for all others."""


@dataclasses.dataclass(frozen=True)
class SeriesCorpusSettings:
    """Where the series comes from, and how long an example is."""

    corpus: Annotated[str, UserFiles] = "ETTh1"
    """A name of the catalogue (ETTh1, ETTh2, exchange_rate, national_illness), `sample` for the
    bundled prices, or a CSV, TSV or JSON table with a time column and columns of numbers."""
    channels: str | None = None
    """Columns to read and to forecast, with commas between. Default: all columns of numbers."""
    time_column: str | None = None
    """Column with the times: its name, or its number from 1. Default: found by its name or
    content."""
    window: Annotated[int, AtLeast(1)] | None = None
    """Steps that the model reads. Default: 720, or a quarter of train if that is less."""
    horizon: Annotated[int, AtLeast(1)] | None = None
    """Steps that the model forecasts. Default: 96, or a fifth of dev if that is less."""


@dataclasses.dataclass(frozen=True)
class UnlabelledCorpusSettings:
    """Where the texts without labels come from."""

    corpus: Annotated[str, UserFiles] = "kowiki"
    """kowiki (the dump of the Korean Wikipedia), `sample` for the bundled texts, a file (plain
    text, JSON, a table; also .gz, .xz or .bz2), or a folder of files; or several, with commas
    between. For another corpus of the catalogue (nsmc, kmou) the texts of its training split are
    used."""
    leave_out: Annotated[str, UserFiles] | None = None
    """Texts that must not be learnt from: names of the catalogue, which stand for their dev and
    test splits, or files, with commas between. A line is left out if it is one of these texts, or
    contains one of at least 16 characters (white space not counted)."""
    dev_size: Annotated[int, AtLeast(1)] = 2000
    """Lines of the dev split, and as many of the test split; a tenth of all lines each if that is
    less. Lines of one document stay together."""


@dataclasses.dataclass(frozen=True)
class FrameCorpusSettings:
    """Where the videos come from, and how they are split."""

    corpus: Annotated[str, UserFiles] = "sample"
    """`sample` for the bundled videos, a folder of CSV files (one file per video, one row per
    frame), of video files or of folders with one picture per frame (each with a label file of the
    same name), or a single file; or several, with commas between. `*` stands for anything in a name
    (`videos/*_va3.csv`)."""
    label_column: str | None = None
    """Column with the label of each frame: its name, or its number from 1. Default: a column called
    label, phase, class, action, 라벨 or the like, else the last one."""
    label_unit: Literal["frames", "seconds"] | None = None
    """Unit of start and end in the label files of videos, if the names of their columns do not tell
    it."""
    rest_label: str | None = None
    """Label of the frames of videos that no row of a label file covers. Default: there must be
    none."""
    left_out_columns: str | None = None
    """Columns that are not features: names or numbers, with commas between. Columns called time,
    timestamp, frame, index or the like are always left out."""
    split: Literal["videos", "hasani2021"] = "videos"
    """"videos": whole videos are held out. "hasani2021": windows of the seven videos of UCI's
    gesture phase, as Hasani et al. 2021 held them out; they overlap with those of train, so use
    this split only to compare with published figures."""
    dev_videos: str | None = None
    """Videos of the dev split: names of files without their suffix, with commas between. Default:
    about a tenth of the videos, chosen by a hash of their names."""
    test_videos: str | None = None
    """Videos of the test split, in the same form. Default: about a tenth, as for dev."""


@dataclasses.dataclass(frozen=True)
class CaptionCorpusSettings:
    """Where the pictures with captions come from."""

    corpus: Annotated[str, UserFiles] = "sample"
    """`sample` for scenes drawn by a program, a name of the catalogue (flickr8k), or your own
    captions: a table with a picture and a caption in each row (TSV, CSV), COCO's JSON, or JSON with
    one object per picture; several with commas between are joined. Pictures are looked for in the
    same folder. Files called my.dev.tsv and my.test.tsv beside my.tsv or my.train.tsv become the
    dev and test splits; without them, a tenth of the pictures is held out for each."""
    pictures: Annotated[str, UserFiles] = ""
    """Folder with the pictures, if it is not the folder of the captions."""
    scenes: Annotated[int, AtLeast(30)] = 1200
    """Number of scenes to draw for `sample`."""
