"""Reads pictures with captions, and prepares features and ids."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.corpora.captions.corpus import captions_of, read_caption_corpus
from pipeline.corpora.split_file import SplitFile
from pipeline.corpora.splits import CorpusSplits
from pipeline.facts import Prepared
from pipeline.models.captioner import begin_ids
from pipeline.normalize import normalize
from pipeline.pictures.features import PictureFeatures, picture_features, store_folder
from pipeline.tasks.captioning import TASK
from pipeline.tasks.captioning.settings import Settings
from pipeline.text.ragged import Ragged
from pipeline.text.tokenizers import learn_tokenizer
from pipeline.text.truncation import truncation_warnings
from pipeline.text.vocabulary import BOS, EOS
from pipeline.workspace import Workspace, read_json, write_json

LANGUAGES = "languages.json"
_LAST_STOP = re.compile(r"[\s.]+$")


def read(settings: Settings, workspace: Workspace) -> CorpusSplits:
    return read_caption_corpus(settings.corpus, workspace.raw)


def prepare(
    settings: Settings, splits: Mapping[str, SplitFile], corpus_folder: Path, folder: Path
) -> Prepared:
    frames = {name: split.frame() for name, split in splits.items()}
    text = settings.text
    languages = list(dict.fromkeys(frames["train"]["language"]))
    captions = {
        split: [
            normalize_captions(captions_of(row), text.lower_case)
            for row in frame.to_dict("records")
        ]
        for split, frame in frames.items()
    }
    tokenizer = learn_tokenizer(
        text.pieces,
        [caption for several in captions["train"] for caption in several],
        vocabulary_size=text.vocabulary_size,
        min_frequency=text.min_frequency,
    )
    tokenizer.save(folder)
    write_json(folder / LANGUAGES, languages)
    first = first_ids(languages, len(tokenizer.vocabulary))
    details, cut = {}, {}
    for split, frame in frames.items():
        several = captions[split]
        numbers = np.array([languages.index(language) for language in frame["language"]], np.int32)
        rows = np.repeat(np.arange(len(several)), [len(of) for of in several]).astype(np.int32)
        framed = tokenizer.encode([caption for of in several for caption in of])
        cut["caption", split] = int((framed.lengths > text.max_length).sum())
        framed = framed.truncated(text.max_length)
        framed.ids[framed.row_splits[:-1]] = np.array(first, np.int32)[numbers[rows]]
        framed.save(folder / f"{split}.captions")
        images = np.array(list(frame["image"]))
        np.savez(folder / f"{split}.rows.npz", images=images, languages=numbers, rows=rows)
        details[split] = {"captions": len(framed), "tokens": len(framed.ids)}
        _features(list(frame["image"]), folder)
    pieces = len(tokenizer.vocabulary)
    return Prepared(
        summary=f"{len(frames['train']):,} pictures and {details['train']['captions']:,} captions "
        f"in training, {pieces:,} pieces, {' and '.join(languages)}",
        warnings=tuple(truncation_warnings(cut, text.max_length)),
        vocabulary_size=pieces,
        details=details,
    )


def normalize_captions(captions: Sequence[str], lower_case: bool) -> list[str]:
    """Captions under the text policy, without a final full stop, optionally in lower case."""
    plain = [_LAST_STOP.sub("", normalize(caption)) or normalize(caption) for caption in captions]
    return [caption.lower() for caption in plain] if lower_case else plain


def first_ids(languages: Sequence[str], vocabulary: int) -> list[int]:
    """The first id of captions in each language; [BOS] if there is only one language."""
    return begin_ids(vocabulary, len(languages)) if len(languages) > 1 else [BOS]


@dataclasses.dataclass(frozen=True)
class CaptionSplit:
    """A prepared split: n pictures, each in one language.

    Attributes:
        features: of the pictures.
        languages: int32 [n], number of the language.
        captions: framed ids of all captions.
        rows: int32 [captions], number of the picture of each caption.
        images: n cells of the split that name the pictures.
    """

    features: PictureFeatures
    languages: np.ndarray
    captions: Ragged
    rows: np.ndarray
    images: Sequence[str]

    def references(self, decode) -> list[list[str]]:
        """The captions of each picture, as text."""
        found: list[list[str]] = [[] for _ in self.languages]
        for number, row in enumerate(self.rows):
            found[row].append(decode(unframed_caption(self.captions.row(number))))
        return found


def unframed_caption(ids: np.ndarray) -> list[int]:
    """The ids of a caption without its first id and [EOS]."""
    return [int(id_) for id_ in ids[1:] if id_ != EOS]


def load_split(prepared_folder: Path, split: str) -> CaptionSplit:
    """Loads a split that `prepare` wrote; missing features are computed again."""
    with np.load(prepared_folder / f"{split}.rows.npz", allow_pickle=False) as stored:
        images, languages, rows = (stored[name] for name in ("images", "languages", "rows"))
    cells = [str(cell) for cell in images]
    captions = Ragged.load(prepared_folder / f"{split}.captions")
    return CaptionSplit(_features(cells, prepared_folder), languages, captions, rows, cells)


def load_languages(prepared_folder: Path) -> list[str]:
    """The languages of the captions, the most frequent one first."""
    return list(read_json(prepared_folder / LANGUAGES))


def _features(cells: Sequence[str], prepared_folder: Path) -> PictureFeatures:
    """Features of the pictures of a corpus."""
    corpus_folder, processed = prepared_folder.parent, prepared_folder.parents[2]
    pictures = [TASK.input.find(cell, corpus_folder) for cell in cells]
    return picture_features(pictures, store_folder(processed))
