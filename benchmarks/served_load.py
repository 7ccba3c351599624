"""Measures the HTTP server under load, from another process on the same machine.

    python -m benchmarks.served_load speed                  requests/s, p50, p99; one text a request
    python -m benchmarks.served_load mixed --seconds 600    all models at once: errors, memory
    python -m benchmarks.served_load memory                 10,000 texts; one text of 10 MB
    python -m benchmarks.served_load end --trials 20        SIGTERM under load: what is lost
    python -m benchmarks.served_load switch --trials 20     a new version under load: errors

Each starts its own server for `--folder` (saved_models) on a free port, sends requests, and ends
it. `speed` compares it with direct calls of the SavedModel, and with the usual way: a web
application that calls the model once for each request, in a pool of threads; also with an ONNX
model of KoELECTRA-small's size, for rows of the same number of pieces.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.foreign import foreign_process
from benchmarks.load_client import Load, Server, connection, load, server, started
from benchmarks.served_memory import SENTENCES, long_text, short_texts
from benchmarks.tables import print_table
from pipeline.export.warm_up_requests import DEFAULT, read_warm_up
from pipeline.text.tokenizers import load_tokenizer

CONNECTIONS = 32
PLAIN = Path(__file__).with_name("served_plain.py")
ELECTRA = Path(__file__).with_name("served_electra.py")


def texts(count: int, seed: int = 1) -> list[str]:
    """Different sentences of different lengths, on average about as long as NSMC's reviews (18.2
    pieces)."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        words = " ".join(SENTENCES).split()
        chance.shuffle(words)
        found.append(f"{' '.join(words[: chance.randrange(2, 14)])} {number}")
    return found


def asking(model: str, values: Sequence[Any], **more: Any) -> Iterator[tuple[str, bytes]]:
    """Yields requests of one row each, without end."""
    bodies = [json.dumps({"instances": [v], **more}, ensure_ascii=False).encode() for v in values]
    path = f"/v1/models/{model}:predict"
    while True:
        for body in bodies:
            yield path, body


def speed(folder: Path, seconds: float, model: str) -> None:
    """One text per request, over many connections and over one; 512 texts in one request."""
    values = texts(4096)
    version = max(folder.joinpath(model).iterdir(), key=lambda path: int(path.name))
    pieces = load_tokenizer(version / "assets.extra").encode(values)
    ids = [row.tolist() for row in np.split(pieces.ids, np.cumsum(pieces.lengths)[:-1])]
    rows = []
    plain = [sys.executable, str(PLAIN), str(folder / model)]
    for name, start, requests in (
        ("this server", lambda: server(folder, "--models", model), asking(model, values)),
        ("one call a request", lambda: started(plain), asking(model, values)),
        (
            "one call of KoELECTRA-small's shape",
            lambda: started([sys.executable, str(ELECTRA)]),
            asking("electra", ids),
        ),
    ):
        with start() as run:
            asyncio.run(load(run.port, requests, CONNECTIONS, 3))  # warm
            many = asyncio.run(load(run.port, requests, CONNECTIONS, seconds))
            alone = asyncio.run(load(run.port, requests, 1, seconds))
            rows.append(
                [
                    name,
                    f"{len(many.seconds) / seconds:,.0f}",
                    many.milliseconds(0.5),
                    many.milliseconds(0.99),
                    alone.milliseconds(0.5),
                    str(sum(n for status, n in many.statuses.items() if status != 200)),
                ]
            )
            if name == "this server":
                large = asyncio.run(large_requests(run.port, model, values, 20))
    columns = ["", "requests/s", "p50 ms", "p99 ms", "p50 alone ms", "errors"]
    mean = f"{np.mean(pieces.lengths):.1f} pieces on average"
    title = f"{model}, one text a request ({mean}), {CONNECTIONS} connections"
    print_table(title, columns, rows)
    given = {"batches": [values[:512]], "rounds": 10, "single": ["네."]}
    taken = json.loads(
        foreign_process("served_rounds.py", version.resolve(), given=json.dumps(given))
    )
    direct = 512 / statistics.median(taken["batches"])
    print_table(
        "512 texts in one request",
        ["", "texts/s"],
        [
            ["this server", f"{large:,.0f}"],
            ["the SavedModel, called directly", f"{direct:,.0f}"],
            ["share", f"{large / direct:.0%}"],
        ],
    )


async def large_requests(port: int, model: str, values: list[str], rounds: int) -> float:
    """Texts per second in requests of 512: the median of several."""
    body = json.dumps({"instances": values[:512]}).encode()
    seconds = []
    async with connection(port) as to:
        for _ in range(rounds):
            started = time.perf_counter()
            status, _ = await to.ask("POST", f"/v1/models/{model}:predict", body)
            assert status == 200
            seconds.append(time.perf_counter() - started)
    return 512 / statistics.median(seconds)


def mixed(folder: Path, seconds: float) -> None:
    """All models and all their signatures, small requests and some large ones; memory each minute.

    Models of text get new texts in each request, in one of twenty requests 600 at once; other
    models and signatures get their exported warm-up requests.
    """
    chance = random.Random(3)
    models = {path.name: _questions(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    models = {name: questions for name, questions in models.items() if questions}
    values = texts(2000)

    def requests() -> Iterator[tuple[str, bytes]]:
        while True:
            model = chance.choice(list(models))
            question = chance.choice(models[model])
            if question.keys() == {"inputs"} and question["inputs"].keys() == {"text"}:
                count = chance.choice([1] * 17 + [5, 50, 600])
                question = {"instances": [chance.choice(values) for _ in range(count)]}
            yield f"/v1/models/{model}:predict", json.dumps(question).encode()

    with server(folder) as run:
        held: list[float] = []

        async def watch(end: float) -> None:
            while time.monotonic() < end:
                await asyncio.sleep(1)
                held.append(run.memory())

        async def both() -> Load:
            watching = asyncio.create_task(watch(time.monotonic() + seconds))
            found = await load(run.port, requests(), 8, seconds)
            await watching
            return found

        found = asyncio.run(both())
    length = max(1, min(60, len(held) // 10))
    parts = [held[i : i + length] for i in range(0, len(held) - length + 1, length)]
    medians = [statistics.median(part) for part in parts]
    rows = [
        [str((i + 1) * length), *(f"{v:,.0f}" for v in (min(part), medians[i], max(part)))]
        for i, part in enumerate(parts)
    ]
    print_table("memory, MiB", ["until second", "least", "median", "most"], rows)
    print(f"median of the last part against that of the second: {medians[-1] / medians[1]:.3f}\n")
    counts = [[str(status), f"{n:,}"] for status, n in sorted(found.statuses.items())]
    counts.append(["lost", str(found.lost)])
    print_table(f"{seconds:.0f} s of {', '.join(models)}", ["status", "requests"], counts)


def _questions(model: Path) -> list[dict[str, Any]]:
    """The warm-up requests of the newest export of a model, as JSON bodies."""
    versions = [path for path in model.iterdir() if path.name.isdecimal()]
    newest = max(versions, key=lambda path: int(path.name), default=model)
    return [
        {
            "inputs": {name: _plain(value.tolist()) for name, value in request.inputs.items()},
            **({} if request.signature == DEFAULT else {"signature_name": request.signature}),
        }
        for request in read_warm_up(newest)
    ]


def _plain(value: Any) -> Any:
    """A value for JSON: bytes as base64."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def memory(folder: Path, model: str) -> None:
    """Measures how much memory one request adds to the server."""
    rows = []
    with server(folder, "--models", model, "--deadline", "3600") as run:
        cases = {
            "10,000 texts": short_texts(10_000),
            "one text of 10 MB": [long_text(4_300_000)],
            "10,000 texts again": short_texts(10_000),
        }
        asyncio.run(load(run.port, asking(model, texts(64)), 4, 2))
        for name, values in cases.items():
            body = json.dumps({"instances": values}, ensure_ascii=False).encode()
            before = run.memory()
            run.forget_peak()
            started = time.perf_counter()

            async def ask(body: bytes = body) -> int:
                async with connection(run.port) as to:
                    return (await to.ask("POST", f"/v1/models/{model}:predict", body))[0]

            status = asyncio.run(ask())
            rows.append(
                [
                    name,
                    f"{len(body) / 1e6:.1f}",
                    str(status),
                    f"{run.peak() - before:,.0f}",
                    f"{time.perf_counter() - started:.1f}",
                ]
            )
    columns = ["what", "MB sent", "status", "MiB more at most", "seconds"]
    print_table(f"{model}: one request", columns, rows)


def end(folder: Path, trials: int, model: str) -> None:
    """Sends SIGTERM under load; counts requests that were sent and never answered."""
    rows = []
    values = texts(500)
    for trial in range(trials):
        with server(folder, "--models", model) as run:

            async def under_load(run: Server = run, wait: float = 1 + trial / trials) -> Load:
                loading = asyncio.create_task(
                    load(run.port, asking(model, values), CONNECTIONS, 60)
                )
                await asyncio.sleep(wait)
                run.process.send_signal(signal.SIGTERM)
                return await loading

            found = asyncio.run(under_load())
            code = run.process.wait(60)
        rows.append(
            [
                str(trial + 1),
                f"{found.statuses[200]:,}",
                str(found.statuses[503]),
                str(found.lost),
                str(code),
            ]
        )
    columns = ["trial", "answered", "refused (503)", "lost", "exit code"]
    print_table("SIGTERM under load", columns, rows)


def switch(folder: Path, trials: int, model: str) -> None:
    """Adds new versions under load; counts requests that were not answered with 200."""
    rows = []
    values = texts(500)
    source = max(folder.joinpath(model).iterdir(), key=lambda path: int(path.name))
    with tempfile.TemporaryDirectory() as temporary:
        copies = Path(temporary)
        shutil.copytree(source, copies / model / "1")
        with server(copies, "--poll", "0.2") as run:
            for trial in range(trials):
                number = trial + 2

                async def under_load(number: int = number) -> tuple[Load, float]:
                    stop = asyncio.Event()
                    requests = asking(model, values)
                    loading = asyncio.create_task(load(run.port, requests, 16, 3600, stop))
                    started = time.perf_counter()
                    partial = copies / model / f".{number}.partial"
                    await asyncio.to_thread(shutil.copytree, source, partial)
                    os.rename(partial, copies / model / str(number))
                    async with connection(run.port) as to:
                        path = f"/v1/models/{model}/metadata"
                        wanted = f'"version":"{number}"'.encode()
                        while wanted not in (await to.ask("GET", path))[1]:
                            await asyncio.sleep(0.05)
                    seconds = time.perf_counter() - started
                    await asyncio.sleep(0.5)
                    stop.set()
                    return await loading, seconds

                found, seconds = asyncio.run(under_load())
                others = sum(n for status, n in found.statuses.items() if status != 200)
                rows.append(
                    [
                        str(trial + 1),
                        f"{seconds:.1f}",
                        f"{found.statuses[200]:,}",
                        str(others),
                        str(found.lost),
                        found.milliseconds(0.99),
                    ]
                )
    columns = ["trial", "seconds until it answers", "answered", "errors", "lost", "p99 ms"]
    print_table("a new version under load", columns, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["speed", "mixed", "memory", "end", "switch"])
    parser.add_argument("--folder", type=Path, default=Path("saved_models"))
    parser.add_argument("--model", default="sentiment")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--trials", type=int, default=20)
    arguments = parser.parse_args()
    folder, model = arguments.folder, arguments.model
    if arguments.what == "speed":
        speed(folder, arguments.seconds, model)
    elif arguments.what == "mixed":
        mixed(folder, arguments.seconds)
    elif arguments.what == "memory":
        memory(folder, model)
    elif arguments.what == "end":
        end(folder, arguments.trials, model)
    else:
        switch(folder, arguments.trials, model)


if __name__ == "__main__":
    main()
