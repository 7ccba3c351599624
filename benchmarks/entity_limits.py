"""Measures the limits of the tagger's F1: how consistent the annotation of the corpus is, on dev.

    python -m benchmarks.entity_limits [--run default]

- F1 of the finished run on dev: exact; without labels; with LOC and ORG as one label.
- Consistency: the share of dev entities with words that were an entity in training that have the
  most frequent label of these words in training; and, of all places in dev with words that training
  marks at least twice, the share that is marked.
The test split is not read.
"""

from __future__ import annotations

import argparse
import collections
import re
from pathlib import Path

from benchmarks.tables import print_table


def shares(train, dev, read_entities) -> list[list[object]]:
    """How far the annotation of dev follows from that of train."""
    labels: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for text, cell in zip(train["text"], train["label"], strict=True):
        for start, end, label in read_entities(cell):
            labels[text[start:end]][label] += 1
    commonest = {words: counts.most_common(1)[0][0] for words, counts in labels.items()}
    seen = same = total = 0
    for text, cell in zip(dev["text"], dev["label"], strict=True):
        for start, end, label in read_entities(cell):
            total += 1
            if text[start:end] in commonest:
                seen += 1
                same += commonest[text[start:end]] == label
    often = [w for w, c in labels.items() if sum(c.values()) > 1 and len(w) > 1]
    # longest first: an entity inside a longer known one is not searched
    pattern = re.compile("|".join(map(re.escape, sorted(often, key=len, reverse=True))))
    places = marked = 0
    for text, cell in zip(dev["text"], dev["label"], strict=True):
        spans = {(start, end) for start, end, _ in read_entities(cell)}
        for match in pattern.finditer(text):
            places += 1
            marked += match.span() in spans
    return [
        ["dev entities whose words were an entity in training", f"{seen / total:.1%}"],
        ["of these under the label most common in training", f"{same / seen:.1%}"],
        [
            "places in dev with words marked twice in training that are marked",
            f"{marked / places:.1%}",
        ],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", default="default")
    arguments = parser.parse_args()

    from pipeline.__main__ import prepare_process

    prepare_process()
    from pipeline.corpora.annotated.entities import read_entities
    from pipeline.corpora.splits import read_split
    from pipeline.evaluation.entity_scores import entity_scores
    from pipeline.records import from_json
    from pipeline.stages.files import RunFiles
    from pipeline.tasks.ner.evaluation import find_entities
    from pipeline.tasks.ner.settings import Settings
    from pipeline.workspace import Workspace, read_json

    workspace = Workspace()
    files = RunFiles("ner", workspace.run("ner", arguments.run), workspace.root)
    stored = {k: v for k, v in read_json(files.config).items() if k != "inputs"}
    settings, trained = from_json(Settings, stored), files.trained()
    train, dev = (read_split(Path(trained.corpus_folder, f"{n}.tsv")) for n in ("train", "dev"))
    gold = list(map(read_entities, dev["label"]))
    found = find_entities(settings, trained, list(dev["text"]))

    def f1(names: dict[str, str] | None) -> str:
        def renamed(rows):
            return [
                [e._replace(label="" if names is None else names.get(e.label, e.label)) for e in r]
                for r in rows
            ]

        return f"{100 * entity_scores(renamed(gold), renamed(found))['f1']:.2f}"

    one = dict.fromkeys(("LOC", "ORG", "LC", "OG"), "LOC/ORG")
    rows = [
        ["F1, strict", f1({})],
        ["F1, LOC and ORG as one label", f1(one)],
        ["F1, labels ignored", f1(None)],
        *shares(train, dev, read_entities),
    ]
    print_table(f"run {arguments.run}, dev split", ["what", "measured"], rows)


if __name__ == "__main__":
    main()
