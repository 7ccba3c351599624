"""Times reading, normalising, learning pieces and encoding of all 200,000 NSMC reviews.

python -m benchmarks.text_speed [--times 3]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.tables import print_table


def once() -> dict[str, float]:
    from pipeline.corpora import catalogue
    from pipeline.corpora.fetch import fetch
    from pipeline.corpora.labelled.reviews import read_nsmc
    from pipeline.text.tokenizer import normalize_texts
    from pipeline.text.tokenizers import learn_tokenizer
    from pipeline.workspace import Workspace

    seconds, last = {}, time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[name], last = now - last, now

    corpus = catalogue.find_corpus("nsmc")
    paths = [fetch(file, Workspace().raw) for file in corpus.files.values()]
    frames = [read_nsmc(path).frame for path in paths]
    lap("read and verify")
    normalized = [normalize_texts(list(frame["text"])) for frame in frames]
    lap("normalise")
    tokenizer = learn_tokenizer("wordpiece", normalized[0], 16000, normalized=True)
    lap("learn pieces")
    rows = [tokenizer.encode_normalized(texts) for texts in normalized]
    lap("encode")
    assert sum(len(r) for r in rows) == 200_000
    with tempfile.TemporaryDirectory() as folder:
        for i, encoded in enumerate(rows):
            encoded.save(Path(folder) / str(i))
    lap("write")
    return seconds


def main() -> None:
    import statistics

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=3)
    laps = [once() for _ in range(parser.parse_args().times)]
    rows = [[name, f"{statistics.median(lap[name] for lap in laps):.1f}"] for name in laps[0]]
    rows.append(["in all", f"{statistics.median(sum(lap.values()) for lap in laps):.1f}"])
    print_table("200,000 reviews to ids (median)", ["step", "seconds"], rows)


if __name__ == "__main__":
    main()
