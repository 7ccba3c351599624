"""The YAML front matter of a model card, which model hubs read.

As https://github.com/huggingface/hub-docs/blob/main/modelcard.md describes it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from huggingface_hub import EvalResult, ModelCardData

from pipeline.corpora.catalogue import CATALOGUE
from pipeline.facts import Origin

LIBRARY = "tensorflow"
"""What loads the model. The hub's `keras` and `tf-keras` would show code that cannot load it."""

_LICENCES = frozenset(
    ("apache-2.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nd-4.0", "mit")
)
"""Licences of corpora that the hub knows by name (hub-docs, repositories-licenses)."""


@dataclasses.dataclass(frozen=True)
class HubMetric:
    """A metric of the test split.

    Attributes:
        name: as in metrics.json.
        kind: what the hub calls such figures: "accuracy", "f1".
        value: as it was measured.
    """

    name: str
    kind: str
    value: float


def front_matter(
    name: str,
    *,
    pipeline_tag: str,
    languages: Sequence[str],
    tags: Sequence[str],
    corpus: Origin,
    further_licences: Sequence[str],
    split: str,
    metrics: Sequence[HubMetric],
) -> str:
    """The front matter of a model card, with its lines of dashes.

    The weights get the licence of what they learnt from; several that differ, and one that the hub
    has no name for, become `other` with a name.

    Args:
        name: of the model.
        pipeline_tag: the hub's name for the kind of task.
        languages: ISO 639-1 codes; none where the model reads no text.
        tags: further words by which it is found.
        corpus: what it learnt from and was measured on.
        further_licences: of what else is in the weights.
        split: that was measured.
        metrics: what was measured.
    """
    datasets = _datasets(corpus)
    results = [
        EvalResult(
            task_type=pipeline_tag,
            dataset_type=datasets[0] if len(datasets) == 1 else _slug(corpus.title),
            dataset_name=corpus.title,
            dataset_split=split,
            metric_type=metric.kind,
            metric_name=metric.name.replace("_", " "),
            metric_value=metric.value,
        )
        for metric in metrics
    ]
    data = ModelCardData(
        language=list(languages) or None,
        library_name=LIBRARY,
        pipeline_tag=pipeline_tag,
        tags=list(tags),
        datasets=datasets or None,
        metrics=list(dict.fromkeys(metric.kind for metric in metrics)) or None,
        model_name=name if results else None,
        eval_results=results or None,
        **_licence(corpus, further_licences),
    )
    return f"---\n{data.to_yaml(line_break=chr(10))}\n---\n\n"


def _datasets(corpus: Origin) -> list[str]:
    """The names of the corpora on the hub, where they have one."""
    places = corpus.source.split(", ")
    known = [corpus for corpus in CATALOGUE.values() if corpus.homepage in places]
    return list(dict.fromkeys(corpus.on_hub for corpus in known if corpus.on_hub))


def _licence(corpus: Origin, further: Sequence[str]) -> Mapping[str, str]:
    licences = list(dict.fromkeys((corpus.licence, *further)))
    if len(licences) == 1 and licences[0].lower() in _LICENCES:
        return {"license": licences[0].lower()}
    named = {"license": "other", "license_name": "-and-".join(map(_slug, licences))}
    if re.fullmatch(r"https://[^,\s]+", corpus.source):
        return {**named, "license_link": corpus.source}
    return named


def _slug(words: str) -> str:
    """A name in the hub's style: lower case, with hyphens."""
    return re.sub(r"[^\w.]+", "-", words.casefold().replace("'", "")).strip("-.") or "own"
