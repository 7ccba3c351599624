"""Runs the application until a signal; accepted requests are still answered."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from pipeline.errors import UserError
from pipeline.progress import say
from pipeline.serving.app import Front
from pipeline.serving.freed_memory import return_freed_memory
from pipeline.serving.service import Service
from pipeline.serving.settings import ServeSettings
from pipeline.serving.whole_answers import WholeAnswers

_LINGER = 1.0
"""Seconds in which connections that are kept open are told that the server ends (503), so that
no request crosses with their end."""
_SWITCH = 0.0005
"""Seconds after which a thread of Python lets another one go on: with the usual 0.005 an answer
that is ready would wait for the event loop, and the loop for whoever writes answers."""


class DrainingServer(uvicorn.Server):
    """A server that shuts down in order: refuses new requests, answers those it has, then closes.

    Attributes:
        interrupted: whether Ctrl-C ended it.
    """

    def __init__(self, config: uvicorn.Config, front: Front):
        super().__init__(config)
        self._front = front
        self.interrupted = False

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._front.draining = True
        end = time.monotonic() + min(_LINGER, self.config.timeout_graceful_shutdown or 0)
        while self.server_state.connections and time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As in uvicorn, but the process does not kill itself with the same signal afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.interrupted = self.interrupted or sig == signal.SIGINT
        super().handle_exit(sig, frame)


def new_server(front: Front, grace: float) -> DrainingServer:
    """Makes a server for this application.

    Args:
        grace: seconds that what was accepted has to be answered in, after a signal.
    """
    config = uvicorn.Config(
        front,
        loop="asyncio",
        http=WholeAnswers,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(grace)),
        timeout_keep_alive=75,
    )
    return DrainingServer(config, front)


def listen(host: str, port: int) -> socket.socket:
    """Opens a listening socket; port 0 takes any free port.

    Raises:
        UserError: the port is taken, or there is no such address.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise UserError(
            "the port is taken" if taken else f"cannot listen there ({error.strerror or error})",
            where=f"{host}:{port}",
            remedy="take another with --port" if taken else "choose another --host or --port",
        ) from None
    # An answer is written in two parts. With Nagle's algorithm the second waits until the client
    # confirms the first, often for 40 ms. asyncio turns it off for sockets that it opens itself.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def serve(settings: ServeSettings, check: Callable[[Path], None]) -> None:
    """Serves until SIGTERM or Ctrl-C.

    Args:
        settings: what, where and how.
        check: refuses the folder of a damaged model with a `UserError`.

    Raises:
        UserError: the port is taken.
        KeyboardInterrupt: after Ctrl-C.
    """
    address, batching = settings.address, settings.batching
    service = Service(settings.models, batching, check, say)
    sock = listen(address.host, address.port)
    host, port = sock.getsockname()[:2]
    say(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}")
    if not address.token and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        say("warning: whoever reaches this machine can ask; --token-file keeps others out")
    return_freed_memory()
    sys.setswitchinterval(_SWITCH)
    server = new_server(Front(service, address, batching), batching.grace)
    try:
        server.run(sockets=[sock])
    finally:
        service.close()
    if server.interrupted:
        raise KeyboardInterrupt
    say("stopped")
    _leave(0)


def _leave(code: int) -> None:
    """Ends the process although a model still computes for a client that has gone; Python would
    wait for it."""
    end = time.monotonic() + 1
    for thread in threading.enumerate():
        if thread.name.startswith("model"):
            thread.join(max(0, end - time.monotonic()))
            if thread.is_alive():
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
