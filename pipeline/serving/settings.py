"""Settings of the server; a light module, so that `--help` is quick."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast, Between, UserFiles


@dataclasses.dataclass(frozen=True)
class AddressSettings:
    """The address of the server, and who may use it."""

    host: str = "127.0.0.1"
    """Address to listen on. The default serves this machine only; 0.0.0.0 serves every network."""
    port: Annotated[int, Between(0, 65535)] = 8501
    """Port; 0 takes any free port."""
    token: str = ""
    """Shared secret that requests must send: `Authorization: Bearer <token>`."""
    token_file: Annotated[str, UserFiles] = ""
    """A file with the secret; unlike --token it does not show in the list of processes."""
    cors: str = ""
    """Origins of other web pages that may send requests, with commas between, or *."""
    access_log: bool = True
    """Whether to write one line per request to standard output."""


@dataclasses.dataclass(frozen=True)
class ServedModelSettings:
    """Which models are served."""

    models: str = ""
    """Models to serve, with commas between. Default: all models in --folder."""
    folder: Annotated[str, UserFiles] = "saved_models"
    """Folder of the exported models: <folder>/<model>/<version>/."""
    labels: str = ""
    """Names for versions, for /labels/<name> in a path: sentiment:stable=1,sentiment:canary=2."""
    poll: Annotated[float, Between(0.05, 3600)] = 2.0
    """Seconds between two checks of the folder for new versions."""


@dataclasses.dataclass(frozen=True)
class BatchingSettings:
    """Batching, limits and timeouts."""

    largest_batch: Annotated[int, AtLeast(1)] = 64
    """Maximum number of rows of small requests in one call of a model."""
    longest_wait: Annotated[float, Between(0, 1000)] = 0.0
    """Milliseconds that a small request waits for others while the model is idle."""
    queue: Annotated[int, AtLeast(1)] = 256
    """Maximum number of requests to one signature that wait or are computed; more are refused
    (429)."""
    deadline: Annotated[float, Between(0.01, 86400)] = 120.0
    """Seconds after which a request without an answer is refused (504)."""
    largest_body: Annotated[int, Between(1, 1024)] = 32
    """Maximum size of a request in MiB; a larger one is refused (413)."""
    grace: Annotated[float, Between(0, 3600)] = 30.0
    """Seconds after SIGTERM in which accepted requests are still answered."""


@dataclasses.dataclass(frozen=True)
class ServeSettings:
    """Everything that can be set for the server."""

    models: ServedModelSettings = ServedModelSettings()
    address: AddressSettings = AddressSettings()
    batching: BatchingSettings = BatchingSettings()


SERVE_HELP = """Serves exported models over HTTP, with TensorFlow Serving's REST protocol.

Reads:  saved_models/<task>/<version>/, and looks for new versions while it runs.

Writes: one line per request on standard output.

    curl -d '{"instances": ["꿀잼ㅋㅋ"]}' http://127.0.0.1:8501/v1/models/sentiment:predict"""
