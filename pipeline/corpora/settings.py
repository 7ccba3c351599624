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
    """Which reviews."""

    corpus: Annotated[str, UserFiles] = "nsmc"
    """A name of the catalogue (nsmc), `sample` for the bundled reviews, or a TSV, CSV, JSON or
    Parquet file, packed or not; several with commas between, or a pattern (reviews/*.tsv.gz).
    Files called my.dev.tsv and my.test.tsv beside my.tsv or my.train.tsv (dev.tsv and test.tsv
    beside train.tsv) are dev and test; where there are none, a tenth each is held out."""
    text_column: str | None = None
    """Column of a user's files that holds the text: its name, or its number from 1."""
    label_column: str | None = None
    """Column of a user's files that holds the label: its name, or its number from 1."""
    dev_size: Annotated[int, AtLeast(1)] = 5000
    """Rows of NSMC's training file kept for choosing (by a hash of the id). Of a user's own file a
    tenth is, unless a file of dev stands beside it."""


@dataclasses.dataclass(frozen=True)
class TeacherSettings:
    """Finished runs that teach; dev and test stay as they are."""

    teachers: str | None = None
    """Names of finished runs of this task, with commas between."""
    unlabelled: Annotated[str, UserFiles] | None = None
    """Texts without labels that the teachers are asked about, too: a file with a text a line
    (.xz, .gz, .bz2, .zst too), a table, JSON, a folder; or several, with commas between."""
    max_unlabelled: Annotated[int, AtLeast(0)] = 0
    """Of more texts than this, so many are taken, chosen by a hash of the text; 0 takes all."""


def check_teachers(chosen: TeacherSettings) -> None:
    """Checks that somebody labels the texts without labels.

    Raises:
        UserError: nobody does.
    """
    if chosen.unlabelled is not None and chosen.teachers is None:
        raise UserError(
            "nobody says what to learn from texts without labels",
            where="--unlabelled",
            remedy="name the runs that teach: --teachers run1,run2",
        )


@dataclasses.dataclass(frozen=True)
class EntityCorpusSettings:
    """Which texts with named entities."""

    corpus: Annotated[str, UserFiles] = "kmou"
    """A name of the catalogue (kmou, klp, klue), `sample` for the bundled sentences, or a file:
    a sentence a line with `<증권거래소:OG>에` in it, or a token and its BIO tag a line. Files
    called my.dev.txt and my.test.txt beside my.txt or my.train.txt (dev.txt and test.txt beside
    train.txt) are dev and test; where there are none, a tenth each is held out."""


@dataclasses.dataclass(frozen=True)
class PairCorpusSettings:
    """Which sentence pairs, and which way to translate."""

    corpus: Annotated[str, UserFiles] = "tatoeba"
    """A name of the catalogue (tatoeba, news), `sample` for the bundled pairs, or your own pairs:
    a table (TSV, CSV, JSON), TMX, two files line by line (train.ko,train.en), or an archive of
    these; or several, with commas between. Files called my.dev.tsv and my.test.tsv beside my.tsv
    or my.train.tsv are held out; where there are none, a tenth each is."""
    direction: Literal["ko-en", "en-ko"] = "ko-en"
    """From which language into which."""
    max_length_ratio: Annotated[
        float, AtLeast(1, remedy="the longer side is divided by the shorter one")
    ] = 3.0
    """Pairs are left out of which one side has more than so many times the letters of the other
    (a syllable has two or three; ten are added to both)."""
    max_characters: Annotated[int, AtLeast(1)] = 500
    """Pairs are left out of which one side has more characters than this."""


@dataclasses.dataclass(frozen=True)
class TextCorpusSettings:
    """Which text."""

    corpus: Annotated[str, UserFiles] = CONSTITUTION
    """`constitution` (that of the Republic of Korea, which comes with KoNLPy and needs no
    network), a name of the catalogue (shakespeare), or a text file; or several files, with commas
    between. In the order of the text, the last 10 % are for choosing (dev), what stands before
    them is the test, and all before that is learnt from."""
    documents: Division = "file"
    """What stands by itself: a whole file, a paragraph (between blank lines) or a line. At the
    beginning of a document the model has forgotten what was before."""
    test_share: Annotated[float, Between(0, 0.5)] | None = None
    """How much of the text is the test. 0: there is none; all before dev is learnt from, and what
    is reported is dev. Left out: what is usual, which is 0 for shakespeare and 0.1 elsewhere."""


@dataclasses.dataclass(frozen=True)
class SeriesCorpusSettings:
    """Which series, and what is an example."""

    corpus: Annotated[str, UserFiles] = "ETTh1"
    """A name of the catalogue (ETTh1, ETTh2, exchange_rate, national_illness), `sample` for the
    bundled prices, or a CSV, TSV or JSON table with a time column and columns of numbers."""
    channels: str | None = None
    """Columns to read and to forecast, with commas between; left out, all that hold numbers."""
    time_column: str | None = None
    """Column with the times: its name, or its number from 1; left out, it is looked for."""
    window: Annotated[int, AtLeast(1)] | None = None
    """Steps that are read; left out, 720, or a quarter of train where that is less."""
    horizon: Annotated[int, AtLeast(1)] | None = None
    """Steps that are forecast; left out, 96, or a fifth of dev where that is less."""


@dataclasses.dataclass(frozen=True)
class UnlabelledCorpusSettings:
    """Which texts, which need no labels."""

    corpus: Annotated[str, UserFiles] = "kowiki"
    """kowiki (the Korean Wikipedia's dump), `sample` for what is bundled, a file (plain text, JSON,
    a table; .gz, .xz or .bz2, too), or a folder of files; or several, with commas between. Of
    another corpus of the catalogue (nsmc, kmou) the texts of its training split are taken."""
    leave_out: Annotated[str, UserFiles] | None = None
    """Texts that must not be learnt from: names of the catalogue, for their dev and test splits,
    or files, with commas between. Lines that are one of them, or hold one of at least 16
    characters (white space apart), are left out."""
    dev_size: Annotated[int, AtLeast(1)] = 2000
    """Lines kept for choosing, and as many for the test; a tenth of all lines each, where that is
    less. Lines of one document stay together."""


@dataclasses.dataclass(frozen=True)
class FrameCorpusSettings:
    """Which videos, and how they are split."""

    corpus: Annotated[str, UserFiles] = "sample"
    """`sample` for the bundled videos, a folder of CSV files (one a video, a row a frame), of video
    files or of folders with a picture a frame (each with a label file of its name), or a
    file; or several, with commas between; `*` stands for anything in a name
    (`videos/*_va3.csv`)."""
    label_column: str | None = None
    """Column with the label of each frame: its name, or its number from 1. Left out: one that is
    called label, phase, class, action, 라벨 or the like, else the last."""
    label_unit: Literal["frames", "seconds"] | None = None
    """What start and end are in label files of videos, where the names of their columns do not
    say it."""
    rest_label: str | None = None
    """Label of the frames of videos that no row of a label file covers. Left out: there must be
    none."""
    left_out_columns: str | None = None
    """Columns that are no features: names or numbers, with commas between. Columns called time,
    timestamp, frame, index or the like are left out in any case."""
    split: Literal["videos", "hasani2021"] = "videos"
    """"videos": whole videos are held out. "hasani2021": windows of the seven videos of UCI's
    gesture phase, as Hasani et al. 2021 held them out; they overlap with those of train, so its
    figures are for comparison with published ones and for nothing else."""
    dev_videos: str | None = None
    """Videos kept for choosing: names of files without their suffix, with commas between. Left
    out: about a tenth of the videos, by a hash of their names."""
    test_videos: str | None = None
    """Videos kept for the test; likewise."""


@dataclasses.dataclass(frozen=True)
class CaptionCorpusSettings:
    """Which pictures with captions."""

    corpus: Annotated[str, UserFiles] = "sample"
    """`sample` for scenes that are drawn by a program, a name of the catalogue (flickr8k), or your
    own captions: a table with a picture and a caption in each row (TSV, CSV), COCO's JSON, or JSON
    with an object a picture; several with commas between are joined. Pictures are looked for beside
    it. Files called my.dev.tsv and my.test.tsv beside my.tsv or my.train.tsv are dev and test;
    where there are none, a tenth of the pictures each is held out."""
    pictures: Annotated[str, UserFiles] = ""
    """Folder with the pictures, where it is another than that of the captions."""
    scenes: Annotated[int, AtLeast(30)] = 1200
    """How many scenes are drawn for `sample`."""
