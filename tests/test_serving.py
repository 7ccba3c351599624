"""The HTTP server under load, with bad luck and with bad manners."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import served_models
from pipeline.errors import UserError
from pipeline.serving.registry import parse_labels
from pipeline.stages.serve import check
from running_server import Running, running


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """Models that others copy from."""
    folder = tmp_path_factory.mktemp("models")
    served_models.adds(folder / "adds" / "1", 1)
    served_models.adds(folder / "adds" / "2", 2)
    served_models.slow(folder / "slow" / "1")
    served_models.kinds(folder / "kinds" / "1")
    return folder


@pytest.fixture(scope="module")
def server(models) -> Iterator[Running]:
    with running(models, queue=40, deadline=20.0, largest_body=1) as run:
        yield run


def install(source: Path, target: Path) -> None:
    """A folder that appears at once, as an export does."""
    partial = target.parent / f".{target.name}.partial"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, partial)
    retired = target.parent / f".{target.name}.retired"
    if target.exists():
        target.rename(retired)
    partial.rename(target)
    shutil.rmtree(retired, ignore_errors=True)


# ---- rows of several requests


def test_requests_at_once_have_their_own_answers(server: Running):
    texts = [[f"{'a ' * (i % 5)}{i}", "", "x y"][: 1 + i % 3] for i in range(60)]

    def ask(rows: list[str]) -> list:
        return server.predict("kinds", signature_name="words", instances=rows).json["predictions"]

    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(ask, texts))
    for rows, got in zip(texts, together, strict=True):
        width = max(len(text.split()) for text in rows)
        for text, row in zip(rows, got, strict=True):
            words = text.split()
            assert row["word"] == words + [""] * (width - len(words))
            assert row["place"] == [*range(len(words))] + [-1] * (width - len(words))
    metrics = server.ask("GET", "/monitoring/prometheus/metrics").body.decode()
    count = next(
        float(line.split()[-1])
        for line in metrics.splitlines()
        if line.startswith('serving_batch_rows_count{model="kinds",signature="words"}')
    )
    assert count < 60  # some went through the model together


def test_a_bad_request_harms_only_itself(server: Running):
    def ask(text: str) -> int:
        return server.predict("kinds", signature_name="strict", instances=[text]).status

    texts = ["good", "bad"] * 10
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, texts)) == [200 if t == "good" else 400 for t in texts]


def test_a_large_request_is_put_together_again(server: Running):
    texts = [f"{i} {'b ' * (i % 7)}" for i in range(3000)]
    for signature in ("words", "flat"):
        reply = server.predict("kinds", signature_name=signature, inputs=texts)
        outputs = reply.json["outputs"]
        if signature == "words":
            assert [row[0] for row in outputs["word"]] == [str(i) for i in range(3000)]
            assert {len(row) for row in outputs["place"]} == {7}
        else:
            assert outputs["row"].count(6) == 7


# ---- limits


def test_a_giant_stalls_nobody(server: Running):
    """And is not computed on for somebody who has gone."""
    giant = {"signature_name": "letters", "instances": ["a" * 900_000]}
    queue = server.service.registry.find("slow", None).queue("letters")
    with contextlib.closing(server.connect()) as connection:
        connection.request("POST", "/v1/models/slow:predict", json.dumps(giant))
        server.wait(lambda: queue.waiting)
        for _ in range(3):
            reply = server.predict("slow", signature_name="letters", instances=["ab"])
            assert reply.json == {"predictions": [2]}
            reply = server.predict("slow", signature_name="letters", instances=["a"] * 40)
            assert reply.status == 200
        assert queue.waiting == 1
    server.wait(lambda: not queue.waiting)


def test_deadline(models):
    with running(models, models="slow", deadline=0.3) as run:
        for _ in range(2):  # the first is not computed any longer, or the second would wait
            reply = run.predict("slow", signature_name="letters", instances=["a" * 900_000])
            assert reply.status == 504
        threads = run.service._threads
        run.wait(lambda: threads._idle_semaphore._value == len(threads._threads))


def test_too_many(models):
    with running(models, models="slow", queue=2) as run:
        steps = {"instances": [5_000]}
        path = "/v1/models/slow:predict"
        with ThreadPoolExecutor(12) as pool:
            replies = list(pool.map(lambda _: run.ask("POST", path, steps), range(12)))
        counts = {status: 0 for status in (200, 429)}
        for reply in replies:
            counts[reply.status] += 1
        assert counts[200] >= 2
        assert counts[429] >= 1
        refused = next(reply for reply in replies if reply.status == 429)
        assert refused.headers["retry-after"] == "1"


def test_too_large(server: Running):
    body = json.dumps({"instances": ["a" * (2 << 20)]}).encode()
    reply = server.ask("POST", "/v1/models/slow:predict", body)
    assert (reply.status, reply.json.keys()) == (413, {"error"})
    with contextlib.closing(server.connect()) as connection:  # without saying how large it is
        chunks = (b"a" * 100_000 for _ in range(20))
        connection.request("POST", "/v1/models/slow:predict", chunks, encode_chunked=True)
        assert connection.getresponse().status == 413
    assert server.predict("adds", instances=[1] * 100_001).status == 413
    assert server.predict("adds", instances=[1]).json == {"predictions": [3.0]}


def test_a_request_that_does_not_come(models):
    with running(models, models="adds", deadline=0.3) as run:
        head = b"POST /v1/models/adds:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        with socket.create_connection(("127.0.0.1", run.port), timeout=20) as connection:
            connection.sendall(head + b"{")
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize("texts", [["가나다 " * 1_000_000], ["어느 글 하나 " * 10] * 10_000])
def test_memory_of_one_large_request(models, texts):
    """What the server adds to what the model itself takes; the request and the answer of this
    process are in it, too."""

    def status(name: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024

    with running(models, models="kinds") as run:
        body = json.dumps({"signature_name": "strict", "instances": texts}, ensure_ascii=False)
        sent = body.encode()
        run.predict("kinds", signature_name="strict", instances=["a"])
        before = status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
        assert run.ask("POST", "/v1/models/kinds:predict", sent).status == 200
        assert status("VmHWM") - before < 200


# ---- versions


def test_a_new_version_takes_over_under_load(models, tmp_path):
    install(models / "adds" / "1", tmp_path / "adds" / "1")
    with running(tmp_path) as run:
        answers, stop = set(), threading.Event()

        def load() -> None:
            with contextlib.closing(run.connect()) as connection:
                while not stop.is_set():
                    connection.request("POST", "/v1/models/adds:predict", b'{"instances": [0]}')
                    reply = connection.getresponse()
                    answers.add((reply.status, reply.read()))

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        install(models / "adds" / "2", tmp_path / "adds" / "2")
        run.wait(lambda: "serving adds version 2" in run.said)
        run.wait(lambda: run.predict("adds", instances=[0]).json == {"predictions": [2.0]})
        stop.set()
        for thread in threads:
            thread.join()
        assert answers <= {(200, b'{"predictions":[1.0]}'), (200, b'{"predictions":[2.0]}')}
        old = run.ask("POST", "/v1/models/adds/versions/1:predict", {"instances": [0]})
        assert old.json == {"predictions": [1.0]}


def test_a_damaged_version_is_refused_and_the_old_one_stays(models, tmp_path):
    install(models / "adds" / "1", tmp_path / "adds" / "1")
    damaged = tmp_path / "damaged"
    shutil.copytree(models / "adds" / "2", damaged)
    (damaged / "saved_model.pb").write_bytes(b"\x00nonsense")
    with running(tmp_path) as run:
        install(damaged, tmp_path / "adds" / "3")
        run.wait(lambda: any(line.startswith("refused: ") for line in run.said))
        (line,) = [line for line in run.said if line.startswith("refused: ")]
        assert "\n" not in line
        assert run.predict("adds", instances=[0]).json == {"predictions": [1.0]}
        states = run.ask("GET", "/v1/models/adds").json["model_version_status"]
        assert [(s["version"], s["state"]) for s in states] == [("3", "END"), ("1", "AVAILABLE")]
        reply = run.ask("POST", "/v1/models/adds/versions/3:predict", {"instances": [0]})
        assert reply.status == 404
        # Mended, it takes over.
        install(models / "adds" / "2", tmp_path / "adds" / "3")
        run.wait(lambda: run.predict("adds", instances=[0]).json == {"predictions": [2.0]})


def test_a_version_that_is_exported_anew(models, tmp_path):
    install(models / "adds" / "1", tmp_path / "adds" / "1")
    with running(tmp_path) as run:
        assert run.predict("adds", instances=[0]).json == {"predictions": [1.0]}
        install(models / "adds" / "2", tmp_path / "adds" / "1")
        run.wait(lambda: run.predict("adds", instances=[0]).json == {"predictions": [2.0]})
        shutil.rmtree(tmp_path / "adds")
        run.wait(lambda: run.predict("adds", instances=[0]).status == 404)
        assert run.ask("GET", "/readyz").status == 503


def test_a_file_that_was_changed_is_damage(finished, tmp_path):
    """By the checksums that lie beside an exported model."""
    run = finished("sentiment").copy(tmp_path)
    check(run.saved_model)
    (run.saved_model / "assets.extra" / "vocab.txt").write_text("x\n", encoding="utf-8")
    with pytest.raises(UserError, match="is not what was exported"):
        check(run.saved_model)


def test_labels():
    assert parse_labels("") == {}
    assert parse_labels("a:b=1, a:c=22") == {("a", "b"): 1, ("a", "c"): 22}
    for wrong in ("a", "a=1", "a:b", "a:b=01", "a:b=x"):
        with pytest.raises(UserError, match="names no version"):
            parse_labels(wrong)


# ---- manners


def test_token(models):
    with running(models, models="adds", token="비밀") as run:
        for header, status in [
            ({}, 401),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Authorization": "Basic 비밀".encode().decode("latin-1")}, 401),
            ({"Authorization": "Bearer 비밀".encode().decode("latin-1")}, 200),
        ]:
            reply = run.ask("POST", "/v1/models/adds:predict", {"instances": [1]}, **header)
            assert reply.status == status
            metrics = run.ask("GET", "/monitoring/prometheus/metrics", **header)
            assert metrics.status == status
        assert run.ask("GET", "/healthz").status == run.ask("GET", "/readyz").status == 200


def test_pages_from_elsewhere_only_where_told(models, server: Running):
    asked = {"Origin": "https://a.example"}
    body = {"instances": [1]}
    assert "access-control-allow-origin" not in {
        name.lower()
        for name in server.ask("POST", "/v1/models/adds:predict", body, **asked).headers
    }
    with running(models, models="adds", cors="https://a.example") as run:
        reply = run.ask("POST", "/v1/models/adds:predict", body, **asked)
        assert reply.headers["access-control-allow-origin"] == "https://a.example"
        other = run.ask("POST", "/v1/models/adds:predict", body, Origin="https://b.example")
        assert "access-control-allow-origin" not in other.headers


def test_access_log_is_one_line_whatever_is_asked(models, capsys):
    with running(models, models="adds", access_log=True) as run:
        run.predict("adds", instances=[1])
        run.ask("GET", "/v1/models/a%0Ab")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2:5] for line in lines] == [
        ["POST", "/v1/models/adds:predict", "200"],
        ["GET", "/v1/models/a%0Ab", "404"],
    ]


def test_metrics(server: Running):
    server.predict("adds", instances=[1])
    server.predict("nothing", instances=[1])
    page = server.ask("GET", "/monitoring/prometheus/metrics").body.decode()
    for wanted in (
        'serving_requests_total{model="adds",status="200",verb="predict"}',
        'serving_requests_total{model="",status="404",verb="predict"}',
        'serving_request_seconds_bucket{le="0.001",model="adds",verb="predict"}',
        'serving_batch_rows_count{model="adds",signature="serving_default"}',
        'serving_waiting_requests{model="adds",signature="serving_default"} 0.0',
        "process_resident_memory_bytes",
    ):
        assert wanted in page
    assert "nothing" not in page  # names that users invent are no labels


def test_what_is_no_http_harms_nobody(server: Running):
    for sent in (b"\x16\x03\x01\x00", b"GET\r\n\r\n", os.urandom(500)):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1000)
    assert server.predict("adds", instances=[1]).json == {"predictions": [3.0]}


def test_what_was_accepted_is_answered_when_the_server_ends(models):
    with running(models, models="slow", grace=200.0) as run:
        path, body = "/v1/models/slow:predict", {"instances": [30_000]}
        with contextlib.closing(run.connect()) as kept, ThreadPoolExecutor(6) as pool:
            kept.request("GET", "/healthz")
            kept.getresponse().read()
            pending = [pool.submit(run.ask, "POST", path, body) for _ in range(6)]
            queue = run.service.registry.find("slow", None).queue("serving_default")
            run.wait(lambda: queue.waiting == 6)
            run.server.handle_exit(15, None)
            run.wait(lambda: run.server.config.app.draining)
            kept.request("GET", "/v1/models/slow")
            refused = kept.getresponse()
            assert (refused.status, refused.getheader("connection")) == (503, "close")
            assert [reply.result().status for reply in pending] == [200] * 6
        run.thread.join(60)
        assert not run.thread.is_alive()
        with pytest.raises(OSError):  # noqa: PT011
            run.ask("GET", "/healthz")


def test_what_takes_longer_than_the_grace_time_is_told_so(models):
    with running(models, models="slow", grace=1.0) as run, ThreadPoolExecutor(1) as pool:
        body = {"signature_name": "letters", "instances": ["a" * 900_000]}
        pending = pool.submit(run.ask, "POST", "/v1/models/slow:predict", body)
        queue = run.service.registry.find("slow", None).queue("letters")
        run.wait(lambda: queue.waiting)
        run.server.handle_exit(15, None)
        assert pending.result().status == 503
        run.thread.join(30)
        assert not run.thread.is_alive()
