"""`python -m pipeline serve`, as a process that is started, asked and ended."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import served_models
from pipeline.errors import UserError
from pipeline.serving.server import listen
from pipeline.serving.settings import AddressSettings, ServeSettings
from pipeline.stages.serve import _with_token
from running_server import settings_of

CHECKOUT = Path(__file__).resolve().parent.parent


def ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as to:
        to.request(method, path, body)
        reply = to.getresponse()
        return reply.status, reply.read().decode()


def test_from_start_to_end(tmp_path):
    served_models.adds(tmp_path / "saved_models" / "adds" / "1", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "serve", "--port", "0", "--token", ""],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            line = process.stderr.readline()
            port = int(re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", line)[1])
            end = time.monotonic() + 300
            while ask(port, "GET", "/readyz")[0] != 200:
                assert time.monotonic() < end
                time.sleep(0.1)
            path, body = "/v1/models/adds:predict", '{"instances": [1]}'
            assert ask(port, "POST", path, body) == (200, '{"predictions":[2.0]}')
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert err.splitlines() == ["serving adds version 1", "stopped"]
    assert any(re.search(r" 127\.0\.0\.1 POST \S+ 200 [\d.]+ ms$", x) for x in out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "saved_models: there is no exported model — make train-sentiment"),
        (["--models", "adds,add"], "add: there is no exported model — closest: adds"),
        (["--port", "many"], "--port must be a whole number"),
        (["--port", "70000"], "--port must be between"),
        (["--queue", "0"], "--queue must be at least 1"),
        (["--prot", "1"], "closest: --port"),
        (["--token-file", "nowhere"], "nowhere: cannot be read"),
        (["--token-file", "empty", "--token", "a"], "give one of"),
        (["--token-file", "empty"], "empty: is empty"),
        (["--labels", "adds"], "'adds' names no version"),
        (["--host", "nowhere.invalid"], "nowhere.invalid:8501: cannot listen there"),
        (["--host", "127.0.0.1", "--port", "{taken}"], "the port is taken"),
    ],
)
def test_a_mistake_is_one_line_that_helps(command, tmp_path, arguments, expected):
    (tmp_path / "empty").touch()
    if arguments:
        served_models.adds(tmp_path / "saved_models" / "adds" / "1", 1)
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        words = [word.format(taken=port) for word in arguments]
        assert expected in command(tmp_path, "serve", *words).error


def test_no_part_of_an_answer_waits_until_the_client_confirms_the_part_before():
    with listen("127.0.0.1", 0) as ours, socket.create_connection(ours.getsockname()):
        accepted, _ = ours.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_help_names_every_setting(command, tmp_path):
    outcome = command(tmp_path, "serve", "--help")
    assert outcome.code == 0
    for word in ("--host", "--port", "--models", "--token-file", "--largest-batch", "--deadline"):
        assert word in outcome.out


def test_only_this_machine_unless_told():
    assert ServeSettings().address.host == "127.0.0.1"
    assert settings_of(Path("x"), port=1).address.port == 1


def test_a_secret_in_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("비밀\n", encoding="utf-8")
    assert _with_token(AddressSettings(token_file=str(path))).token == "비밀"
    path.write_bytes(b"\xff")
    with pytest.raises(UserError, match="cannot be read"):
        _with_token(AddressSettings(token_file=str(path)))
