"""Pictures, videos and series that cannot be used: one line, exit code 2, and what an earlier
command wrote is as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image

PICTURES = [f"{number}.png" for number in range(12)]


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        content = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(content)


def captioning(folder: Path) -> Path:
    """Twelve pictures with a caption each."""
    folder.mkdir()
    for number, name in enumerate(PICTURES):
        Image.new("RGB", (8, 8), (number, 20 * number, 99)).save(folder / name)
    write(folder, {"own.tsv": "".join(f"{name}\t그림 {name}\n" for name in PICTURES)})
    return folder / "own.tsv"


def frames(folder: Path) -> Path:
    """Four videos of ten frames."""
    rows = {n: "".join(f"{n},{t},{'ab'[t // 5]}\n" for t in range(10)) for n in range(4)}
    write(folder, {f"v{n}.csv": f"x,y,label\n{text}" for n, text in rows.items()})
    return folder


def forecasting(folder: Path) -> Path:
    """A hundred days of two channels."""
    days = "".join(f"2024-{n // 28 + 1:02d}-{n % 28 + 1:02d},{n},{n * n % 17}\n" for n in range(99))
    write(folder, {"own.csv": f"date,a,b\n{days}"})
    return folder / "own.csv"


GOOD: dict[str, Callable[[Path], Path]] = {
    "captioning": captioning,
    "frames": frames,
    "forecasting": forecasting,
}


def edited(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return edit


def replaced(content: bytes, names: list[str]) -> Callable[[Path], None]:
    return lambda folder: write(folder, dict.fromkeys(names, content))


def cut_in_half(folder: Path) -> None:
    for name in PICTURES:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])


def in_two_folders(folder: Path) -> None:
    for copy in ("a", "b"):
        (folder / copy).mkdir()
        shutil.copy(folder / "3.png", folder / copy / "3.png")
    (folder / "3.png").unlink()


def rows_of(count: int) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        lines = (folder / "own.csv").read_text("utf-8").splitlines()[: count + 1]
        write(folder, {"own.csv": "\n".join(lines) + "\n"})

    return edit


def table(row: str) -> Callable[[Path], None]:
    """99 rows like `row`, in which n counts them, and day and hour go on with it."""
    rows = [row.format(n=n, day=n // 24 + 1, hour=n % 24) for n in range(99)]
    return lambda folder: write(folder, {"own.csv": "\n".join(["date,a", *rows]) + "\n"})


def one_frame_each(folder: Path) -> None:
    for number in range(4):
        write(folder, {f"v{number}.csv": f"x,y,label\n{number},1,a\n"})


BAD: list[tuple[str, str, Callable[[Path], None], str]] = [
    ("captioning", "no pictures", replaced(b"text", PICTURES), "no picture with a caption is left"),
    ("captioning", "truncated", cut_in_half, "no picture with a caption is left (24 rows cannot"),
    ("captioning", "missing", edited("own.tsv", ".png\t", ".jpg\t"), "there is no picture 0.jpg"),
    ("captioning", "the same name twice", in_two_folders, "3.png: the same name in two folders"),
    ("frames", "another width", edited("v2.csv", "x,y", "x,y,z"), "v2.csv:2: has 3 columns, not 4"),
    ("frames", "NaN", edited("v2.csv", "2,3,a", "2,NaN,a"), "v2.csv:5: NaN is no finite number"),
    ("frames", "infinite", edited("v2.csv", "2,3,a", "-inf,3,a"), "v2.csv:5: -inf is no finite"),
    ("frames", "no label", edited("v2.csv", "2,3,a", "2,3,"), "v2.csv:5: the frame has no label"),
    ("frames", "one frame each", one_frame_each, "no video has two frames"),
    ("forecasting", "too short", rows_of(14), "too few for a window of 10 and a horizon of 5"),
    ("forecasting", "text", edited("own.csv", ",50,", ",많음,"), "own.csv:52: '많음' in column a"),
    ("forecasting", "infinite", edited("own.csv", ",50,", ",inf,"), "own.csv:52: 'inf' in column"),
    ("forecasting", "one time", table("2024-01-01,{n}"), "98 of 99 rows have the time of"),
    ("forecasting", "constant", table("2024-01-0{day} {hour}:00,7"), "no channel ever changes"),
]


@pytest.mark.parametrize(
    ("task", "spoil", "said"),
    [
        pytest.param(task, spoil, said, id=f"{task}-{what}")
        for task, what, spoil, said in BAD
        if said
    ],
)
def test_it_is_one_line_and_nothing_is_lost(tmp_path, command, task, spoil, said):
    corpus = GOOD[task](tmp_path / "own")
    sizes = ("--window", "10", "--horizon", "5") if task == "forecasting" else ()
    arguments = ("corpus", task, "--corpus", corpus.relative_to(tmp_path), *sizes)
    assert command(tmp_path, *arguments).code == 0
    written = [p for name in ("data", "runs") for p in (tmp_path / name).rglob("*") if p.is_file()]
    before = {path: path.read_bytes() for path in written}
    assert before
    spoil(tmp_path / "own")
    assert said in command(tmp_path, *arguments).error
    assert {path: path.read_bytes() for path in written} == before
