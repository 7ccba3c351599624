"""Sends answers in JSON directly, without the overhead of a framework."""

from __future__ import annotations

from starlette.types import Send

from pipeline.serving.request_error import RequestError


async def refuse(error: RequestError, send: Send) -> None:
    """Answers with an error."""
    headers: list[tuple[bytes, bytes]] = []
    if error.status in (429, 503):
        headers.append((b"retry-after", b"1"))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.status in (408, 413):
        headers.append((b"connection", b"close"))
    await answer(error.status, error.body, send, headers)


async def answer(
    status: int, body: bytes, send: Send, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Answers with JSON."""
    fixed = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start = {"type": "http.response.start", "status": status, "headers": fixed + (headers or [])}
    await send(start)
    await send({"type": "http.response.body", "body": body})
