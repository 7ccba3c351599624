"""What model hubs and TensorFlow Serving read beside the graph."""

from __future__ import annotations

import pytest
import yaml
from huggingface_hub import ModelCard

from pipeline.corpora.catalogue import CATALOGUE
from pipeline.corpora.origins import catalogue_origin, own_origin, sample_origin
from pipeline.export.front_matter import HubMetric, front_matter
from pipeline.facts import Origin
from pipeline.workspace import SAMPLES


def head(corpus: Origin, **others) -> dict:
    """The front matter of a classifier that learnt from `corpus`, as YAML readers see it."""
    facts = {
        "pipeline_tag": "text-classification",
        "languages": ("ko",),
        "tags": ("saved-model",),
        "further_licences": (),
        "split": "test",
        "metrics": [HubMetric("accuracy", "accuracy", 0.875), HubMetric("macro_f1", "f1", 0.5)],
    }
    text = front_matter("malgyeol-sentiment", corpus=corpus, **(facts | others))
    before, yaml_text, after = text.split("---\n")
    assert (before, after) == ("", "\n")
    return yaml.safe_load(yaml_text)


def test_a_corpus_of_the_catalogue_gives_its_licence_and_its_name_on_the_hub():
    values = head(catalogue_origin(CATALOGUE["nsmc"]))
    assert values["license"] == "cc0-1.0"
    assert "license_name" not in values
    assert values["datasets"] == ["e9t/nsmc"]
    assert values["metrics"] == ["accuracy", "f1"]
    (model,) = values["model-index"]
    assert model["name"] == "malgyeol-sentiment"
    (result,) = model["results"]
    assert result["task"] == {"type": "text-classification"}
    assert result["dataset"] == {
        "type": "e9t/nsmc",
        "name": CATALOGUE["nsmc"].title,
        "split": "test",
    }
    assert [(m["type"], m["value"]) for m in result["metrics"]] == [
        ("accuracy", 0.875),
        ("f1", 0.5),
    ]


@pytest.mark.parametrize(
    ("name", "further", "licence", "called"),
    [
        ("klue", (), "cc-by-sa-4.0", None),
        ("klue", ("CC-BY-SA-4.0",), "cc-by-sa-4.0", None),
        ("klue", ("CC0-1.0",), "other", "cc-by-sa-4.0-and-cc0-1.0"),
        ("kmou", (), "other", "non-commercial-use-only"),
        ("tatoeba", (), "other", "cc-by-2.0-fr"),
        ("shakespeare", (), "other", "public-domain"),
    ],
)
def test_what_the_hub_has_no_licence_for_is_other_with_a_name(name, further, licence, called):
    corpus = CATALOGUE[name]
    values = head(catalogue_origin(corpus), further_licences=further)
    assert values["license"] == licence
    assert values.get("license_name") == called
    assert values.get("license_link") == (corpus.homepage if called else None)


def test_every_corpus_of_the_catalogue_has_a_licence_that_the_hub_takes():
    for corpus in CATALOGUE.values():
        values = head(catalogue_origin(corpus))
        assert values["license"] != "other" or values["license_name"].strip("-"), corpus.name


def test_a_file_of_ones_own_and_numbers_alone(tmp_path):
    values = head(own_origin([tmp_path / '내 리뷰: "1".tsv']), languages=(), metrics=[])
    assert values["license"] == "other"
    assert values["license_name"] == "the-users-own"
    assert not {"language", "datasets", "metrics", "model-index", "license_link"} & values.keys()
    sample = head(sample_origin(SAMPLES / "reviews.tsv"))
    assert sample["license"] == "apache-2.0"
    assert sample["model-index"][0]["results"][0]["dataset"]["type"] == "bundled-sample"


def test_the_card_is_one_to_the_hubs_own_reader(finished):
    run = finished("sentiment")
    card = ModelCard.load(run.saved_model / "README.md")
    assert card.text.lstrip().startswith("# sentiment")
    assert {result.metric_type for result in card.data.eval_results} == {"accuracy", "f1"}
