"""Scores the captions of a finished captioner for several ways to search, on dev.

    python -m benchmarks.caption_search flickr8k-attention --alpha 0 0.5 1 --beam-size 3 5

Each line is one search: BLEU-1 to BLEU-4 as the report has them; the same without the brevity
penalty, as some papers count them; CIDEr, words of a caption, and the share of captions that stand
in train. Settings are to be chosen on dev; `--split test` reads the test split.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools

from benchmarks.tables import print_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", help="name of the finished run")
    parser.add_argument("--alpha", type=float, nargs="+", default=[0.0, 0.5, 1.0])
    parser.add_argument("--beam-size", type=int, nargs="+", default=[3])
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    arguments = parser.parse_args()

    from pipeline.__main__ import prepare_process

    prepare_process()
    from pipeline.evaluation.captions import ORDERS
    from pipeline.stages.files import RunFiles
    from pipeline.tasks.base import RunSettings
    from pipeline.tasks.captioning import TASK
    from pipeline.tasks.captioning.data import load_split
    from pipeline.tasks.captioning.evaluation import caption_metrics, find_captions
    from pipeline.tasks.captioning.settings import Settings
    from pipeline.tasks.captioning.training import trained_model
    from pipeline.workspace import Workspace

    asked = dataclasses.replace(Settings(), run=RunSettings(name=arguments.run))
    files = RunFiles.of(TASK, asked, Workspace())
    settings, trained = files.trained_settings(TASK, asked), files.trained()
    folder, model = trained.prepared_folder, trained_model(settings, trained)
    split = load_split(folder, arguments.split)
    rows = []
    for beam_size, alpha in itertools.product(arguments.beam_size, arguments.alpha):
        search = dataclasses.replace(settings.search, beam_size=beam_size, alpha=alpha)
        captions = find_captions(model, search, folder, split)
        for of in caption_metrics(trained, captions, arguments.split):
            bleus = [getattr(of, f"bleu{order}") for order in ORDERS]
            plain = [bleu / (of.brevity_penalty or 1) for bleu in bleus]
            rows.append(
                [
                    f"beam {beam_size}, alpha {alpha:g} ({of.language})",
                    " / ".join(f"{bleu:.1f}" for bleu in bleus),
                    " / ".join(f"{bleu:.1f}" for bleu in plain),
                    f"{of.cider:.3f}",
                    f"{of.mean_length:.1f}",
                    f"{of.seen_in_training:.1%}",
                ]
            )
    columns = ["search", "BLEU-1 to 4", "without brevity penalty", "CIDEr", "words", "in train"]
    print_table(f"{arguments.run}, {arguments.split}", columns, rows)


if __name__ == "__main__":
    main()
