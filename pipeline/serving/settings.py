"""What can be set for the server. Light, so that help comes at once."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from pipeline.ranges import AtLeast, Between, UserFiles


@dataclasses.dataclass(frozen=True)
class AddressSettings:
    """Where it listens, and to whom."""

    host: str = "127.0.0.1"
    """Address to listen on: this machine alone, unless told otherwise; 0.0.0.0 is every network."""
    port: Annotated[int, Between(0, 65535)] = 8501
    """Port; 0 takes a free one."""
    token: str = ""
    """Shared secret that requests must bring: `Authorization: Bearer <token>`."""
    token_file: Annotated[str, UserFiles] = ""
    """A file with that secret, which does not show in the list of processes as --token does."""
    cors: str = ""
    """Web pages from elsewhere that may ask: their origins, with commas between, or *."""
    access_log: bool = True
    """Whether each request has a line on standard output."""


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """What it serves."""

    models: str = ""
    """Models to serve, with commas between; all below --folder where none is named."""
    folder: Annotated[str, UserFiles] = "saved_models"
    """Where exported models lie: <folder>/<model>/<version>/."""
    labels: str = ""
    """Names for versions, for /labels/<name> in a path: sentiment:stable=1,sentiment:canary=2."""
    poll: Annotated[float, Between(0.05, 3600)] = 2.0
    """Seconds between two looks at the folder."""


@dataclasses.dataclass(frozen=True)
class BatchingSettings:
    """How much is computed at once, and how long anybody waits."""

    largest_batch: Annotated[int, AtLeast(1)] = 64
    """Rows of small requests that go through a model together."""
    longest_wait: Annotated[float, Between(0, 1000)] = 0.0
    """Milliseconds that a small request waits for others while nothing is computed."""
    queue: Annotated[int, AtLeast(1)] = 256
    """Requests to one signature that wait or are computed; beyond that they are refused (429)."""
    deadline: Annotated[float, Between(0.01, 86400)] = 120.0
    """Seconds within which a request is answered, or refused (504)."""
    largest_body: Annotated[int, Between(1, 1024)] = 32
    """MiB of a request; a larger one is refused (413)."""
    grace: Annotated[float, Between(0, 3600)] = 30.0
    """Seconds after SIGTERM within which what was accepted is answered."""


@dataclasses.dataclass(frozen=True)
class ServeSettings:
    """Everything that can be set for the server."""

    models: ModelSettings = ModelSettings()
    address: AddressSettings = AddressSettings()
    batching: BatchingSettings = BatchingSettings()


SERVE_HELP = """Answers for exported models over HTTP, by TensorFlow Serving's REST protocol.

Reads:  saved_models/<task>/<version>/, and looks for new versions as long as it runs.

Writes: nothing; a line for each request on standard output.

    curl -d '{"instances": ["꿀잼ㅋㅋ"]}' http://127.0.0.1:8501/v1/models/sentiment:predict"""
