"""An HTTP download that is resumed, retried if that can help, and given up quickly if not."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

import requests
from tqdm import tqdm

# Seconds. Until a server has answered once, the whole attempt takes no longer than PATIENCE:
# without a network, the user should learn that soon.
PATIENCE = 12.0
CONNECT = 4.0
READ = 30.0
PAUSE = 0.5
# Failures in a row without a byte of progress, before and after the server has answered once.
UNANSWERED = 3
ANSWERED = 6
CHUNK = 1 << 16


def download(url: str, part: BinaryIO, size: int, name: str | None) -> None:
    """Completes `part` to the `size` bytes that `url` gives.

    Bytes already in `part` are taken as the beginning of the file, and only the rest is asked
    for; a server that does not know ranges sends the whole again. The content is not verified:
    the caller does that. At most one chunk more than `size` is ever written.

    Args:
        part: open for reading and appending (mode `a+b`).
        name: what the progress bar calls it; None for no bar.

    Raises:
        requests.RequestException: the network, the server or the connection failed, and went on
            failing. What has arrived stays in `part`.
    """
    deadline = time.monotonic() + PATIENCE
    failures, answered = 0, False
    with requests.Session() as session:
        # Compressed transfers cannot be resumed at a byte of the file.
        session.headers.update({"Accept-Encoding": "identity", "User-Agent": "corpus-fetch"})
        while True:
            start = _length(part)
            if start > size:
                part.truncate(0)
            elif start == size > 0:
                return
            try:
                remaining = None if answered else deadline - time.monotonic()
                response = _request(session, url, _length(part), remaining)
                answered = True
                with response:
                    response.raise_for_status()
                    _receive(response, part, size, name)
                return
            except requests.RequestException as error:
                failures = 1 if _length(part) > start else failures + 1
                pause = PAUSE * 2 ** (failures - 1)
                late = not answered and time.monotonic() + pause >= deadline
                if late or failures >= (ANSWERED if answered else UNANSWERED):
                    raise
                if not _may_pass(error):
                    raise
                time.sleep(pause)


def announced_size(url: str) -> int:
    """The size of `url` in bytes, as the server tells it.

    Raises:
        requests.RequestException: no answer within PATIENCE, none that helps, or no size in it.
    """
    with requests.Session() as session:
        session.headers.update({"Accept-Encoding": "identity", "User-Agent": "corpus-fetch"})

        def head() -> requests.Response:
            return session.head(url, allow_redirects=True, timeout=(CONNECT, READ))

        with _within(PATIENCE, head) as response:
            response.raise_for_status()
            size = response.headers.get("Content-Length", "")
    if not size.isdecimal() or int(size) == 0:
        raise requests.RequestException("the server does not say how long the file is")
    return int(size)


def failure_reason(error: requests.RequestException) -> str:
    """Why a download failed, in a few words for one line of an error."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate was not accepted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not pass the request on"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if type(error) is requests.RequestException:  # one of ours
        return str(error)
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return "the host name cannot be resolved (no network?)"
    if "refused" in text:
        return "the connection was refused"
    return f"the connection broke ({type(error).__name__})"


def _length(part: BinaryIO) -> int:
    part.flush()
    return os.fstat(part.fileno()).st_size


def _may_pass(error: requests.RequestException) -> bool:
    """Whether the same request might succeed a moment later."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code in (408, 425, 429) or error.response.status_code >= 500
    return not isinstance(error, requests.exceptions.SSLError | requests.exceptions.InvalidURL)


def _request(
    session: requests.Session, url: str, start: int, seconds: float | None
) -> requests.Response:
    headers = {"Range": f"bytes={start}-"} if start else {}

    def get() -> requests.Response:
        return session.get(url, headers=headers, stream=True, timeout=(CONNECT, READ))

    return get() if seconds is None else _within(seconds, get)


def _within(seconds: float, call: Callable[[], requests.Response]) -> requests.Response:
    """Runs `call`, but waits no longer than `seconds`.

    The timeout of a connection counts per address, and that of name resolution not at all:
    behind a firewall that drops packets, eight addresses would take eight timeouts.
    """
    outcome: list[requests.Response | BaseException] = []

    def work() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if not outcome:
        raise requests.ConnectTimeout("no answer in time")
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def _receive(response: requests.Response, part: BinaryIO, size: int, name: str | None) -> None:
    start = _length(part)
    if response.status_code != 206:
        part.truncate(0)
        start = 0
    elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        part.truncate(0)
        raise requests.RequestException("the server sent another range than was asked for")
    with _progress(name, size, start) as arrived:
        received = start
        for chunk in response.iter_content(CHUNK):
            part.write(chunk)
            part.flush()
            received += len(chunk)
            arrived(len(chunk))
            if received > size:
                return
    if received < size and "Content-Length" not in response.headers:
        raise requests.exceptions.ChunkedEncodingError("the connection ended early")


@contextlib.contextmanager
def _progress(name: str | None, size: int, start: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal; elsewhere (a log, a pipe) a plain line per quarter."""
    if name is None:
        yield lambda count: None
        return
    if sys.stderr.isatty():
        with tqdm(
            total=size, initial=start, desc=name, unit="B", unit_scale=True, file=sys.stderr
        ) as bar:
            yield bar.update
        return
    done = start
    told = 4 * start // max(size, 1)
    print(f"{name}: downloading {size - start:,} bytes", file=sys.stderr, flush=True)

    def arrived(count: int) -> None:
        nonlocal done, told
        done += count
        if (quarter := 4 * done // max(size, 1)) > told:
            told = quarter
            print(f"{name}: {25 * quarter} %", file=sys.stderr, flush=True)

    yield arrived
