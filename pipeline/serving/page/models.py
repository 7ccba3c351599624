"""Facts about the models for the page, beyond the REST protocol."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.serving.model import LoadedModel
from pipeline.serving.reading import max_pieces
from pipeline.serving.registry import Registry
from pipeline.serving.request_error import RequestError
from pipeline.serving.service import ServedModel
from pipeline.serving.signature import ServedSignature
from pipeline.text.tokenizer import SETTINGS_FILE, Tokenizer
from pipeline.text.tokenizers import load_tokenizer

CARD = "model_card.md"
_ASSETS = "assets.extra"
_LARGEST_FACTS = 1 << 16
"""Bytes of a file of facts; the page has no use for a larger one."""


class PageModels:
    """The newest version of each model, as the page shows it.

    Args:
        registry: which models there are.
    """

    def __init__(self, registry: Registry[ServedModel]):
        self._registry = registry

    def listed(self) -> dict[str, Any]:
        """The list of models: name, version, signatures, facts (labels, channels, …) and files of
        each; and whether others are still loading."""
        loading = not self._registry.scanned
        return {"models": [_as_json(model) for model in self._newest()], "loading": loading}

    def _newest(self) -> Iterator[LoadedModel]:
        for name in self._registry.names:
            try:
                yield self._find(name)
            except RequestError:  # each of its versions is damaged
                continue

    def _find(self, name: str) -> LoadedModel:
        served = self._registry.find(name, None)
        if served is None:
            raise RequestError(404, f"there is no model {name[:100]}")
        return served.model

    def file(self, name: str, file: str) -> Path:
        """The model card or the example of a model.

        Raises:
            RequestError: 404, there is none.
        """
        folder = self._find(name).folder
        if file not in _files(folder):
            raise RequestError(404, f"{name} has no {file[:100]}")
        return folder / _ASSETS / file

    def spans(self, name: str, text: str) -> list[tuple[int, int]]:
        """The spans of the pieces of a text that a model reads: first character, the one after the
        last.

        Raises:
            RequestError: 404, there is no such model, or it reads no pieces.
        """
        model = self._find(name)
        folder = model.folder / _ASSETS
        if not (folder / SETTINGS_FILE).is_file():
            raise RequestError(404, f"{name} reads no pieces")
        pieces = _tokenizer(folder, (folder / SETTINGS_FILE).stat().st_mtime_ns).pieces(text)
        limit = max_pieces(model.folder)
        read = pieces if limit is None else pieces[: max(0, limit - 2)]
        return [(piece.start, piece.end) for piece in read if piece.end > piece.start]


@functools.lru_cache(8)
def _tokenizer(folder: Path, changed: int) -> Tokenizer:
    """The tokenizer in a folder; it is read again if the folder has changed."""
    return load_tokenizer(folder)


def _as_json(model: LoadedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "version": model.version,
        "signatures": {name: _signature(value) for name, value in model.signatures.items()},
        "facts": _facts(model.folder / _ASSETS),
        "files": _files(model.folder),
    }


def _signature(signature: ServedSignature) -> dict[str, Any]:
    return {
        kind: {name: {"dtype": info.dtype, "shape": info.shape} for name, info in infos.items()}
        for kind, infos in (("inputs", signature.inputs), ("outputs", signature.outputs))
    }


def _files(folder: Path) -> list[str]:
    """The model card and the example beside a graph."""
    paths = (folder / _ASSETS).glob("*")
    return sorted(path.name for path in paths if path.name == CARD or path.stem == "example")


def _facts(assets: Path) -> dict[str, Any]:
    """The JSON files beside the graph: name -> content."""
    facts = {}
    for path in sorted(assets.glob("*.json")):
        if path.name == "manifest.json" or path.stat().st_size > _LARGEST_FACTS:
            continue
        try:
            facts[path.stem] = json.loads(path.read_bytes())
        except ValueError:  # of somebody else's; the page does without
            continue
    return facts
