"""What others have of every exported model: its card, and a process without our code."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import yaml
from hub_tasks import PIPELINE_TAGS
from plain_json import plain

from pipeline.corpora.splits import read_split
from pipeline.workspace import read_json

# Runs where only tensorflow and tensorflow-text are to be had: asks a model with the raw strings
# of a JSON file, and does what the model card says.
FOREIGN = """
import base64, importlib.util, json, sys
folder, question, answer, card = sys.argv[1:]
assert importlib.util.find_spec("pipeline") is None, "the project can be imported here"
import numpy as np
import tensorflow as tf
import tensorflow_text
model = tf.saved_model.load(folder)
decode = lambda v: base64.b64decode(v["b64"]) if set(v) == {"b64"} else v
asked = json.load(open(question, encoding="utf-8"), object_hook=decode)
signature = model.signatures[asked["signature"]]
given = {name: tf.constant(v, asked["dtypes"][name]) for name, v in asked["inputs"].items()}
answers = {name: value.numpy() for name, value in signature(**given).items()}
np.savez(answer, **{k: v.astype("S") if v.dtype == object else v for k, v in answers.items()})
exec(open(card, encoding="utf-8").read())
ours = {name.split(".")[0] for name in sys.modules} & {"pipeline", "keras_hub", "tokenizers"}
assert not ours, ours
"""


def python_of(card: str) -> str:
    return re.search("```python\n(.*?)```", card, re.S).group(1)


@pytest.fixture(scope="session")
def foreign(run, warm_python, tmp_path_factory):
    """What another process says, that has the model and no code of ours: (answers, its output)."""
    folder = tmp_path_factory.mktemp("foreign")
    serving, test = run.task.serving, read_split(run.corpus / "test.tsv")
    question = {
        "signature": serving.SIGNATURE.name,
        "dtypes": {name: dtype for name, (dtype, _, _) in serving.SIGNATURE.inputs.items()},
        "inputs": serving.test_inputs(test, run.corpus),
    }
    (folder / "question.json").write_text(json.dumps(question, default=plain), encoding="utf-8")
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    (folder / "card.py").write_text(python_of(card), encoding="utf-8")
    answer = folder / "answer.npz"
    files = ("question.json", "answer.npz", "card.py")
    # The card names the model as seen from the checkout, in which there is no code here.
    paths = [folder / file for file in files]
    done = warm_python.run(FOREIGN, run.saved_model, *paths, cwd=run.root)
    assert done.returncode == 0, done.stderr
    with np.load(answer, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}, done.stdout + done.stderr


def test_a_process_without_our_code_repeats_the_reported_numbers(run, foreign):
    answers, _ = foreign
    test = read_split(run.corpus / "test.tsv")
    again = run.task.serving.scores(answers, test, run.corpus)
    reported = read_json(run.run / "metrics.json")
    assert again
    for name, value in again.items():
        assert value == pytest.approx(reported[name], rel=1e-6, abs=1e-9), name


def test_the_example_of_the_model_card_runs(run, foreign):
    _, printed = foreign
    for name in run.task.serving.SIGNATURE.outputs:
        assert re.search(rf"^{name} ", printed, re.M), printed


def test_model_card_tells_what_matters(run):
    card = (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    origin = read_json(run.run / "corpus.json")["facts"]["origin"]
    metrics = read_json(run.run / "metrics.json")
    for expected in (origin["title"], origin["licence"], metrics["summary"], "```python"):
        assert expected in card
    assert ("NFC" in card) == run.task.input.follows_text_policy
    signature = run.task.serving.SIGNATURE
    for name in (*signature.inputs, *signature.outputs):
        assert f"`{name}`" in card


def test_a_model_hub_reads_the_card(run):
    card = (run.saved_model / "README.md").read_text(encoding="utf-8")
    assert card == (run.saved_model / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    values = yaml.safe_load(re.match("---\n(.*?)\n---\n", card, re.S).group(1))
    hub = run.task.serving.HUB
    assert values["pipeline_tag"] == hub.pipeline_tag in PIPELINE_TAGS
    assert values["license"]
    assert values.get("language", []) == list(hub.languages(run.task.tiny, run.prepared))
    metrics = read_json(run.run / "metrics.json")
    (model,) = values["model-index"]
    (result,) = model["results"]
    shown = {metric["name"].replace(" ", "_"): metric["value"] for metric in result["metrics"]}
    assert shown == {name: metrics[name] for name in hub.metrics}
    assert [metric["type"] for metric in result["metrics"]] == list(hub.metrics.values())
    assert result["task"]["type"] == hub.pipeline_tag
