"""The HTTP server in a thread of this process, on a free port, and a client for it."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.serving.app import Front
from pipeline.serving.server import DrainingServer, listen, new_server
from pipeline.serving.service import Service
from pipeline.serving.settings import ServeSettings


@dataclasses.dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_constant=lambda word: 1 / 0)


@dataclasses.dataclass(frozen=True)
class Running:
    """A server that runs."""

    port: int
    service: Service
    server: DrainingServer
    said: list[str]
    thread: threading.Thread

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request on a connection of its own; a body that is not bytes is sent as JSON."""
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        with contextlib.closing(self.connect()) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, sent, named)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())

    def predict(self, model: str, **body: Any) -> Reply:
        return self.ask("POST", f"/v1/models/{model}:predict", body)

    def wait(self, condition, seconds: float = 300) -> None:
        """Until it holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.02)


def settings_of(folder: Path, **values: Any) -> ServeSettings:
    """Settings of the server by their names, whichever group they are in."""
    values = {"folder": str(folder), "poll": 0.05, "access_log": False, **values}
    settings = ServeSettings()
    groups = {}
    for group in dataclasses.fields(settings):
        current = getattr(settings, group.name)
        names = {field.name for field in dataclasses.fields(current)} & values.keys()
        groups[group.name] = dataclasses.replace(current, **{n: values.pop(n) for n in names})
    assert not values
    return ServeSettings(**groups)


@contextlib.contextmanager
def running(folder: Path, check=lambda path: None, **values: Any) -> Iterator[Running]:
    """A server of the models below `folder` that is ready."""
    settings = settings_of(folder, **values)
    said: list[str] = []
    service = Service(settings.models, settings.batching, check, said.append)
    front = Front(service, settings.address, settings.batching)
    sock = listen("127.0.0.1", 0)
    server = new_server(front, settings.batching.grace)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    port = sock.getsockname()[1]
    try:
        run = Running(port, service, server, said, thread)
        run.wait(lambda: service.registry.scanned)
        yield run
    finally:
        server.should_exit = True
        thread.join(300)
        service.close()
