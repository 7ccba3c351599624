"""What benchmarks/joey_nmt.py gives Joey NMT to read: a run's pairs, pieces and shape."""

from __future__ import annotations

import pytest

from benchmarks.joey_config import joey_config, recipes_for
from benchmarks.joey_pieces import OurRun, read_translations, write_pieces
from pipeline.corpora.splits import read_split
from pipeline.text.vocabulary import SPECIALS


@pytest.fixture
def run(finished, tmp_path, monkeypatch) -> OurRun:
    copy = finished("translation").copy(tmp_path)
    monkeypatch.chdir(copy.root)
    return OurRun.of("default")


def lines(path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def test_pieces_are_those_of_the_run(run):
    folder = write_pieces(run)
    for split in ("train", "dev"):
        frame = read_split(run.corpus / f"{split}.tsv")
        assert len(lines(folder / f"{split}.source")) == run.rows[split] == len(frame)
        again = read_translations(run, folder / f"{split}.target")
        known = [(a, b) for a, b in zip(again, frame["label"], strict=True) if "[UNK]" not in a]
        assert len(known) > 0.8 * len(frame)
        assert all(a == b for a, b in known)
    assert not {*SPECIALS} & {*lines(folder / "vocabulary.target")}
    assert not (folder / "test.target").exists()


def test_other_corpora_are_cut_by_the_same_pieces(run, tmp_path):
    pairs = [("톰은 외로워 보였어.", "Tom looked lonely."), ("나는 집에 간다.", "I go home.")]
    text = "ko\ten\n" + "".join(f"{ko}\t{en}\n" for ko, en in pairs)
    (tmp_path / "others.tsv").write_text(text, encoding="utf-8")
    folder = write_pieces(run, ["others.tsv"])
    assert list(read_split(folder / "on-others.tsv")["label"]) == [en for _, en in pairs]
    known = {*lines(folder / "vocabulary.source"), *SPECIALS}
    asked = [line.split() for line in lines(folder / "on-others.source")]
    assert [bool(pieces) and {*pieces} <= known for pieces in asked] == [True, True]


def test_the_configuration_says_the_shape_of_the_run(run):
    settings = run.settings
    (recipe,) = recipes_for(settings.model.architecture)
    config = joey_config(settings, recipe, run.pieces, run.rows["train"], changes=['name="x"'])
    assert config["name"] == "x"
    assert config["training"]["batch_size"] == settings.training.batch_size
    assert config["testing"]["beam_size"] == settings.search.beam_size
    decoder = config["model"]["decoder"]
    assert decoder["hidden_size"] == settings.model.units
    assert decoder["embeddings"]["embedding_dim"] == settings.model.embedding_size
