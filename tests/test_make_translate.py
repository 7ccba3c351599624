"""make translate: both directions, asked and trained."""

from __future__ import annotations

import pytest

from make_checkout import STAGES, Checkout

PREDICT = ["-m", "pipeline", "predict", "translation"]


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    return Checkout(tmp_path).with_environment()


def option(call: list[str], name: str) -> str | None:
    values = [word.removeprefix(f"{name}=") for word in call if word.startswith(f"{name}=")]
    assert len(values) <= 1
    return values[0] if values else None


def test_translate_answers_or_trains_first(checkout):
    checkout.make("translate", "TEXT=톰은 왔다.")
    assert checkout.calls == [[*PREDICT, "--version=1", "--text=톰은 왔다."]]
    checkout.make("translate", "FILE=in.txt", "VERSION=2")
    assert checkout.calls == [[*PREDICT, "--version=2", "--file=in.txt"]]
    checkout.make("translate")
    assert checkout.stages == ["predict", *STAGES, "predict"]
    assert all(call[3] == "translation" for call in checkout.calls)
    assert checkout.calls[-1] == [*PREDICT, "--version=1", "--example"]
    assert checkout.calls[0] == [*checkout.calls[-1], "--check"]


def test_what_cannot_be_asked_is_refused_before_the_training(checkout):
    (checkout.root / "fails").write_text("predict")
    assert checkout.make("translate", "SEED=2").returncode == 2
    assert checkout.stages == ["predict"]


def test_the_other_direction_stands_beside_the_first(checkout):
    checkout.make("translate")
    assert {option(call, "--direction") for call in checkout.calls} == {None}
    checkout.make("translate", "DIRECTION=en-ko")
    checked, *stages, shown = checkout.calls
    assert checked == [*shown, "--check"]
    assert [call[2] for call in stages] == STAGES
    for call in stages:
        values = [option(call, name) for name in ("--direction", "--name", "--version")]
        assert values == ["en-ko", "en-ko", "2"]
    assert shown == [*PREDICT, "--version=2", "--example"]
    for version in ("1", "2"):
        assert (checkout.root / f"saved_models/translation/{version}/saved_model.pb").exists()
    checkout.make("translate", "TEXT=Tom came.", "DIRECTION=en-ko")
    assert checkout.calls == [[*PREDICT, "--version=2", "--text=Tom came."]]


def test_name_and_version_of_a_direction_are_yours_to_choose(checkout):
    own = ("DIRECTION=en-ko", "NAME=big", "VERSION=7")
    checkout.make("train-translation", *own)
    assert checkout.stages == STAGES
    for call in checkout.calls:
        assert (option(call, "--name"), option(call, "--version")) == ("big", "7")
    checkout.make("evaluate-translation", "EVAL=news", *own)
    (call,) = checkout.calls
    assert (call[2], option(call, "--name"), option(call, "--on")) == ("evaluate", "big", "news")
    checkout.make("evaluate-translation", "EVAL=news", "DIRECTION=en-ko")
    assert option(checkout.calls[0], "--name") == "en-ko"


def test_other_tasks_have_no_direction(checkout):
    """Of several goals in one call, too."""
    checkout.make("train-sentiment", "translate", "DIRECTION=en-ko")
    assert checkout.stages == [*STAGES, "predict", *STAGES, "predict"]
    for call in checkout.calls:
        theirs = call[3] == "translation"
        assert option(call, "--version") == ("2" if theirs else "1")
        if call[2] != "predict":
            assert option(call, "--name") == ("en-ko" if theirs else "default")
            assert option(call, "--direction") == ("en-ko" if theirs else None)


@pytest.mark.parametrize("direction", ["ko_en", "en", "", "en-ko ko-en", "ko-en ko-en", "a:=$(b"])
@pytest.mark.parametrize(
    "arguments", [["translate", "TEXT=a"], ["train-translation"], ["evaluate-translation"]]
)
def test_a_direction_that_there_is_not(checkout, arguments, direction):
    done = checkout.make(*arguments, f"DIRECTION={direction}")
    assert done.returncode == 2
    assert f'DIRECTION is ko-en or en-ko, not "{direction}"' in done.stderr
    assert not checkout.calls
