"""Pictures with captions as splits: who is held out, what is refused; and the scenes."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.corpora.captions.caption_files import read_captions
from pipeline.corpora.captions.corpus import captions_of, read_caption_corpus
from pipeline.corpora.captions.flickr8k import unpack_photos, write_tables
from pipeline.corpora.captions.scenes import COLOURS, RELATIONS, captions, picture, scenes
from pipeline.corpora.fetch import CorpusUnavailable, fetch
from pipeline.corpora.remote_files import ReleaseFile
from pipeline.corpora.settings import CaptionCorpusSettings
from pipeline.errors import UserError
from pipeline.tasks.captioning import EXAMPLE


def draw_photos(folder: Path, count: int, start: int = 0) -> list[str]:
    """Different pictures of one colour; their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number}.png" for number in range(start, start + count)]
    for number, name in enumerate(names, start):
        Image.new("RGB", (8, 8), (number, 255 - number, 7 * number % 256)).save(folder / name)
    return names


def captions_file(path: Path, rows) -> Path:
    path.write_text("".join(f"{image}\t{text}\n" for image, text in rows), encoding="utf-8")
    return path


def read(path, **settings):
    return read_caption_corpus(CaptionCorpusSettings(corpus=str(path), **settings), Path("raw"))


def shown(corpus, split: str) -> set[str]:
    """Names of the pictures of a split."""
    return {picture.path.name for picture in corpus.splits[split]["image"]}


def test_a_tenth_of_a_users_pictures_is_held_out(tmp_path):
    names = draw_photos(tmp_path, 30)
    rows = [(name, f"그림 {name} {number}") for name in names for number in range(3)]
    corpus = read(captions_file(tmp_path / "own.tsv", rows))
    parts = [shown(corpus, split) for split in ("train", "dev", "test")]
    assert sorted(map(len, parts)) == [3, 3, 24]
    assert len(set().union(*parts)) == 30
    row = corpus.splits["test"].iloc[0]
    name = row["image"].path.name
    assert captions_of(row) == [f"그림 {name} {number}" for number in range(3)]
    assert row["language"] == "ko"


def test_no_picture_of_test_is_learnt_from_in_any_language(tmp_path):
    """The same photo may have another name, and stand in another file in another language."""
    names = draw_photos(tmp_path / "photos", 12)
    (tmp_path / "photos" / "copy.png").write_bytes((tmp_path / "photos" / "11.png").read_bytes())
    for split, some in {"train": names[:8], "dev": names[8:10], "test": names[10:]}.items():
        rows = [(f"photos/{name}", f"picture {name}") for name in some]
        captions_file(tmp_path / f"en.{split}.tsv", rows)
    korean = [(name, f"그림 {name}") for name in ("0.png", "1.png", "8.png", "copy.png")]
    captions_file(tmp_path / "ko.train.tsv", korean)
    captions_file(tmp_path / "ko.test.tsv", [("2.png", "시험"), ("3.png", "시험")])
    corpus = read(f"{tmp_path / 'en.train.tsv'},{tmp_path / 'ko.train.tsv'}")
    train, dev, test = (corpus.splits[split] for split in ("train", "dev", "test"))
    assert shown(corpus, "test") == {"10.png", "11.png", "2.png", "3.png"}
    assert shown(corpus, "dev") == {"8.png", "9.png"}
    assert shown(corpus, "train") == {"0.png", "1.png", "4.png", "5.png", "6.png", "7.png"}
    assert list(dict.fromkeys(test["language"])) == ["en", "ko"]
    assert set(train[train["language"] == "ko"]["image"].map(lambda p: p.path.name)) == {
        "0.png",
        "1.png",
    }
    assert list(dev["language"]) == ["en", "en"]


def test_what_cannot_be_used_is_counted_and_listed(tmp_path):
    names = draw_photos(tmp_path, 12)
    whole = (tmp_path / names[0]).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "note.jpg").write_text("no picture", encoding="utf-8")
    rows = [*((name, "그림") for name in names[:-1])]
    rows += [("cut.png", "잘린"), ("note.jpg", "글"), ("gone.jpg", "없는"), (names[0], "\u200b")]
    corpus = read(captions_file(tmp_path / "own.tsv", rows))
    assert sum(len(frame) for frame in corpus.splits.values()) == len(names) - 1
    contents = " ".join(reject.content for reject in corpus.rejects)
    for name in ("cut.png", "note.jpg", "gone.jpg", names[-1]):
        assert name in contents
    reasons = [reject.reason for reject in corpus.rejects]
    assert any("cut off" in reason for reason in reasons)
    assert any("neither JPEG nor PNG" in reason for reason in reasons)
    assert any("without a caption" in reason for reason in reasons)


def test_the_same_name_in_two_folders(tmp_path):
    for folder in ("a", "b"):
        draw_photos(tmp_path / folder, 12)
    rows = [(f"a/{number}.png", "그림") for number in range(12)]
    assert sum(map(len, read(captions_file(tmp_path / "own.tsv", rows)).splits.values())) == 12
    path = captions_file(tmp_path / "own.tsv", [("3.png", "그림")])
    with pytest.raises(UserError, match=r"3\.png: the same name in two folders"):
        read(path)


def test_pictures_in_another_folder(tmp_path):
    draw_photos(tmp_path / "photos" / "deep", 12)
    (tmp_path / "captions").mkdir()
    rows = [(f"{number}.png", "그림") for number in range(12)]
    path = captions_file(tmp_path / "captions" / "own.tsv", rows)
    with pytest.raises(UserError, match="no picture with a caption is left"):
        read(path)
    corpus = read(path, pictures=str(tmp_path / "photos"))
    assert sum(map(len, corpus.splits.values())) == 12
    with pytest.raises(UserError, match="no such folder"):
        read(path, pictures=str(tmp_path / "nowhere"))


def test_the_command_ends_with_one_line(tmp_path, command):
    captions_file(tmp_path / "own.tsv", [("gone.jpg", "없는 사진")])
    ended = command(tmp_path, "corpus", "captioning", "--corpus", "own.tsv")
    assert "own.tsv" in ended.error


# ---- scenes


def test_the_same_seed_draws_the_same_scenes():
    first, again = (list(scenes(5, seed=3)) for _ in range(2))
    assert first == again
    assert first != list(scenes(5, seed=4))


def test_the_example_is_what_the_program_draws():
    _, content, _ = next(scenes(1))
    stored, drawn = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        for png in (EXAMPLE.read_bytes(), content)
    )
    np.testing.assert_array_equal(stored, drawn)


def test_captions_say_what_is_drawn():
    """The things are on the side of the other one that the captions tell."""
    for scene, _, _ in scenes(40):
        if scene.colour == scene.other_colour:
            continue
        content = picture(scene, np.random.default_rng(0))
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), float)
        place = {
            name: np.argwhere(np.abs(pixels - colour).sum(axis=2) < 60).mean(axis=0)
            for name, colour in _shades(scene).items()
        }
        down, across = place["things"] - place["other"]
        where = {"위": -down, "아래": down, "왼쪽": -across, "오른쪽": across}
        assert max(where, key=where.__getitem__) == scene.relation, scene
        for text in captions(scene):
            assert scene.shape in text
            assert scene.relation in text or RELATIONS[scene.relation] in text


def _shades(scene):
    return {
        "things": np.array(COLOURS[scene.colour]),
        "other": np.array(COLOURS[scene.other_colour]),
    }


def test_combinations_of_test_are_in_no_training_scene():
    corpus = read("sample", scenes=150)
    of_picture = {content: scene.combination for scene, content, _ in scenes(150)}
    parts = {
        split: {of_picture[picture.content] for picture in frame["image"]}
        for split, frame in corpus.splits.items()
    }
    assert parts["test"].isdisjoint(parts["train"] | parts["dev"])
    assert parts["dev"].isdisjoint(parts["train"])
    assert json.loads(corpus.splits["train"].iloc[0]["further"])


# ---- Flickr8k as it is published


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_archives_of_flickr8k(tmp_path):
    names = [name.replace("png", "jpg") for name in draw_photos(tmp_path / "drawn", 4)]
    photos = {
        f"Flicker8k_Dataset/{n}": (tmp_path / "drawn" / n.replace("jpg", "png")).read_bytes()
        for n in names
    }
    junk = {"__MACOSX/Flicker8k_Dataset/._0.jpg": b"x", "Flicker8k_Dataset/../../evil.jpg": b"y"}
    unpack_photos(zipped(tmp_path / "photos.zip", {**photos, **junk}), tmp_path / "photos")
    assert sorted(p.name for p in (tmp_path / "photos").iterdir()) == sorted([*names, "evil.jpg"])
    assert not list(tmp_path.parent.glob("evil.jpg"))
    token = "".join(f"{n}#{i}\tcaption {n} {i} .\n" for n in names for i in range(2))
    texts = {"Flickr8k.token.txt": token.encode()}
    for part, some in {"train": names[:2], "dev": names[2:3], "test": names[3:]}.items():
        texts[f"Flickr_8k.{part}Images.txt"] = "\n".join(some).encode()
    archive, counts = zipped(tmp_path / "text.zip", texts), {"train": 2, "dev": 1, "test": 1}
    write_tables(archive, tmp_path / "tables", counts)
    found = read_captions(tmp_path / "tables" / "train.tsv").captions
    assert [(c.image, c.text) for c in found] == [
        (n, f"caption {n} {i} .") for n in names[:2] for i in range(2)
    ]
    with pytest.raises(UserError, match="2 photos of train"):
        write_tables(archive, tmp_path / "others", {**counts, "train": 3})
    assert not (tmp_path / "others").exists()


def test_without_a_network_scenes_stand_in(tmp_path, monkeypatch):
    def unavailable(corpus, raw):
        raise CorpusUnavailable("no network")

    monkeypatch.setattr("pipeline.corpora.captions.corpus.fetch_flickr8k", unavailable)
    corpus = read("flickr8k", scenes=60)
    assert corpus.stand_in
    assert len(corpus.warnings) == 1
    assert corpus.splits["test"].iloc[0]["language"] == "ko"


def test_a_release_is_known_by_its_md5(tmp_path):
    file = ReleaseFile("owner/name", "v1", "a.zip", hashlib.md5(b"content").hexdigest(), "none")
    (tmp_path / file.relative).parent.mkdir(parents=True)
    (tmp_path / file.relative).write_bytes(b"content")
    assert fetch(file, tmp_path) == tmp_path / file.relative
    (tmp_path / file.relative).write_bytes(b"other")
    with pytest.raises(UserError, match="md5"):
        fetch(file, tmp_path)
