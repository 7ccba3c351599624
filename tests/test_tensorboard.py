"""The logs, read back through TensorBoard's own server code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from xml.etree import ElementTree

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.training.tensorboard import TensorBoardLog, escaped, write_projector

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff\xff\x7f\x00\t\xfb\x03\xfd\x05CE\xca"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


class Server:
    """TensorBoard's web application over a folder of logs, asked without a network."""

    def __init__(self, logdir):
        from tensorboard.backend import application
        from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
        from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
        from tensorboard.plugins import base_plugin
        from tensorboard.plugins.hparams.hparams_plugin import HParamsPlugin
        from tensorboard.plugins.image.images_plugin import ImagesPlugin
        from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
        from tensorboard.plugins.text.text_plugin import TextPlugin
        from werkzeug.test import Client

        self.events = EventMultiplexer().AddRunsFromDirectory(str(logdir))
        self.events.Reload()
        provider = MultiplexerDataProvider(self.events, str(logdir))
        context = base_plugin.TBContext(
            data_provider=provider, logdir=str(logdir), multiplexer=self.events
        )
        plugins = [
            make(context) for make in (ProjectorPlugin, TextPlugin, ImagesPlugin, HParamsPlugin)
        ]
        self.client = Client(application.TensorBoardWSGI(plugins, data_provider=provider))

    def get(self, path, **query):
        answer = self.client.get(f"/data/plugin/{path}", query_string=query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer

    def curve(self, run, tag):
        from tensorboard.util.tensor_util import make_ndarray

        events = self.events.Tensors(run, tag)
        return [(e.step, float(make_ndarray(e.tensor_proto))) for e in events]


def test_needs_no_tensorflow(tmp_path):
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from pipeline.training.tensorboard import TensorBoardLog, write_projector\n"
        "with TensorBoardLog(Path(sys.argv[1])) as log:\n"
        "    log.scalar('a', 1.0, 1); log.text('b', '가', 1); log.histogram('c', np.ones(3), 1)\n"
        "    log.hparams({'units': 8}, {'accuracy': 0.5})\n"
        "write_projector(Path(sys.argv[1]), np.ones((2, 2)), ['가', '나'])\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_scalars_texts_and_histograms_come_back(tmp_path):
    with TensorBoardLog(tmp_path / "run") as log:
        for step in (1, 2, 4):
            log.scalar("train/loss", 1 / step, step)
        log.text("note", "**굵게** 그리고 <script>alert(1)</script>", 2)
        log.histogram("weights", np.array([0.0, 1.0, 1.0, np.nan, np.inf]), 3)
    server = Server(tmp_path)
    assert server.curve("run", "train/loss") == [(1, 1.0), (2, 0.5), (4, 0.25)]
    (text,) = server.get("text/text", run="run", tag="note").json
    assert text["step"] == 2
    assert "<strong>굵게</strong>" in text["text"]
    assert "<script>" not in text["text"]
    from tensorboard.util.tensor_util import make_ndarray

    (event,) = server.events.Tensors("run", "weights")
    buckets = make_ndarray(event.tensor_proto)
    assert (buckets[0, 0], buckets[-1, 1]) == (0.0, 1.0)
    assert (buckets[0, 2], buckets[-1, 2], buckets[:, 2].sum()) == (1, 2, 3)


def test_pictures_come_back(tmp_path):
    with TensorBoardLog(tmp_path / "run") as log:
        log.image("confusion", PNG, 7)
    server = Server(tmp_path)
    (entry,) = server.get("images/images", run="run", tag="confusion", sample=0).json
    assert entry["step"] == 7
    answer = server.client.get(f"/data/plugin/images/individualImage?{entry['query']}")
    assert answer.data == PNG
    assert answer.mimetype == "image/png"


def test_what_is_no_picture_is_refused(tmp_path):
    with TensorBoardLog(tmp_path) as log, pytest.raises(ValueError, match="not a PNG"):
        log.image("confusion", b"GIF89a", 1)


def test_a_resumed_training_shows_no_step_twice(tmp_path):
    with TensorBoardLog(tmp_path / "run") as log:
        for step in range(1, 9):
            log.scalar("loss", step, step)
    for _ in range(11):  # opened often within one second: the order has to hold
        TensorBoardLog(tmp_path / "run").close()
    with TensorBoardLog(tmp_path / "run") as log:
        log.restart(6)  # the checkpoint was made after step 5
        for step in range(6, 10):
            log.scalar("loss", 100 + step, step)
    expected = [(s, float(s)) for s in range(1, 6)] + [(s, 100.0 + s) for s in range(6, 10)]
    assert Server(tmp_path).curve("run", "loss") == expected


def test_opening_a_log_again_keeps_what_was_there(tmp_path):
    with TensorBoardLog(tmp_path / "run") as log:
        log.scalar("loss", 1.0, 1)
    with TensorBoardLog(tmp_path / "run") as log:
        log.scalar("loss", 0.5, 2)
    assert Server(tmp_path).curve("run", "loss") == [(1, 1.0), (2, 0.5)]


def test_a_fresh_log_takes_the_place_of_the_old_one(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for value in (1.0, 2.0):
        with TensorBoardLog(tmp_path, fresh=True) as log:
            log.scalar("test/accuracy", value, 0)
    assert Server(tmp_path).curve(".", "test/accuracy") == [(0, 2.0)]
    assert (tmp_path / "notes.txt").exists()


def test_hparams_show_settings_beside_scores(tmp_path):
    settings = {"model": {"units": 64, "bidirectional": True}, "text": {"morphemes": None}}
    with TensorBoardLog(tmp_path / "run") as log:
        log.hparams(settings, {"accuracy": 0.875})
    request = {
        "experimentName": "",
        "allowedStatuses": ["STATUS_SUCCESS"],
        "colParams": [],
        "startIndex": 0,
        "sliceSize": 10,
    }
    answer = Server(tmp_path).client.post("/data/plugin/hparams/session_groups", json=request)
    (group,) = json.loads(answer.data)["sessionGroups"]
    assert group["hparams"] == {
        "model.units": 64.0,
        "model.bidirectional": True,
        "text.morphemes": "None",
    }
    (metric,) = group["metricValues"]
    assert (metric["name"]["tag"], metric["value"]) == ("hparam/accuracy", 0.875)


def test_misclassified_texts_are_shown_literally(tmp_path):
    texts = ["별로 | 재미*없*다\n<b>그래도</b> [링크](http://x) `코드`", "# 제목 아님"]
    with TensorBoardLog(tmp_path / "run") as log:
        log.misclassified(texts, ["부정", "부정"], ["긍정", "긍정"], [0.991, 0.5], 3)
    (shown,) = Server(tmp_path).get("text/text", run="run", tag="misclassified").json
    table = ElementTree.fromstring(shown["text"])
    rows = [["".join(cell.itertext()) for cell in row.iter("td")] for row in table.iter("tr")]
    assert rows[1:] == [
        [" ".join(texts[0].split()), "부정", "긍정", "99.1%"],
        [texts[1], "부정", "긍정", "50.0%"],
    ]
    assert not {"a", "b", "em", "code"} & {element.tag for element in table.iter()}


def test_escaped_leaves_hangul_alone():
    assert escaped("ㅋㅋ 재밌다") == "ㅋㅋ 재밌다"


@pytest.mark.parametrize("with_columns", [False, True])
def test_projector_loads_vectors_and_korean_labels(tmp_path, with_columns):
    vectors = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
    vectors[0] = 0.0
    labels = [f"##{chr(0xAC00 + i)}" for i in range(300)]
    labels[3], labels[4], labels[5] = "탭\t과\n줄", " ", "漢字 🙂"
    columns = {"count": list(range(300)), "kind": [""] * 300} if with_columns else None
    with TensorBoardLog(tmp_path / "run") as log:
        log.scalar("loss", 1.0, 1)
    write_projector(tmp_path / "run", vectors, labels, columns, max_rows=200)
    server = Server(tmp_path)
    assert server.get("projector/runs").json == ["run"]
    (info,) = server.get("projector/info", run="run").json["embeddings"]
    assert info["tensorShape"] == [200, 5]
    name = info["tensorName"]
    raw = server.get("projector/tensor", run="run", name=name, num_rows=1000).data
    np.testing.assert_array_equal(np.frombuffer(raw, np.float32).reshape(200, 5), vectors[:200])
    text = server.get("projector/metadata", run="run", name=name, num_rows=1000).data.decode()
    lines = text.rstrip("\n").split("\n")
    if with_columns:
        assert lines.pop(0) == "label\tcount\tkind"
        assert lines[1] == "##각\t1\t∅"
    shown = [line.split("\t")[0] for line in lines]
    expected = labels[:200]
    expected[3], expected[4] = "탭 과 줄", "∅"
    assert shown == expected


def test_projector_works_in_the_log_folder_itself(tmp_path):
    write_projector(tmp_path, np.eye(3), ["가", "나", "다"])
    assert Server(tmp_path).get("projector/runs").json == ["."]


def test_projector_refuses_labels_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="2 values in labels for 3 embeddings"):
        write_projector(tmp_path, np.eye(3), ["가", "나"])


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="TensorBoard's log cannot be written"):
        TensorBoardLog(tmp_path / "file" / "log")


def test_the_server_shows_everything_quietly(tmp_path):
    """Beside a folder of the name that TensorFlow gives to a file of its own."""
    run = tmp_path / "runs" / "ner" / "default"
    (run / "checkpoint").mkdir(parents=True)
    (run / "checkpoint" / "state.npz").write_bytes(b"")
    with TensorBoardLog(run / "tensorboard") as log:
        log.scalar("train/loss", 1.0, 1)
    write_projector(run / "tensorboard", np.eye(3), ["가", "나", "다"])
    log_file = tmp_path / "log"
    words = ("--logdir", tmp_path / "runs", "--port", "0", "--samples_per_plugin", "text=1000")
    with open(log_file, "wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "pipeline.training.tensorboard_server", *map(str, words)],
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 100
        while not (address := re.search(r"http://\S+/", log_file.read_text())):
            assert server.poll() is None, log_file.read_text()
            assert time.monotonic() < deadline, log_file.read_text()
            time.sleep(0.1)

        def get(path: str):
            with urllib.request.urlopen(f"{address[0]}data/{path}", timeout=60) as answer:
                return answer.read().decode("utf-8")

        name = "ner/default/tensorboard"
        while json.loads(get("runs")) != [name]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "train/loss" in json.loads(get("plugin/scalars/tags"))[name]
        assert json.loads(get("plugin/projector/runs")) == [name]
        labels = get(f"plugin/projector/metadata?run={name}&name=embedding")
        assert labels.split() == ["가", "나", "다"]
    finally:
        server.kill()
        server.wait()
    # where it is to be found, and how to reach it from elsewhere
    assert len(log_file.read_text().split("\n\n")[-1].splitlines()) <= 2, log_file.read_text()
    assert "warn" not in log_file.read_text().lower()
