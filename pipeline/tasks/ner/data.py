"""Reads sentences with entities, and prepares ids and tags."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from pipeline.corpora.annotated.corpus import read_annotated_corpus
from pipeline.corpora.annotated.entities import read_entities
from pipeline.corpora.settings import check_teachers
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits
from pipeline.counts import counted
from pipeline.errors import UserError
from pipeline.facts import Prepared
from pipeline.pretrained import ENCODER, check_decided_by_encoder, check_encoder_fits
from pipeline.quiet import start_keras
from pipeline.stages.encoders import find_pretrained
from pipeline.tasks.ner.settings import Settings
from pipeline.text.piece_ngrams import learn_piece_ngrams, save_piece_ngrams
from pipeline.text.tags import OUTSIDE, TagSet, ids_and_tags
from pipeline.text.tokenizers import learn_tokenizer, load_tokenizer
from pipeline.text.vocabulary import BOS, EOS
from pipeline.workspace import SAMPLES, Workspace, read_json, write_json

SAMPLE = SAMPLES / "ner.txt"
NGRAMS = "ngrams.npz"
LABELS = "labels.json"
BUNDLED_ENCODER = "wikipedia-syllable"
_FRAME = 2  # [BOS] and [EOS]


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    check_teachers(settings.teachers)
    corpus = read_annotated_corpus(settings.corpus, workspace.raw, SAMPLE)
    if settings.teachers.teachers is None:
        return corpus
    start_keras()
    # Imported only with teachers, since it loads models.
    teaching = importlib.import_module("pipeline.tasks.ner.teaching")
    taught: CorpusSplits = teaching.taught(settings, corpus, workspace)
    return taught


def encoder(settings: Settings, workspace: Workspace) -> Path | None:
    folder = find_pretrained(settings.start.encoder, BUNDLED_ENCODER, workspace)
    if folder is not None:
        check_decided_by_encoder(settings.text, ("vocabulary_size", "min_frequency"))
        check_encoder_fits(folder, {"pieces": "syllable"})
    elif settings.model.layers == 0:
        raise UserError(
            "with --layers 0 and no encoder nothing reads what stands around a piece",
            where="command line",
            remedy="add --layers 1",
        )
    return folder


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    frames = {name: split.frame() for name, split in splits.items()}
    text = settings.text
    if (folder / ENCODER).exists():
        tokenizer = load_tokenizer(folder / ENCODER)
    else:
        tokenizer = learn_tokenizer(
            "syllable",
            list(frames["train"]["text"]),
            vocabulary_size=text.vocabulary_size,
            min_frequency=text.min_frequency,
        )
    tokenizer.save(folder)
    entities = {name: list(map(read_entities, frame["label"])) for name, frame in frames.items()}
    tags = TagSet(tuple(sorted({e.label for found in entities["train"] for e in found})))
    write_json(folder / LABELS, list(tags.labels))
    details: dict = {"labels": list(tags.labels)}
    ngrams = 0
    for name, frame in frames.items():
        ids, gold, lost = ids_and_tags(tokenizer, tags, frame["text"], entities[name])
        details[name] = {
            "tokens": len(ids.ids),
            "entities": sum(map(len, entities[name])),
            "entities not in pieces": lost,
            "sentences in parts": int((ids.lengths > text.max_length - _FRAME).sum()),
        }
        ids = ids.in_parts(text.max_length - _FRAME).framed(BOS, EOS)
        gold = tags.in_parts(gold, text.max_length - _FRAME)
        ids.save(folder / name)
        gold.framed(OUTSIDE, OUTSIDE).save(folder / f"{name}.tags")
        if name == "train":
            keys = learn_piece_ngrams(
                ids, len(tokenizer.vocabulary), text.max_ngram_length, text.min_ngram_frequency
            )
            save_piece_ngrams(folder / NGRAMS, keys)
            ngrams = sum(map(len, keys))
    pieces = len(tokenizer.vocabulary)
    return Prepared(
        summary=f"{pieces:,} pieces, {ngrams:,} runs of pieces, "
        f"{counted(details['train']['entities'], 'entity', 'entities')} of "
        f"{counted(len(tags.labels), 'kind')} in training",
        vocabulary_size=pieces,
        details={**details, "ngrams": ngrams},
    )


def load_tags(prepared_folder: Path) -> TagSet:
    """The tags of train."""
    return TagSet(tuple(read_json(prepared_folder / LABELS)))
