"""The picture encoder that comes with the project, and features kept on disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis.extra import numpy as arrays_of

from pipeline.byte_planes import read_planes, write_planes
from pipeline.errors import UserError
from pipeline.fields.picture import PictureFile
from pipeline.pictures import features as features_module
from pipeline.pictures.encoder import NAME, WEIGHTS, as_constants, load_picture_encoder, read_facts
from pipeline.pictures.features import picture_features
from pipeline.pictures.reading import read_pictures
from pipeline.pretrained import SHIPPED
from test_pictures import encoded


@pytest.fixture(scope="module")
def encoder():
    """pixels float32 [n, 224, 224, 3] -> features float32 [n, 7, 7, 1280], an array."""
    graph = as_constants(load_picture_encoder())
    return lambda pixels: graph(tf.constant(pixels)).numpy()


def drawn() -> np.ndarray:
    """A disc before two ramps: float32 [224, 224, 3]."""
    y, x = np.mgrid[:224, :224].astype(np.float32)
    disc = np.where((x - 112) ** 2 + (y - 80) ** 2 < 50**2, 230.0, 40.0)
    return np.stack([x * 255 / 223, y * 255 / 223, disc], axis=-1).astype(np.float32)


# What an implementation in NumPy gives for `drawn` with the weights as they were published:
# the largest means over places, and the mean of all features at nine places.
CHANNELS = [113, 897, 930, 1157, 1070, 1006, 245, 1167]
MEANS = [4.84205, 4.25011, 3.51617, 3.10528, 2.80292, 2.58051, 2.46297, 2.36509]
PLACES = [0.0177, 0.062, 0.0251, 0.0593, 0.2862, 0.1043, 0.0134, 0.0267, 0.0215]


def test_features_are_those_of_another_implementation(encoder):
    found = encoder(drawn()[None])
    assert found.shape == (1, 7, 7, 1280)
    means = found.mean((1, 2))[0]
    assert np.argsort(-means)[: len(CHANNELS)].tolist() == CHANNELS
    np.testing.assert_allclose(means[CHANNELS], MEANS, atol=1e-3)
    np.testing.assert_allclose(found[0, ::3, ::3].mean(-1).ravel(), PLACES, atol=1e-3)


REFERENCE = "efficientnet-lite0-reference.npz"


def _mirror() -> Path:
    return Path(os.environ.get("CORPUS_MIRROR", "."))


@pytest.mark.skipif(
    not (_mirror().parent / "pretrained" / REFERENCE).exists(),
    reason="needs photos that may not be passed on, beside the mirror",
)
def test_features_of_photos_are_the_published_ones(encoder):
    with np.load(_mirror().parent / "pretrained" / REFERENCE, allow_pickle=False) as stored:
        names, means, center = (stored[name] for name in ("images", "features", "center"))
    photos = _mirror() / "prepared" / "captions" / "flickr8k" / "images"
    contents = [(photos / Path(str(name)).name).read_bytes() for name in names]
    found = encoder(read_pictures(tf.constant(contents), 224))
    np.testing.assert_allclose(found.mean((1, 2)), means, atol=1e-3)
    np.testing.assert_allclose(found[:, 3, 3], center, atol=1e-3)


def test_weights_as_constants_give_the_same(encoder):
    model = load_picture_encoder()
    assert not as_constants(model).get_concrete_function().variables
    pixels = drawn()[None]
    np.testing.assert_allclose(encoder(pixels), model(pixels), atol=1e-4)


def test_a_changed_weight_is_noticed(tmp_path):
    shutil.copytree(SHIPPED / NAME, tmp_path / "encoder")
    path = tmp_path / "encoder" / WEIGHTS
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="is not what was written"):
        read_facts(tmp_path / "encoder")
    path.unlink()
    with pytest.raises(UserError, match="is gone"):
        load_picture_encoder(tmp_path / "encoder")


@given(arrays_of.arrays(np.float32, 5, elements={"min_value": -60000, "max_value": 60000}))
def test_a_third_byte_keeps_what_float16_loses(tmp_path, array):
    for planes, expected, precision in ((2, array.astype(np.float16), 0), (3, array, 2.0**-18)):
        write_planes(tmp_path / "weights.npz", {"w": array}, planes)
        found = read_planes(tmp_path / "weights.npz", "")["w"]
        np.testing.assert_allclose(found, expected, rtol=precision, atol=precision * 2**-14)


# ---- features on disk


@pytest.fixture
def pictures() -> list[PictureFile]:
    """Three, of which one comes twice."""
    some = [PictureFile(encoded(np.full((8, 8, 3), shade, np.uint8))) for shade in (10, 120, 250)]
    return [*some, some[1]]


@pytest.fixture
def computed(monkeypatch):
    """How many pictures the encoder has seen."""
    seen: list[int] = []
    compute = features_module._compute

    def count(encoder, pictures):
        seen.append(len(pictures))
        return compute(encoder, pictures)

    monkeypatch.setattr(features_module, "_compute", count)
    return seen


def test_features_are_computed_once(pictures, computed, encoder, tmp_path):
    first = picture_features(pictures[:2], tmp_path)
    assert sum(computed) == 2
    every = picture_features(pictures, tmp_path)
    assert sum(computed) == 3
    assert every.rows.tolist() == [0, 1, 2, 1]
    pixels = read_pictures(tf.constant([picture.content for picture in pictures]), 224)
    expected = encoder(pixels).reshape(4, 49, 1280)
    np.testing.assert_allclose(every.take(np.arange(4)), expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(first.take(np.arange(2)), every.take(np.arange(2)))


def test_what_a_kill_left_is_made_whole(pictures, computed, tmp_path):
    """Half of an array, half of a line: what is not wholly there is computed again."""
    whole = picture_features(pictures, tmp_path).take(np.arange(3))
    array, index = tmp_path / "features.f16", tmp_path / "index.txt"
    array.write_bytes(array.read_bytes()[:-1000])
    index.write_bytes(index.read_bytes()[:-10])
    computed.clear()
    again = picture_features(pictures, tmp_path).take(np.arange(3))
    np.testing.assert_allclose(again, whole, rtol=0.01, atol=0.002)
    assert sum(computed) == 1


def test_a_damaged_picture_is_named(pictures, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(pictures[0].content[:50])
    with pytest.raises(UserError, match=r"photo\.png.*cut off"):
        picture_features([*pictures, PictureFile(None, path)], tmp_path / "store")


def test_a_picture_that_changed_is_named(pictures, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(pictures[0].content)
    changed = PictureFile(None, path, pictures[1].sha256)
    with pytest.raises(UserError, match=r"photo\.png: is not the picture"):
        picture_features([changed], tmp_path / "store")
