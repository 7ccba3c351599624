"""Answers leave in as few parts as they can, and none is lost where a connection closes."""

from __future__ import annotations

import asyncio
from unittest import mock

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from uvicorn.server import ServerState

from pipeline.serving.whole_answers import WholeAnswers


async def whole(request):
    return PlainTextResponse("whole")


async def parts(request):
    async def each():
        for part in ("one ", "two ", "three"):
            yield part
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    return StreamingResponse(each())


def sent(*requests: bytes) -> list[bytes]:
    """What is sent, call by call, until the connection is closed."""

    async def talk() -> list[bytes]:
        app = Starlette(routes=[Route("/whole", whole), Route("/parts", parts)])
        config = uvicorn.Config(app, http=WholeAnswers, lifespan="off", log_config=None)
        config.load()
        protocol = WholeAnswers(config, ServerState(), {})
        closed = asyncio.Event()
        transport = mock.Mock(spec=asyncio.Transport)
        transport.get_extra_info.return_value = None
        transport.is_closing.side_effect = closed.is_set
        transport.close.side_effect = closed.set
        protocol.connection_made(transport)
        for request in requests:
            protocol.data_received(request)
        await asyncio.wait_for(closed.wait(), 30)
        return [call.args[0] for call in transport.write.call_args_list]

    return asyncio.run(talk())


LAST = b"Host: a\r\nConnection: close\r\n\r\n"


def test_head_and_body_leave_together():
    (answer,) = sent(b"GET /whole HTTP/1.1\r\n" + LAST)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nwhole")


def test_what_comes_later_is_not_waited_for():
    calls = sent(b"GET /parts HTTP/1.1\r\n" + LAST)
    assert len(calls) >= 3
    assert calls[0].endswith(b"one \r\n")
    assert b"three" in b"".join(calls[1:])


@pytest.mark.parametrize("broken", [b"\x16\x03\x01\x00", b"GET\r\n\r\n"])
def test_what_is_no_http_is_told_so_before_the_connection_closes(broken):
    assert b"".join(sent(broken)).startswith(b"HTTP/1.1 400 ")
