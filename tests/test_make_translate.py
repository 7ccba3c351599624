"""make translate: both directions, asked and trained."""

from __future__ import annotations

import pytest

from make_checkout import STAGES, Checkout

PREDICT = ["-m", "pipeline", "predict", "translation", "--version"]


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return Checkout(tmp_path).with_environment()


def option(call: list[str], name: str) -> str:
    assert call.count(name) == 1
    return call[call.index(name) + 1]


def test_translate_answers_or_trains_first(checkout):
    checkout.make("translate", "TEXT=톰은 왔다.")
    assert checkout.calls == [[*PREDICT, "1", "--text", "톰은 왔다."]]
    checkout.make("translate", "FILE=in.txt", "VERSION=2")
    (call,) = checkout.calls
    assert call[2:] == ["predict", "translation", "--version", "2", "--file", "in.txt"]
    checkout.make("translate")
    assert checkout.stages == [*STAGES, "predict"]
    assert all(call[3] == "translation" for call in checkout.calls)
    checkout.make("translate")
    assert checkout.stages == ["corpus", "predict"]
    assert checkout.calls[-1] == [*PREDICT, "1", "--example"]


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_the_other_direction_stands_beside_the_first(checkout, way):
    asked = (["DIRECTION=en-ko"], {}) if way == "argument" else ([], {"DIRECTION": "en-ko"})

    def make(*words: str):
        return checkout.make("translate", *words, *asked[0], **asked[1])

    checkout.make("translate")
    assert {option(call, "--direction") for call in checkout.calls[:-1]} == {"ko-en"}
    make()
    *stages, shown = checkout.calls
    assert [call[2] for call in stages] == STAGES
    for call in stages:
        values = [option(call, name) for name in ("--direction", "--name", "--version")]
        assert values == ["en-ko", "en-ko", "2"]
    assert shown == [*PREDICT, "2", "--example"]
    for version in ("1", "2"):
        assert (checkout.root / f"saved_models/translation/{version}/saved_model.pb").exists()
    # Both are there, and neither is made again.
    checkout.make("translate")
    assert checkout.calls[1:] == [[*PREDICT, "1", "--example"]]
    make()
    assert checkout.calls[1:] == [[*PREDICT, "2", "--example"]]
    make("TEXT=Tom came.")
    assert checkout.calls == [[*PREDICT, "2", "--text", "Tom came."]]


def test_name_and_version_of_a_direction_are_yours_to_choose(checkout):
    own = ("DIRECTION=en-ko", "NAME=big", "VERSION=7")
    checkout.make("train-translation", *own)
    assert checkout.stages == STAGES
    for call in checkout.calls:
        assert (option(call, "--name"), option(call, "--version")) == ("big", "7")
    checkout.make("evaluate-translation", "EVAL=news", *own)
    _, call = checkout.calls
    assert (call[2], option(call, "--direction")) == ("evaluate", "en-ko")


def test_other_tasks_have_no_direction(checkout):
    checkout.make("train-sentiment", "DIRECTION=en-ko")
    assert checkout.stages == STAGES
    for call in checkout.calls:
        assert "--direction" not in call
        assert (option(call, "--name"), option(call, "--version")) == ("default", "1")


@pytest.mark.parametrize("direction", ["ko_en", "en", "", "en-ko ko-en", "ko-en ko-en"])
@pytest.mark.parametrize("arguments", [["translate", "TEXT=a"], ["train-translation"]])
def test_a_direction_that_there_is_not(checkout, arguments, direction):
    done = checkout.make(*arguments, f"DIRECTION={direction}")
    assert done.returncode == 2
    assert f'DIRECTION is ko-en or en-ko, not "{direction}"' in done.stderr
    assert not checkout.calls
