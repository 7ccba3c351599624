"""Settings that users have for other programs change nothing, or are refused in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.environment import check_folder, check_libraries, forget_foreign_settings
from pipeline.errors import UserError

CHECKOUT = Path(__file__).resolve().parent.parent
FOREIGN = {
    "TF_USE_LEGACY_KERAS": "1",
    "KERAS_BACKEND": "torch",
    "KERAS_NNX_ENABLED": "1",
    "KERAS_MAX_EPOCHS": "many",
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "cpp",
    "MPLBACKEND": "no such backend",
    "TF_DETERMINISTIC_OPS": "1",
    "CUDA_VISIBLE_DEVICES": "7",
}
KERAS_JSON = {"floatx": "float16", "epsilon": 0.5, "backend": "torch"}
KERAS_JSON["image_data_format"] = "channels_first"

PROGRAM = """
import json, os
from pipeline.__main__ import prepare_process
from pipeline.quiet import start_keras
prepare_process("predict")
start_keras()
import keras, matplotlib, tensorflow as tf
config = keras.config
print(json.dumps({
    "keras": tf.keras.Model is keras.Model,
    "settings": [config.backend(), config.floatx(), config.epsilon(), config.image_data_format()],
    "kept": [os.environ["TF_DETERMINISTIC_OPS"], os.environ["CUDA_VISIBLE_DEVICES"]],
}))
"""


def test_what_is_set_for_other_programs_changes_nothing(tmp_path):
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(KERAS_JSON))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, **FOREIGN, "HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "keras": True,
        "settings": ["tensorflow", "float32", 1e-7, "channels_last"],
        "kept": ["1", "7"],
    }


def test_docstrings_are_there_whatever_is_set(tmp_path):
    """Some of the libraries change theirs as they are imported."""
    for optimize in ("1", "2"):
        (tmp_path / "__main__.py").write_text(
            "from pipeline.environment import start_python_anew\n"
            "start_python_anew()\n"
            "print(start_python_anew.__doc__ is None)\n"
        )
        done = subprocess.run(
            [sys.executable, tmp_path],
            env={**os.environ, "PYTHONOPTIMIZE": optimize, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "False\n", done.stderr


def test_keras_gets_a_home_where_no_file_can_be(monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "/somewhere")
    forget_foreign_settings()
    assert not Path(os.environ["KERAS_HOME"]).is_dir()


@pytest.mark.parametrize("library", ["keras", "tensorflow"])
@pytest.mark.parametrize("in_path", [True, False])
def test_a_file_that_hides_a_library_is_one_line(tmp_path, library, in_path):
    hiding = (tmp_path / "mine" if in_path else tmp_path) / f"{library}.py"
    hiding.parent.mkdir(exist_ok=True)
    hiding.write_text("answer = 42\n")
    path = os.pathsep.join([*([str(hiding.parent)] if in_path else []), str(CHECKOUT)])
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "train", "sentiment"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {hiding}: ")
    assert done.stderr.count("\n") == 1


def test_the_libraries_that_are_installed_are_not_refused():
    check_libraries()


def test_a_folder_that_tensorflow_cannot_be_given(tmp_path, monkeypatch):
    check_folder()
    folder = tmp_path / os.fsdecode("글".encode("cp949"))
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UserError, match="글: .*UTF-8"):
        check_folder()
