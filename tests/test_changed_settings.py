"""Other settings over the same run: what was finished is kept."""

from __future__ import annotations

import dataclasses

import h5py
import pytest

from pipeline.errors import UserError
from pipeline.records import as_json
from pipeline.settings import same_settings
from pipeline.stages import train
from pipeline.stages.files import RunFiles
from pipeline.workspace import read_json, sha256, write_json


@pytest.fixture(scope="module")
def run(finished):
    return finished("sentiment")


def test_finished_runs_are_kept_when_settings_change(run, quick, tmp_path, capsys):
    copy = run.copy(tmp_path)
    elsewhere = copy.run / "elsewhere" / "others.json"
    write_json(elsewhere, {"accuracy": 0.5})
    everything = {path.name for path in copy.run.iterdir()}
    assert everything - {"corpus.json", "prepared.json", ".lock"} == set(train.RESULTS)
    before = {
        n: (copy.run / n).read_bytes() for n in ("best.weights.h5", "report.html", "config.json")
    }
    for number, seed in ((1, 5), (2, 6)):
        copy.do("train", settings=quick(seed=seed))
        assert f"is kept in {copy.run}.{number}" in capsys.readouterr().err
    kept = copy.run.with_name("default.1")
    assert {name: (kept / name).read_bytes() for name in before} == before
    assert (kept / "checkpoint" / "state.npz").exists()
    assert read_json(kept / "elsewhere" / "others.json") == {"accuracy": 0.5}
    second = copy.run.with_name("default.2")
    assert read_json(second / "config.json")["training"]["seed"] == 5
    assert read_json(copy.run / "config.json")["training"]["seed"] == 6
    for measured in (copy.run / "metrics.json", elsewhere.parent):
        assert not measured.exists(), "numbers of other weights"


def test_unfinished_training_with_other_settings_starts_again(run, quick, tmp_path, capsys):
    copy = run.copy(tmp_path)
    for name in ("training.json", "metrics.json", "report.html"):
        (copy.run / name).unlink()
    write_json(copy.run / "elsewhere" / "others.json", {"accuracy": 0.5})
    copy.do("train", settings=quick())
    said = capsys.readouterr().err
    assert "starts again" in said
    assert "resuming" not in said
    assert read_json(copy.run / "training.json")["steps"] == 22
    assert not copy.run.with_name("default.1").exists()
    assert not (copy.run / "elsewhere").exists()


def test_another_search_is_no_other_training(finished, tmp_path, capsys):
    """Weights stay, what was measured with the other search goes, and evaluating finds it anew."""
    copy = finished("translation").copy(tmp_path)
    weights = (copy.run / "best.weights.h5").read_bytes()
    tiny = copy.task.tiny
    wider = dataclasses.replace(
        tiny, search=dataclasses.replace(tiny.search, beam_size=3, n_best=2)
    )
    copy.do("train", settings=wider)
    assert "already trained" in capsys.readouterr().err
    assert not copy.run.with_name("default.1").exists()
    assert not (copy.run / "metrics.json").exists()
    assert (copy.run / "best.weights.h5").read_bytes() == weights
    assert read_json(copy.run / "config.json")["search"]["beam_size"] == 3
    longer = dataclasses.replace(tiny, search=dataclasses.replace(tiny.search, max_length_offset=3))
    assert not same_settings(
        copy.run / "config.json", as_json(longer), ignoring=copy.task.search_settings
    )


def test_what_another_run_wrote_over_is_not_taken_for_ours(run, tmp_path):
    """Two runs with the same settings share the folder of the corpus, whatever is in its files."""
    copy = run.copy(tmp_path)
    settings = copy.task.tiny
    files = RunFiles.of(copy.task, settings, copy.workspace)
    files.trained()
    with (copy.corpus / "test.tsv").open("a", encoding="utf-8") as test:
        test.write("x\t다른 글\tpositive\n")
    with pytest.raises(UserError, match="is not what this run is made of — make train-sentiment"):
        files.trained()


def test_lost_weights_are_found_again(run, quick, tmp_path, capsys):
    copy = run.untrained_copy(tmp_path)
    copy.do("train", settings=quick())
    (copy.run / "best.weights.h5").unlink()
    copy.do("train", settings=quick())
    assert "is gone: training again" in capsys.readouterr().err
    assert (copy.run / "best.weights.h5").exists()


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: flip(run / "best.weights.h5"),
        lambda run: [(run / name).unlink() for name in ("best.weights.h5", "training.json")],
        lambda run: [flip(run / "checkpoint" / "state.npz"), (run / "training.json").unlink()],
        lambda run: [(run / "checkpoint" / "state.npz").unlink(), flip(run / "history.csv")],
    ],
    ids=["weights", "weights and record", "checkpoint", "table"],
)
def test_what_is_damaged_is_trained_again_to_the_same_end(run, quick, tmp_path, capsys, damage):
    copy = run.untrained_copy(tmp_path)
    copy.do("train", settings=quick())
    weights, result = load_weights(copy), read_json(copy.run / "training.json")
    damage(copy.run)
    capsys.readouterr()
    copy.do("train", settings=quick())
    assert "again" in capsys.readouterr().err
    assert load_weights(copy) == weights
    again = read_json(copy.run / "training.json")
    assert again["best"] == result["best"]
    assert again["files"]["best.weights.h5"] == sha256(copy.run / "best.weights.h5")
    RunFiles.of(copy.task, quick(), copy.workspace).trained()


def load_weights(run) -> dict[str, list]:
    with h5py.File(run.run / "best.weights.h5") as file:
        found: dict[str, list] = {}
        file.visititems(
            lambda name, item: (
                found.update({name: item[()].tolist()}) if isinstance(item, h5py.Dataset) else None
            )
        )
    assert len(found) > 3
    return found


def test_a_record_is_made_again_of_a_finished_checkpoint_without_training(
    run, quick, tmp_path, capsys
):
    copy = run.untrained_copy(tmp_path)
    copy.do("train", settings=quick())
    files = ("training.json", "history.csv", "steps.csv", "best.weights.h5")
    before = [(copy.run / name).read_bytes() for name in files]
    for name in files[:3]:
        (copy.run / name).unlink()
    capsys.readouterr()
    copy.do("train", settings=quick())
    assert "epoch" not in capsys.readouterr().err
    assert [(copy.run / name).read_bytes() for name in files] == before
