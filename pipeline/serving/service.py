"""The server without HTTP: finds models, calls them, watches the folder."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.serving.answer_json import answer_body, to_json
from pipeline.serving.batching import SignatureQueue
from pipeline.serving.examples import read_examples, results_body
from pipeline.serving.lanes import Answer
from pipeline.serving.metrics import Metrics
from pipeline.serving.model import LoadedModel, Stop
from pipeline.serving.paths import Target
from pipeline.serving.registry import Registry, parse_labels
from pipeline.serving.request_error import RequestError
from pipeline.serving.request_json import Tensors, parse_body, read_question, signature_name
from pipeline.serving.settings import BatchingSettings, ServedModelSettings
from pipeline.serving.signature import ServedSignature
from pipeline.serving.streaming import event_stream, read_prompt

_LOG = logging.getLogger(__name__)
_THREADS = 64
_LARGE_BODY = 1 << 16
"""Bytes from which on a body is read in a thread of its own."""


class ServedModel:
    """A version of a model with its queues."""

    def __init__(self, model: LoadedModel, queues: Callable[[LoadedModel, str], SignatureQueue]):
        self.model, self._make = model, queues
        self._queues: dict[str, SignatureQueue] = {}

    def signature(self, name: str) -> ServedSignature:
        """A signature of the model.

        Raises:
            RequestError: 400, there is none of this name.
        """
        signature = self.model.signatures.get(name)
        if signature is None:
            raise RequestError(
                400,
                f'Serving signature name: "{name[:100]}" not found in signature def; there is '
                f"{', '.join(self.model.signatures)}",
            )
        return signature

    def queue(self, signature: str) -> SignatureQueue:
        """The queue of a signature."""
        if signature not in self._queues:
            self._queues[signature] = self._make(self.model, signature)
        return self._queues[signature]


class Service:
    """The models below a folder, ready to answer.

    Args:
        models: which, and where.
        batching: how they are asked.
        check: refuses the folder of a damaged model with a `UserError`.
        say: is told in one line what was loaded and what is refused.
    """

    def __init__(
        self,
        models: ServedModelSettings,
        batching: BatchingSettings,
        check: Callable[[Path], None],
        say: Callable[[str], None],
    ):
        self._poll, self._batching, self._check = models.poll, batching, check
        self.metrics = Metrics()
        self.registry: Registry[ServedModel] = Registry(
            Path(models.folder),
            [name.strip() for name in models.models.split(",") if name.strip()],
            parse_labels(models.labels),
            self._load,
            say,
        )
        self._threads = ThreadPoolExecutor(_THREADS, "model")
        self._loader = ThreadPoolExecutor(1, "loader")
        # One at a time, for Python takes many times as much memory as the body.
        self._reader = ThreadPoolExecutor(1, "reader")

    def _load(self, name: str, version: int, folder: Path) -> ServedModel:
        self._check(folder)
        try:
            return ServedModel(LoadedModel(name, version, folder), self._new_queue)
        except (UserError, OSError):
            raise
        except Exception as error:  # the other models go on, whatever is wrong with this one
            _LOG.exception("%s cannot be served", folder)
            raise UserError(f"cannot be served ({error})"[:300], where=folder) from error

    def _new_queue(self, model: LoadedModel, signature: str) -> SignatureQueue:
        return SignatureQueue(
            functools.partial(model.call, signature),
            model.rules.get(signature),
            self._batching,
            self._threads,
            Stop,
            self.metrics.of_signature(model.name, signature),
        )

    async def watch(self) -> None:
        """Checks the folder again and again until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(self._loader, self.registry.scan)
            await asyncio.sleep(self._poll)

    def close(self) -> None:
        """Stops answering."""
        for executor in (self._threads, self._loader, self._reader):
            executor.shutdown(wait=False, cancel_futures=True)

    async def model(self, target: Target) -> ServedModel:
        """The model for a path; an older version is loaded first.

        Raises:
            RequestError: there is no such model, version or label.
        """
        number = target.version
        if target.label is not None:
            number = self.registry.number_of(target.model, target.label)
        served = self.registry.find(target.model, number)
        if served is None and number is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._loader, self.registry.load, target.model, number)
            served = self.registry.find(target.model, number)
        if served is None:
            raise RequestError(404, f"Servable not found for request: {target.model}")
        return served

    async def document(self, body: bytearray) -> dict[str, Any]:
        """Parses the JSON of a request."""
        if len(body) < _LARGE_BODY:
            return parse_body(body)
        document: dict[str, Any] = await self._read(parse_body, body)
        return document

    async def _read(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._reader, function, *arguments)

    async def ask(self, target: Target, body: bytearray) -> bytes:
        """The body of the answer to `:predict`, `:classify` or `:regress`.

        Raises:
            RequestError: why there is none.
        """
        served = await self.model(target)
        large = len(body) >= _LARGE_BODY
        document = await self.document(body)
        body.clear()
        signature = served.signature(signature_name(document))
        queue = served.queue(signature.name)
        read = functools.partial(_asked, document, signature, target.verb)
        tensors, answer = await self._read(read) if large else read()
        document.clear()
        return await queue.ask(tensors, answer)

    async def stream(self, target: Target, body: bytearray) -> AsyncIterator[str]:
        """The text that a model writes, piece by piece, for `:stream`.

        Raises:
            RequestError: it writes nothing, or was asked wrongly.
        """
        served = await self.model(target)
        document = await self.document(body)
        signature = served.signature(signature_name(document))
        tensors = read_prompt(document, signature)
        return event_stream(served.queue(signature.name), tensors)

    async def metadata(self, target: Target) -> bytes:
        """The signatures of a model in TensorFlow Serving's form."""
        model = (await self.model(target)).model
        signatures = {name: value.as_json() for name, value in model.signatures.items()}
        return to_json(
            {
                "model_spec": {
                    "name": model.name,
                    "signature_name": "",
                    "version": str(model.version),
                },
                "metadata": {"signature_def": {"signature_def": signatures}},
            }
        )

    def status(self, target: Target) -> bytes:
        """The states of a model's versions."""
        number = target.version
        if target.label is not None:
            number = self.registry.number_of(target.model, target.label)
        return to_json(self.registry.status(target.model, number))


def _asked(
    document: Mapping[str, Any], signature: ServedSignature, verb: str
) -> tuple[Tensors, Answer]:
    """The tensors of a request, and the function that writes its answer."""
    if verb == "predict":
        question = read_question(document, signature)
        return question.tensors, functools.partial(answer_body, by_rows=question.by_rows)
    return read_examples(document, signature, verb), results_body(verb)
