"""Draws scenes with Korean captions, a corpus of captions that needs no network.

A scene has one to three things of a shape and a colour, and another thing above, below, left or
right of them: "파란 원 두 개가 빨간 네모 위에 있다".
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.image import imsave

COLOURS = {
    "빨간": (214, 39, 40),
    "파란": (31, 90, 200),
    "노란": (240, 200, 20),
    "초록": (30, 150, 60),
    "보라": (140, 60, 190),
}
SHAPES = ("원", "네모", "세모", "십자가")
RELATIONS = {"위": "아래", "아래": "위", "왼쪽": "오른쪽", "오른쪽": "왼쪽"}
"""Place of the things -> place of the other thing, seen from them."""
_COUNTS = {1: "하나", 2: "두 개", 3: "세 개"}
_SIDE = 112
_CAPTIONS = 3


@dataclasses.dataclass(frozen=True)
class Scene:
    """A scene: one to three equal things, and another thing beside, above or below them.

    Attributes:
        colour, shape, count: of the things.
        relation: where they are, seen from the other one.
        other_colour, other_shape: of that.
    """

    colour: str
    shape: str
    count: int
    relation: str
    other_colour: str
    other_shape: str

    @property
    def combination(self) -> str:
        """Colours and shapes, without number and places: the unit that is held out."""
        return f"{self.colour} {self.shape}, {self.other_colour} {self.other_shape}"


def scenes(count: int, seed: int = 1) -> Iterator[tuple[Scene, bytes, list[str]]]:
    """Scenes, drawn at random but the same for the same seed.

    Yields:
        The scene, a PNG of 112 × 112 pixels, and three captions in different words.
    """
    draw = np.random.default_rng(seed)
    for _ in range(count):
        colours, shapes = (
            [str(word) for word in draw.choice(words, 2)] for words in (list(COLOURS), SHAPES)
        )
        if (colours[0], shapes[0]) == (colours[1], shapes[1]):
            shapes[1] = SHAPES[(SHAPES.index(shapes[0]) + 1) % len(SHAPES)]
        relation = str(draw.choice(list(RELATIONS)))
        number = int(draw.integers(1, len(_COUNTS) + 1))
        scene = Scene(colours[0], shapes[0], number, relation, colours[1], shapes[1])
        wordings = captions(scene)
        chosen = draw.permutation(len(wordings))[:_CAPTIONS]
        yield scene, picture(scene, draw), [wordings[i] for i in chosen]


def captions(scene: Scene) -> list[str]:
    """All wordings of a scene."""
    things = f"{scene.colour} {scene.shape} {_COUNTS[scene.count]}"
    other = f"{scene.other_colour} {scene.other_shape}"
    where, there = scene.relation, RELATIONS[scene.relation]
    side = f"{where.removesuffix('쪽')}쪽"
    return [
        f"{things}가 {other} {where}에 있다",
        f"{other} {where}에 {things}가 있다",
        f"{other}{_topic(other)} {things} {there}에 있다",
        f"{things}와 그 {there}에 있는 {other}",
        f"{other} {side}으로 {things}가 보인다",
    ]


def _topic(word: str) -> str:
    """은 behind a syllable with a final consonant, else 는."""
    return "은" if (ord(word[-1]) - 0xAC00) % 28 else "는"


def picture(scene: Scene, draw: np.random.Generator) -> bytes:
    """A PNG of the scene; places, sizes, shades and the background vary."""
    size = 2 * _SIDE  # every pixel is the mean of four
    y, x = np.mgrid[:size, :size] / size
    ground = draw.uniform(200, 245, 3)
    slope = draw.uniform(-25, 25, 2)
    pixels = ground + (slope[0] * (x - 0.5) + slope[1] * (y - 0.5))[..., None]
    sign = -1 if scene.relation in ("위", "왼쪽") else 1
    is_upright = scene.relation in ("위", "아래")
    spread = (np.arange(scene.count) - (scene.count - 1) / 2) * 0.3
    for offset in spread:
        along, across = 0.5 + offset, 0.5 + sign * 0.24
        place = (along, across) if is_upright else (across, along)
        _paint(pixels, x, y, place, 0.11, scene.colour, scene.shape, draw)
    place = (0.5, 0.5 - sign * 0.24)
    place = place if is_upright else place[::-1]
    _paint(pixels, x, y, place, 0.16, scene.other_colour, scene.other_shape, draw)
    pixels = pixels.reshape(_SIDE, 2, _SIDE, 2, 3).mean((1, 3))
    file = io.BytesIO()
    rounded = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    imsave(file, rounded, format="png", metadata={"Software": None})
    return file.getvalue()


_INSIDE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "원": lambda u, v: u**2 + v**2 < 1,
    "네모": lambda u, v: np.maximum(abs(u), abs(v)) < 0.88,
    "세모": lambda u, v: (v < 0.85) & (v > 2 * abs(u) - 1),
    "십자가": lambda u, v: np.minimum(abs(u), abs(v)) + 0 * u < 0.32,
}


def _paint(pixels, x, y, place, size, colour, shape, draw) -> None:
    """Paints one thing."""
    across, down = np.asarray(place) + draw.uniform(-0.03, 0.03, 2)
    size = size * draw.uniform(0.85, 1.1)
    u, v = (x - across) / size, (y - down) / size
    inside = _INSIDE[shape](u, v) & (np.maximum(abs(u), abs(v)) < 1)
    pixels[inside] = np.asarray(COLOURS[colour]) + draw.uniform(-15, 15, 3)
