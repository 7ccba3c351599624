"""Starts a server in another process, and sends requests to it with little overhead."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    port: int

    def memory(self) -> float:
        """Memory of the process, in MiB."""
        return self._status("VmRSS")

    def peak(self) -> float:
        """Peak of the memory since `forget_peak`, in MiB."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _status(self, name: str) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+) kB", text)
        return int(found[1]) / 1024 if found else 0.0


@contextlib.contextmanager
def server(folder: Path, *options: str) -> Iterator[Server]:
    """Starts `python -m pipeline serve`, waits until it is ready, and ends it with SIGTERM."""
    command = [sys.executable, "-m", "pipeline", "serve", "--folder", str(folder), "--port", "0"]
    with started([*command, "--no-access-log", *options]) as run:
        asyncio.run(until_ready(run.port))
        yield run


@contextlib.contextmanager
def started(command: Sequence[str]) -> Iterator[Server]:
    """Starts a server that prints the port on which it listens."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr is not None
        found, said = None, []
        while found is None:
            said.append(process.stderr.readline())
            found = re.search(r"^listening on .*:(\d+)$", said[-1])
            if not said[-1]:
                raise SystemExit("".join(said))
        try:
            yield Server(process, int(found[1]))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()


async def until_ready(port: int) -> None:
    """Waits until a server is ready by /readyz, or answers without knowing that path."""
    for _ in range(1200):
        with contextlib.suppress(OSError):
            async with connection(port) as to:
                if (await to.ask("GET", "/readyz"))[0] in (200, 404):
                    return
        await asyncio.sleep(0.1)
    raise SystemExit("the server does not become ready")


class Connection:
    """An HTTP connection that is kept open.

    Attributes:
        sent: whether a request was sent that is not answered yet.
        ends: whether the server announced the end of the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer
        self.sent = self.ends = False

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Sends a request; returns status and content of the answer.

        Raises:
            OSError, EOFError: the connection ended first.
        """
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self.sent = True
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = int(re.search(rb"content-length: (\d+)", answer, re.I)[1])  # type: ignore[index]
        content = await self._reader.readexactly(length)
        self.ends = b"\r\nconnection: close\r\n" in answer.lower()
        self.sent = False
        return status, content


@contextlib.asynccontextmanager
async def connection(port: int) -> AsyncIterator[Connection]:
    """Opens a connection to this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@dataclasses.dataclass
class Load:
    """The results of many requests.

    Attributes:
        seconds: of each request that was answered with 200.
        statuses: number of answers with each status.
        lost: number of requests that were completely sent and not answered.
    """

    seconds: list[float] = dataclasses.field(default_factory=list)
    statuses: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    lost: int = 0

    def milliseconds(self, share: float) -> str:
        """Time within which this share of the requests was answered."""
        ordered = sorted(self.seconds)
        return f"{1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.1f}"


async def load(
    port: int,
    requests: Iterator[tuple[str, bytes]],
    connections: int,
    seconds: float,
    stop: asyncio.Event | None = None,
) -> Load:
    """Sends requests over several connections for some seconds, or until `stop` is set or the
    server ends."""
    found, end = Load(), time.perf_counter() + seconds
    stop = stop or asyncio.Event()

    async def one() -> None:
        with contextlib.suppress(ConnectionRefusedError):
            async with connection(port) as to:
                try:
                    while not to.ends and not stop.is_set() and (now := time.perf_counter()) < end:
                        status, _ = await to.ask("POST", *next(requests))
                        found.statuses[status] += 1
                        if status == 200:
                            found.seconds.append(time.perf_counter() - now)
                except (OSError, EOFError):
                    found.lost += to.sent

    await asyncio.gather(*(one() for _ in range(connections)))
    return found
