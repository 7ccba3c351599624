"""Measures ways to choose entities from what taggers learnt, on dev.

    python -m benchmarks.entity_decoding --runs default
    python -m benchmarks.entity_decoding --runs seed-1 seed-2 seed-3

For each finished run: F1 of the most probable sequence of tags (`--decoding tags`) and of the
entities over several limits (`--min-probability`), and the seconds that the whole of dev takes, the
median of three times, the first of which builds the graph and does not count. Several runs are
measured together, too: an entity has the mean of their probabilities. The test split is not read.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

from benchmarks.tables import median_seconds, print_table

LIMITS = (0.3, 0.35, 0.4, 0.45, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", nargs="+", default=["default"])
    parser.add_argument("--limits", type=float, nargs="+", default=LIMITS)
    asked = parser.parse_args()

    from pipeline.__main__ import prepare_process

    prepare_process()
    from pipeline.corpora.annotated.entities import read_entities
    from pipeline.corpora.settings import TeacherSettings
    from pipeline.corpora.splits import read_split
    from pipeline.evaluation.entity_scores import entity_scores
    from pipeline.models.tagger import best_tags, tag_texts
    from pipeline.stages.teachers import find_teachers
    from pipeline.tasks.base import RunSettings
    from pipeline.tasks.ner import TASK
    from pipeline.tasks.ner.data import load_tags
    from pipeline.tasks.ner.served import served
    from pipeline.tasks.ner.settings import Settings
    from pipeline.tasks.ner.teaching import mean_entities
    from pipeline.tasks.ner.training import trained_tagger
    from pipeline.text.tokenizers import load_tokenizer
    from pipeline.workspace import Workspace

    named = TeacherSettings(teachers=",".join(asked.runs))
    settings = Settings(teachers=named, run=RunSettings("together"))
    runs = find_teachers(TASK, settings, lambda folder: load_tags(folder).labels, Workspace())
    dev = read_split(runs[0].trained.corpus_folder / "dev.tsv")
    texts, gold = list(dev["text"]), list(map(read_entities, dev["label"]))

    def row(what: str, found, seconds: str = "") -> list[str]:
        scores = entity_scores(gold, found)
        return [what, *(f"{100 * scores[of]:.2f}" for of in ("f1", "precision", "recall")), seconds]

    rows = []
    for run in runs:
        model, folder = trained_tagger(run.settings, run.trained), run.trained.prepared_folder
        tokenizer, tags = load_tokenizer(folder), load_tags(folder)
        ways = [{"decoding": "tags"}]
        ways += [{"decoding": "entities", "min_probability": limit} for limit in asked.limits]
        for way in ways:
            decoder = served(best_tags(model, dataclasses.replace(run.settings.model, **way)))
            length = run.settings.text.max_length

            def find(decoder=decoder, tokenizer=tokenizer, tags=tags, length=length):
                return tag_texts(decoder, tokenizer, tags, texts, max_length=length)

            def once(find=find) -> float:
                started = time.perf_counter()
                find()
                return time.perf_counter() - started

            name = ", ".join([run.name, *(str(value) for value in way.values())])
            rows.append(row(name, find(), f"{median_seconds(once, 3):.2f}"))
    if len(runs) > 1:
        for limit in asked.limits:
            rows.append(row(f"together, entities, {limit}", mean_entities(runs, texts, limit)))
    print_table("dev", ["", "F1", "precision", "recall", "seconds"], rows)


if __name__ == "__main__":
    main()
