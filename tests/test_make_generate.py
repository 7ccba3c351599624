"""make generate and the studies: what they ask, and what they make first."""

from __future__ import annotations

import pytest

from make_checkout import STAGES, Checkout

PREDICT = ["-m", "pipeline", "predict", "charlm", "--version=1"]


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return Checkout(tmp_path).with_environment()


def test_generate_trains_where_there_is_no_model(checkout):
    checkout.make("generate", "PROMPT=나 보기가")
    assert checkout.stages == ["predict", *STAGES, "predict"]
    assert checkout.calls[0] == [*checkout.calls[-1], "--check"]
    assert checkout.calls[-1] == [*PREDICT, "--text=나 보기가"]
    checkout.make("generate")
    assert checkout.calls == [[*PREDICT, "--example"]]


def test_what_cannot_be_asked_is_refused_before_the_training(checkout):
    (checkout.root / "fails").write_text("predict")
    assert checkout.make("generate", "LENGTH=x").returncode == 2
    assert checkout.stages == ["predict"]


def test_generate_passes_on_what_is_asked(checkout):
    checkout.make("train-charlm")
    checkout.make("generate", "PROMPT=모든 '국민'은", "LENGTH=20", "TEMPERATURE=0", "SEED=7")
    (call,) = checkout.calls
    assert call[5:] == ["--length=20", "--temperature=0", "--seed=7", "--text=모든 '국민'은"]
    checkout.make("generate", "PROMPT=")
    assert checkout.calls[0][-1] == "--text="
    checkout.make("generate", "FILE=prompts.txt")
    assert checkout.calls[0][-1] == "--file=prompts.txt"
    # Both: which is meant, Python asks.
    checkout.make("generate", "FILE=prompts.txt", "PROMPT=a")
    assert checkout.calls[0][-2:] == ["--file=prompts.txt", "--text=a"]


def test_studies_look_at_what_is_there(checkout):
    checkout.make("study-gradients", "QUICK=1", "CORPUS=shakespeare")
    (call,) = checkout.calls
    assert call[2:] == [
        *("study", "gradients", "--name=default", "--seed=1", "--quick=1"),
        "--corpus=shakespeare",
    ]
    checkout.make("study-gradients", "QUICK=no", "SEED=3")
    assert checkout.calls[0][4:] == ["--name=default", "--seed=3", "--quick=no"]
    checkout.make("study-units")
    assert checkout.stages == ["corpus", "prepare", "train", "study"]
    # Another corpus would be another run: that which is there is studied as it is.
    checkout.make("study-units", "CORPUS=shakespeare")
    (call,) = checkout.calls
    assert call[2:] == ["study", "units", "--name=default", "--seed=1"]
