"""Repeats the reported score from raw strings, with only tensorflow and tensorflow-text.

    cp benchmarks/served.py /somewhere/else
    python -I /somewhere/else/served.py saved_models/sentiment/1 test.tsv
    python -I /somewhere/else/served.py saved_models/ner/1 test.tsv
    python -I /somewhere/else/served.py saved_models/translation/1 test.tsv translations.txt

test.tsv is a split as the corpus stage writes it: id, text, label (entities as `0-5:OG 11-13:DT`),
with a header. Translations are written one per line, in the order of their sources. Nothing of this
project is imported: somebody who only has the exported folder could have written this.
"""

import sys
import time

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)


def accuracy(answers, rows):
    found = [label.decode() for answer in answers for label in answer["label"]]
    right = sum(label == wanted for label, (*_, wanted) in zip(found, rows, strict=True))
    return f"accuracy {right / len(rows):.4f}"


def entity_f1(answers, rows):
    names = ("entity", "label", "start", "end")
    cells = [row for a in answers for row in zip(*(a[name] for name in names), strict=True)]
    gold = predicted = right = 0
    for (_, text, cell), row in zip(rows, cells, strict=True):
        found = set()
        for entity, label, start, end in zip(*row, strict=True):
            if start >= 0:
                assert entity.decode() == text[start:end], (text, start, end)
                found.add(f"{start}-{end}:{label.decode()}")
        wanted = set(cell.split())
        gold, predicted = gold + len(wanted), predicted + len(found)
        right += len(found & wanted)
    return (
        f"entity F1 {2 * right / (gold + predicted):.4f} "
        f"(precision {right / predicted:.4f}, recall {right / gold:.4f})"
    )


def translations(answers, rows, file):
    with open(file, "w", encoding="utf-8", newline="\n") as lines:
        for answer in answers:
            lines.writelines(text.decode() + "\n" for text in answer["translation"])
    return f"translations in {file}"


KINDS = {
    "translation": (translations, 32),
    "entity": (entity_f1, 256),
    "probabilities": (accuracy, 512),
}
"""Output that identifies a kind of model -> function that scores it, and rows per batch."""


def main() -> None:
    model, test, *file = sys.argv[1:]
    with open(test, encoding="utf-8", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    serve = tf.saved_model.load(model).signatures["serving_default"]
    tell, batch = next(KINDS[name] for name in KINDS if name in serve.structured_outputs)
    texts = [text for _, text, _ in rows]
    parts = [tf.constant(texts[i : i + batch]) for i in range(0, len(texts), batch)]
    serve(text=parts[0])  # the first answer takes longer
    started, answers = time.perf_counter(), []
    for part in parts:
        answers.append({name: values.numpy() for name, values in serve(text=part).items()})
    seconds = time.perf_counter() - started
    told = tell(answers, rows, *file)
    print(f"{told} on {len(rows):,} texts, {len(rows) / seconds:,.0f}/s")


if __name__ == "__main__":
    main()
