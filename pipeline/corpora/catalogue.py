"""The catalogue of corpora: their licences, addresses and checksums."""

from __future__ import annotations

import csv
import dataclasses
import difflib
from pathlib import Path

from pipeline.corpora.remote_files import ChangingFile, ReleaseFile, RemoteFile
from pipeline.errors import UserError

_KMOU_FILES = Path(__file__).with_name("kmou_files.tsv")


@dataclasses.dataclass(frozen=True)
class Corpus:
    """One corpus as its authors published it.

    Attributes:
        name: what a user types.
        title: what a report prints.
        licence: of the texts.
        homepage: where a person reads about it.
        files: part (`train`, `test`, or a name where there are many) -> file.
        counts: part -> what a reader must find there (`rows`, and rows per label). A check on
            the reader: the bytes themselves are checked by their blob id.
        sentences: split -> how many sentences a reader of annotated text, or pairs a reader of
            parallel text, must find in it; `pairs` where the corpus comes unsplit.
        unpinned: part -> file that its authors publish but whose blob id is not known here. It
            is trusted because of the commit in its address and the secure connection, and
            `sentences` checks that it is complete; a copy in data/raw or in a mirror is checked
            by `sentences` alone.
        changing: part -> file whose content changes under the same address.
        releases: part -> archive of a release.
        kind: what stands beside each text: "labelled" (one label), "annotated" (entities) or
            "parallel" (its translation), "captioned" (a picture); "running" is text with nothing
            beside it, to be read in its order, and "unlabelled" many texts with nothing beside
            them. "series" is no text but numbers over time.
        has_test: of running text, whether a test is usually set aside besides dev; False where
            published figures are those of dev.
        steps: of a series, how many a reader must find.
        parts: of a series, the steps of train, dev and test that published figures are of; None
            where these are 7:1:2 of all steps.
        on_hub: what the Hugging Face hub calls it, where it has the same data.
    """

    name: str
    title: str
    licence: str
    homepage: str
    files: dict[str, RemoteFile]
    counts: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    sentences: dict[str, int] = dataclasses.field(default_factory=dict)
    unpinned: dict[str, RemoteFile] = dataclasses.field(default_factory=dict)
    changing: dict[str, ChangingFile] = dataclasses.field(default_factory=dict)
    releases: dict[str, ReleaseFile] = dataclasses.field(default_factory=dict)
    kind: str = "labelled"
    has_test: bool = True
    steps: int = 0
    parts: tuple[int, int, int] | None = None
    on_hub: str = ""


def _nsmc() -> Corpus:
    def file(path: str, size: int, git_blob: str) -> RemoteFile:
        commit = "cc0670e872d4ac27bfe36c87456783004b39ef6c"
        return RemoteFile("e9t/nsmc", commit, path, size, git_blob, "CC0-1.0")

    return Corpus(
        name="nsmc",
        title="Naver sentiment movie corpus v1.0",
        licence="CC0-1.0",
        homepage="https://github.com/e9t/nsmc",
        on_hub="e9t/nsmc",
        files={
            "train": file(
                "ratings_train.txt", 14_628_807, "ac0dba272895dc1d0b3dd5f11afbeaeb7abe7876"
            ),
            "test": file("ratings_test.txt", 4_893_335, "b6cfcd8cd1557bcd9bf06617b0e429ed73e9a367"),
        },
        counts={
            "train": {"rows": 150_000, "positive": 74_827, "negative": 75_173},
            "test": {"rows": 50_000, "positive": 25_173, "negative": 24_827},
        },
    )


def _kmounlp(path: str, size: int, git_blob: str) -> RemoteFile:
    commit = "1e557de738b8e6215c7cacac116e735518c0f680"
    return RemoteFile("kmounlp/NER", commit, path, size, git_blob, "non-commercial use only")


def _kmou() -> Corpus:
    with open(_KMOU_FILES, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return Corpus(
        name="kmou",
        kind="annotated",
        title="Korean named entities of Korea Maritime and Ocean University (KMOU NER)",
        licence="non-commercial use only",
        homepage="https://github.com/kmounlp/NER",
        files={
            row["name"]: _kmounlp(
                f"말뭉치 - 형태소_개체명/{row['name']}", int(row["bytes"]), row["git_blob"]
            )
            for row in rows
        },
        # Distinct ones; the files are split by a hash of their names (annotated.kmou_split).
        sentences={"train": 19_339, "dev": 2_038, "test": 2_467},
    )


def _klp() -> Corpus:
    return Corpus(
        name="klp",
        kind="annotated",
        title="Named entities of the Korean language processing contest 2016",
        licence="non-commercial use only",
        homepage="https://github.com/kmounlp/NER/tree/master/2016klp",
        files={
            part: _kmounlp(f"2016klp/ner.{part}", size, git_blob)
            for part, size, git_blob in (
                ("train", 2_808_804, "46a10a149d6b78ca13d11f915cd3e901f7e7eebe"),
                ("dev", 345_513, "c26374bbcebbefddc1b9e699d7a63b213b8485d3"),
                ("test", 338_858, "c7171e45ff67e8b0661be341e0f4e815832b79ee"),
            )
        },
        sentences={"train": 2_928, "dev": 366, "test": 366},
    )


def _klue() -> Corpus:
    def file(part: str, size: int | None, git_blob: str | None) -> RemoteFile:
        commit = "3efd98708a40ff49251fddde35453f8fbb11f536"
        path = f"klue_benchmark/klue-ner-v1.1/klue-ner-v1.1_{part}.tsv"
        return RemoteFile("KLUE-benchmark/KLUE", commit, path, size, git_blob, "CC-BY-SA-4.0")

    return Corpus(
        name="klue",
        kind="annotated",
        title="KLUE named entities v1.1",
        licence="CC-BY-SA-4.0",
        homepage="https://github.com/KLUE-benchmark/KLUE",
        on_hub="klue/klue",
        files={"dev": file("dev", 2_635_045, "3ed843a2e62d536fc2e2dbcc0f304ee346dda62e")},
        # 21,008 as table 1 of the paper says (arXiv:2105.09680); the file was not here to count.
        sentences={"train": 21_008, "dev": 5_000},
        unpinned={"train": file("train", None, None)},
    )


def _tatoeba() -> Corpus:
    commit = "875d03899a2c217633fa28e8917a8b26382c5269"
    return Corpus(
        name="tatoeba",
        kind="parallel",
        title="Tatoeba, short sentences in English and Korean",
        licence="CC-BY-2.0-FR",
        homepage="https://tatoeba.org",
        files={
            "pairs": RemoteFile(
                "r0cd7b/nlp_with_rnns_and_attention",
                commit,
                "kor-eng/kor.txt",
                843_519,
                "6dadd43093fa51fdb9f814c39dfed792a3eae193",
                "CC-BY-2.0-FR",
            )
        },
        sentences={"pairs": 5_749},
    )


def _news() -> Corpus:
    def file(part: str, size: int | None, git_blob: str | None) -> RemoteFile:
        commit = "a1fb53dc5216f3a2d07d973456d8921ed23c88c6"
        path = f"korean-english-news-v1/korean-english-park.{part}.tar.gz"
        licence = "CC-BY-SA-3.0"
        return RemoteFile("jungyeul/korean-parallel-corpora", commit, path, size, git_blob, licence)

    return Corpus(
        name="news",
        kind="parallel",
        title="Korean-English news v1",
        licence="CC-BY-SA-3.0",
        homepage="https://github.com/jungyeul/korean-parallel-corpora",
        files={
            "dev": file("dev", 113_461, "4523e060c73f3a67563bde6b31143e795d1b235c"),
            "test": file("test", 229_831, "57d80cac7e3fe9e0334d2168e984689bbe666b5f"),
        },
        # 94,123 as the corpus says; the archive was not here to count, and of its blob id only
        # the beginning is known (parallel_sources.NEWS_TRAIN_BLOB).
        sentences={"train": 94_123, "dev": 1_000, "test": 2_000},
        unpinned={"train": file("train", None, None)},
    )


def _shakespeare() -> Corpus:
    commit = "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e"
    return Corpus(
        name="shakespeare",
        kind="running",
        has_test=False,
        title="tiny Shakespeare",
        licence="public domain",
        homepage="https://github.com/karpathy/char-rnn",
        on_hub="karpathy/tiny_shakespeare",
        files={
            "text": RemoteFile(
                "karpathy/char-rnn",
                commit,
                "data/tinyshakespeare/input.txt",
                1_115_394,
                "7dcb3a2d4cc3b48b6283dd46870bfeb78f88aac9",
                "public domain",
            )
        },
    )


def _kowiki() -> Corpus:
    folder = "https://dumps.wikimedia.org/kowiki/latest"
    dump = ChangingFile(
        f"{folder}/kowiki-latest-pages-articles.xml.bz2",
        f"{folder}/kowiki-latest-sha1sums.txt",
        r"kowiki-\d{8}-pages-articles\.xml\.bz2",
        "CC-BY-SA-4.0",
    )
    return Corpus(
        name="kowiki",
        kind="unlabelled",
        title="Korean Wikipedia",
        licence="CC-BY-SA-4.0",
        homepage="https://dumps.wikimedia.org/kowiki/",
        files={},
        changing={"articles": dump},
    )


_HOURS = 30 * 24
"""Hours of a month in the splits of ETT (Zhou et al. 2021, Informer)."""


def _ett(name: str, size: int, git_blob: str) -> Corpus:
    commit, licence = "1d16c8f4f943005d613b5bc962e9eeb06058cf07", "CC-BY-ND-4.0"
    path = f"ETT-small/{name}.csv"
    return Corpus(
        name=name,
        kind="series",
        title=f"Electricity transformer temperature, {name}",
        licence=licence,
        homepage="https://github.com/zhouhaoyi/ETDataset",
        on_hub="ETDataset/ett",
        files={"series": RemoteFile("zhouhaoyi/ETDataset", commit, path, size, git_blob, licence)},
        steps=17_420,
        parts=(12 * _HOURS, 4 * _HOURS, 4 * _HOURS),
    )


def _exchange_rate() -> Corpus:
    return Corpus(
        name="exchange_rate",
        kind="series",
        title="Daily exchange rates of eight currencies, 1990 to 2010",
        licence="none stated",
        homepage="https://github.com/laiguokun/multivariate-time-series-data",
        files={
            "series": RemoteFile(
                "laiguokun/multivariate-time-series-data",
                "7f402f185cc2435b5e66aed13a3b560ed142e023",
                "exchange_rate/exchange_rate.txt.gz",
                177_142,
                "d72d0d7a5d5d06ecd1cf4c79396180b2962be101",
                "none stated",
            )
        },
        steps=7_588,
    )


def _national_illness() -> Corpus:
    # The authors of Autoformer handed it round in a folder that has no fixed address; this is a
    # copy of it in a repository.
    return Corpus(
        name="national_illness",
        kind="series",
        title="Weekly influenza-like illness in the United States (CDC), 2002 to 2020",
        licence="none stated",
        homepage="https://gis.cdc.gov/grasp/fluview/fluportaldashboard.html",
        files={
            "series": RemoteFile(
                "junwoopark92/Self-Supervised-Contrastive-Forecsating",
                "f394705adbf5217811276f5e59576c6e7ea7586c",
                "dataset/illness/national_illness.csv",
                66_653,
                "ae0424af871366ecacc501399fcb730e9200458c",
                "none stated",
            )
        },
        steps=966,
    )


def _flickr8k() -> Corpus:
    licence = "research and education only; the photos belong to those who took them"

    def file(name: str, md5: str) -> ReleaseFile:
        return ReleaseFile("jbrownlee/Datasets", "Flickr8k", name, md5, licence)

    return Corpus(
        name="flickr8k",
        kind="captioned",
        title="Flickr8k, photos with five English captions each",
        licence=licence,
        homepage="https://github.com/jbrownlee/Datasets/releases/tag/Flickr8k",
        files={},
        releases={
            "photos": file("Flickr8k_Dataset.zip", "f18a1e2920de5bd84dae7cf08ec78978"),
            "captions": file("Flickr8k_text.zip", "bf6c1abcb8e4a833b7f922104de18627"),
        },
        # Photos of the official split.
        counts={},
        sentences={"train": 6_000, "dev": 1_000, "test": 1_000},
    )


CATALOGUE: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        _nsmc(),
        _kmou(),
        _klp(),
        _klue(),
        _tatoeba(),
        _news(),
        _shakespeare(),
        _kowiki(),
        _ett("ETTh1", 2_589_657, "a52c4925778c07c1ef1a2cf6fd01594919717d9e"),
        _ett("ETTh2", 2_417_960, "6e3760778598fdee5208213d3fce122637307eec"),
        _exchange_rate(),
        _national_illness(),
        _flickr8k(),
    )
}


def find_corpus(name: str, kind: str | None = None) -> Corpus:
    """Finds a corpus by its name.

    Args:
        kind: what its texts must have beside them (`Corpus.kind`); None for anything.

    Raises:
        UserError: there is none of that kind; names the closest ones.
    """
    fitting = {key: corpus for key, corpus in CATALOGUE.items() if kind in (None, corpus.kind)}
    if name in fitting:
        return fitting[name]
    lower = {key.lower(): key for key in fitting}
    near = difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.4)
    close = [lower[key] for key in near]
    listed = ", ".join(close or sorted(fitting))
    wrong = f"no corpus is called {name!r}"
    if name in CATALOGUE:
        wrong = f"the texts of {name} are {CATALOGUE[name].kind}, not {kind}"
    raise UserError(
        wrong,
        remedy=f"{'did you mean' if close else 'there is'} {listed}; or give the path of a file",
    )
