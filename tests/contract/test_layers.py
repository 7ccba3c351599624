"""Every layer, loss and optimizer of this project can be saved and comes back as it was.

What is registered under `pipeline` is found by itself; how to build one and what it is called
with stands in EXAMPLES, and a class that is missing there fails the first test.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.saving import get_custom_objects

import pipeline
import pipeline.layers
import pipeline.models
import pipeline.training
from pipeline.layers.crf import LinearChainCRF
from pipeline.text.tags import TagSet

for package in (pipeline.layers, pipeline.training, pipeline.models):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)

# Models are built from layers and tested where they are built.
REGISTERED = {
    name: cls
    for name, cls in get_custom_objects().items()
    if name.startswith("pipeline>") and not issubclass(cls, keras.Model)
}

IDS = np.array([[2, 5, 6, 7, 3], [2, 3, 0, 0, 0], [2, 9, 8, 3, 0]], dtype=np.int32)
LENGTHS = np.array([5, 2, 4], dtype=np.int32)
STATES = np.random.default_rng(0).normal(size=(3, 5, 6)).astype("float32")

CHAIN = np.random.default_rng(1).uniform(size=(3, 5, 3, 2)).astype("float32")
CHAIN[:, -1, 1:] = 0

LEGAL = [[a != 3 or b != 5 for b in range(6)] for a in range(6)]

BLOCK = {"width": 6, "heads": 2, "feed_forward": 9, "dropout": 0.1, "attention_dropout": 0.2}
DECODER = {"cell": "gru", "units": 3, "layers": 2, "readout_size": 5}
ATTENDED = (STATES[:, :2], STATES[:, 0], STATES, LENGTHS)

# class -> variants as (arguments, what it is called with)
EXAMPLES: dict[str, list[tuple[dict, tuple]]] = {
    "PieceEmbedding": [
        ({"pieces": 12, "size": 4}, (IDS,)),
        ({"pieces": 12, "size": 4, "ngrams": 9, "max_ngrams": 3, "stddev": 0.5}, (IDS,)),
    ],
    "Recurrent": [
        ({"cell": cell, "units": 3, "direction": direction, "seed": 1}, (STATES, LENGTHS))
        for cell in ("lstm", "gru", "rnn", "irnn")
        for direction in ("forward", "backward", "both")
    ],
    "PieceRecurrent": [
        ({"pieces": 12, "size": 4, "units": 3, "direction": direction}, (IDS, LENGTHS))
        for direction in ("forward", "backward", "both")
    ],
    "CarriedRecurrent": [
        ({"cell": cell, "units": 3, "seed": 1}, (STATES, STATES[:, :, 0] > 1, STATES[:, 0, :size]))
        for cell, size in (("lstm", 6), ("gru", 3), ("rnn", 3), ("irnn", 3))
    ],
    "MeanPooling": [({}, (STATES, LENGTHS))],
    "MaxPooling": [({}, (STATES, LENGTHS))],
    "LastState": [
        ({"direction": direction}, (STATES, LENGTHS))
        for direction in ("forward", "backward", "both")
    ],
    "AttentionPooling": [({"units": 7}, (STATES, LENGTHS))],
    "PieceNgrams": [
        ({"known": [3, 2], "vocabulary_size": 12}, (IDS,)),
        ({"known": [3], "vocabulary_size": 12, "forget": 0.3, "forget_rows": 0.5}, (IDS,)),
    ],
    "LinearChainCRF": [
        ({"legal": LEGAL}, (STATES,)),
        ({"legal": LEGAL, "legal_first": [True] * 5 + [False], "learnt": False}, (STATES,)),
    ],
    "Viterbi": [({"crf": LinearChainCRF(LEGAL)}, (STATES, LENGTHS))],
    "EntityChain": [
        ({"crf": LinearChainCRF(TagSet(("A", "B")).legal)}, (STATES[:, :, :5], LENGTHS))
    ],
    "ProbableEntities": [
        ({"min_probability": 0.3}, (CHAIN,)),
        ({"min_probability": 0.4}, (np.stack([CHAIN] * 2),)),
    ],
    "AdditiveAttention": [({"units": 7}, (STATES[:, :2], STATES, LENGTHS))],
    "MultiplicativeAttention": [
        ({"form": form}, (STATES[:, :2], STATES, LENGTHS)) for form in ("dot", "general")
    ],
    "SinusoidalPositions": [({}, (STATES,))],
    "MultiHeadAttention": [
        ({"width": 8, "heads": 2, "dropout": 0.1}, (STATES[:, :2], STATES, LENGTHS))
    ],
    "EncoderBlock": [({**BLOCK}, (STATES, LENGTHS))],
    "DecoderBlock": [({**BLOCK}, (STATES[:, :2], STATES, LENGTHS))],
    "RecurrentDecoder": [
        ({**DECODER, "cell": "lstm", "layers": 1}, (STATES, STATES[:, 0])),
        ({**DECODER, "attention": "additive", "dropout": 0.1}, ATTENDED),
        ({**DECODER, "attention": "additive", "even_attention": 0.5}, (*ATTENDED, LENGTHS)),
        ({**DECODER, "attention": "general", "input_feeding": True}, ATTENDED),
    ],
    "SegmentGRU": [
        ({"segment": 2, "units": 6, "horizon": 3, "dropout": 0.1, "seed": 1}, (STATES,)),
    ],
    "FeedbackDecoder": [
        ({"cell": cell, "units": 3, "size": 5, "seed": 1}, (STATES, STATES[:, 0, :size]))
        for cell, size in (("lstm", 6), ("gru", 3))
    ],
    "SampledSoftmax": [({"pieces": 12, "size": 6, "samples": 5}, (STATES, IDS))],
    "MeanNats": [({}, (np.ones((3, 5, 6), "float32"), STATES))],
    "DistillationLoss": [
        ({"temperature": 2.0}, (np.full((3, 12), 1 / 6, "float32"), STATES[:, 0])),
    ],
    "PieceCrossEntropy": [({}, (np.array([[0, 2, 1, 3, -1]] * 3), STATES))],
    "SmoothedCrossEntropy": [({"smoothing": 0.2}, (np.array([0, 2, 1]), STATES[:, 0, :3]))],
    "ClippedAdamW": [
        ({"learning_rate": 0.02, "clip_norm": 0.3, "weight_decay": 0.1, "averaging": 0.9}, ()),
        ({"learning_rate": 0.02, "rates": {"embedding": 0.1}}, ()),
    ],
}

CASES = [
    pytest.param(name, arguments, inputs, id=f"{name}-{number}")
    for name, variants in EXAMPLES.items()
    for number, (arguments, inputs) in enumerate(variants)
]
LAYERS = [
    case
    for case in CASES
    if f"pipeline>{case.values[0]}" in REGISTERED
    and issubclass(REGISTERED[f"pipeline>{case.values[0]}"], keras.layers.Layer)
]


def test_every_registered_class_has_an_example():
    assert {name.removeprefix("pipeline>") for name in REGISTERED} == set(EXAMPLES)


def test_every_class_of_keras_here_is_registered():
    """Also one whose author forgot to register it. What the laboratory makes is never saved."""
    ours = [
        value
        for name, module in list(sys.modules.items())
        if name.startswith("pipeline.") and not name.startswith("pipeline.lab.") and module
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == name
        and issubclass(value, (keras.layers.Layer, keras.losses.Loss, keras.optimizers.Optimizer))
    ]
    assert {cls for cls in ours if not issubclass(cls, keras.Model)} == set(REGISTERED.values())


@pytest.mark.parametrize(("name", "arguments", "inputs"), CASES)
def test_configuration_comes_back(name, arguments, inputs):
    one = REGISTERED[f"pipeline>{name}"](**arguments)
    config = keras.saving.serialize_keras_object(one)
    other = keras.saving.deserialize_keras_object(config)
    assert type(other) is type(one)
    assert other.get_config() == one.get_config()
    for argument, value in arguments.items():
        kept = one.get_config()[argument]
        if isinstance(value, keras.layers.Layer):
            assert kept["config"] == value.get_config(), argument
        else:
            assert kept == (pytest.approx(value) if isinstance(value, float) else value), argument


def symbolic(array: np.ndarray, name: str) -> keras.KerasTensor:
    return keras.Input(
        (None, *array.shape[2:]) if array.ndim > 1 else (), dtype=array.dtype, name=name
    )


@pytest.mark.parametrize(("name", "arguments", "inputs"), LAYERS)
def test_saved_model_gives_the_same_outputs(name, arguments, inputs, tmp_path):
    keras.utils.set_random_seed(1)
    arrays = {f"input_{i}": array for i, array in enumerate(inputs)}
    symbols = {key: symbolic(array, key) for key, array in arrays.items()}
    layer = REGISTERED[f"pipeline>{name}"](**arguments)
    output = layer(*symbols.values())
    model = keras.Model(symbols, output)
    for weight in model.weights:
        if "int" not in weight.dtype:
            weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = model.predict_on_batch(arrays)
    both = (expected, again.predict_on_batch(arrays), output)
    for first, second, promised in zip(*map(keras.tree.flatten, both), strict=True):
        np.testing.assert_array_equal(first, second)
        assert first.shape == tuple(
            given or actual for given, actual in zip(promised.shape, first.shape, strict=True)
        )
        assert np.isfinite(first).all()


def test_optimizer_goes_on_where_it_was_saved(tmp_path):
    """Momenta, averages and the step count travel with a compiled model."""
    (arguments, _), *_ = EXAMPLES["ClippedAdamW"]
    generator = np.random.default_rng(0)
    x = generator.normal(size=(32, 4)).astype("float32")
    y = generator.integers(0, 3, size=32)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    optimizer = REGISTERED["pipeline>ClippedAdamW"](**arguments)
    model.compile(optimizer, REGISTERED["pipeline>SmoothedCrossEntropy"](0.1), jit_compile=False)
    for _ in range(3):
        model.train_on_batch(x, y)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    for one in (model, again):
        one.train_on_batch(x, y)
    both = zip(
        [*model.weights, *model.optimizer.variables],
        [*again.weights, *again.optimizer.variables],
        strict=True,
    )
    for one, other in both:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_nothing_uses_lambda_layers_pickles_or_eval():
    """Names that would let a model file run code, or need code to be read."""
    forbidden = {"Lambda", "pickle", "dill", "joblib", "marshal", "shelve", "eval", "exec"}
    for path in Path(pipeline.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            used = set()
            if isinstance(node, ast.Name):
                used = {node.id}
            elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") != "re":
                used = {node.attr}
            elif isinstance(node, ast.Import | ast.ImportFrom):
                used = {alias.name for alias in node.names} | {getattr(node, "module", "")}
            assert not used & forbidden, f"{path}:{node.lineno}: {used & forbidden}"
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "safe_mode"):
                assert node.value.value is (node.arg == "safe_mode"), f"{path}: {node.arg}"
