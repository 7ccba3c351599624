"""The reported entity F1, from raw strings, with tensorflow and tensorflow-text alone.

    cp benchmarks/served_entities.py /somewhere/else
    python -I /somewhere/else/served_entities.py saved_models/ner/1 test.tsv

test.tsv is a split as the corpus stage writes it: id, text, label (`0-5:OG 11-13:DT`), with a
header. Nothing of this project is imported: this is what somebody who only has the exported
folder would write.
"""

import sys
import time

import tensorflow as tf
import tensorflow_text  # noqa: F401  (registers the ops)

BATCH = 256


def main() -> None:
    model, file = sys.argv[1:]
    with open(file, encoding="utf-8", newline="\n") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    serve = tf.saved_model.load(model).signatures["serving_default"]
    serve(text=tf.constant([rows[0][1]]))
    gold = predicted = right = 0
    started = time.perf_counter()
    for begin in range(0, len(rows), BATCH):
        part = rows[begin : begin + BATCH]
        answer = serve(text=tf.constant([text for _, text, _ in part]))
        columns = [answer[name].numpy() for name in ("entity", "label", "start", "end")]
        for (_, text, cell), *cells in zip(part, *columns, strict=True):
            found = set()
            for entity, label, start, end in zip(*cells, strict=True):
                if start >= 0:
                    assert entity.decode() == text[start:end], (text, start, end)
                    found.add(f"{start}-{end}:{label.decode()}")
            wanted = set(cell.split())
            gold, predicted, right = (
                gold + len(wanted),
                predicted + len(found),
                right + len(found & wanted),
            )
    seconds = time.perf_counter() - started
    print(
        f"entity F1 {2 * right / (gold + predicted):.4f} "
        f"(precision {right / predicted:.4f}, recall {right / gold:.4f}) "
        f"on {len(rows):,} sentences, {len(rows) / seconds:,.0f}/s"
    )


if __name__ == "__main__":
    main()
