"""A copy of what make reads, with a stand-in for Python that notes what it is called with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
STAGES = ["corpus", "prepare", "train", "evaluate", "export"]

# What a later target looks for. Every argument is noted with its end.
STAND_IN = """#!/bin/sh
{ for word in "$@"; do printf '%s\\0' "$word"; done; printf '\\n\\0'; } >> calls
[ "$2" = pipeline ] || exit 0
stage=$3 task=$4 name=default version=1
for word in "$@"; do
  case $word in --name=*) name=${word#*=};; --version=*) version=${word#*=};; esac
done
[ "$stage" = "$(cat fails 2>/dev/null)" ] && exit 2
run=runs/$task/$name model=saved_models/$task/$version
case $stage in
  train) mkdir -p "$run"; : > "$run/training.json";;
  export) mkdir -p "$model"; : > "$model/saved_model.pb";;
esac
exit 0
"""


def environment() -> dict[str, str]:
    """Ours, without what make would take for its own."""
    forget = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CORPUS_MIRROR")
    return {k: v for k, v in os.environ.items() if k not in forget}


class Checkout:
    """A copy of what make reads."""

    def __init__(self, root: Path):
        self.root = root
        (root / "pipeline" / "tasks").mkdir(parents=True)
        for path in (CHECKOUT / "pipeline" / "tasks").glob("*/__init__.py"):
            folder = root / "pipeline" / "tasks" / path.parent.name
            folder.mkdir()
            (folder / path.name).touch()
            shutil.copy(path.with_name("settings.py"), folder)
        for name in ("Makefile", *(path.name for path in CHECKOUT.glob("requirements*.txt"))):
            shutil.copy(CHECKOUT / name, root)

    def with_environment(self) -> Checkout:
        python = self.root / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(STAND_IN)
        python.chmod(0o755)
        (self.root / ".venv" / ".ready").touch()
        return self

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        self.forget()
        return subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env={**environment(), **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def forget(self) -> None:
        """What was called so far."""
        (self.root / "calls").unlink(missing_ok=True)

    @property
    def tasks(self) -> list[str]:
        return [path.parent.name for path in self.root.glob("pipeline/tasks/*/__init__.py")]

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call of Python by the latest make."""
        if not (self.root / "calls").exists():
            return []
        words = (self.root / "calls").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        calls: list[list[str]] = [[]]
        for word in words[:-1]:
            if word == "\n":
                calls.append([])
            else:
                calls[-1].append(word)
        return calls[:-1]

    @property
    def stages(self) -> list[str]:
        return [call[2] for call in self.calls]
