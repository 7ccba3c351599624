"""Finds the pretrained encoder that `--encoder` names: one that comes with the project, or an
exported run."""

from __future__ import annotations

from pathlib import Path

from pipeline import pretrained
from pipeline.errors import UserError
from pipeline.pretrained import BUNDLED, NONE, RECORD, shipped
from pipeline.ranges import FolderName
from pipeline.stages.versions import versions_of
from pipeline.workspace import Workspace


def find_pretrained(name: str, bundled: str, workspace: Workspace) -> Path | None:
    """Finds the folder of the encoder that `--encoder` names.

    Args:
        name: `none`; `bundled`; the name of one that comes with the project; the name of a run of
            the task encoder that was exported; or a folder.
        bundled: which of those that come with the project a task takes by itself.

    Raises:
        UserError: there is no such encoder.
    """
    if name == NONE:
        return None
    if name == BUNDLED:
        name = bundled
    places = [pretrained.SHIPPED / name, Path(name), Path(name, "assets.extra")]
    if FolderName.accepts(name):
        run = workspace.run("encoder", name)
        exports = (workspace.saved_model("encoder", v) for v in versions_of(run))
        places += [export / "assets.extra" for export in exports]
    for place in places:
        if (place / RECORD).is_file():
            return place
    raise UserError(
        f"there is no pretrained encoder {name!r}",
        where="--encoder",
        remedy=f"use {', '.join([BUNDLED, NONE, *shipped()])}, a run of make pretrain, or a folder "
        f"that holds {RECORD}",
    )
