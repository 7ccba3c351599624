"""Which pretrained encoder `--encoder` names: one of the project, or of a run that was exported."""

from __future__ import annotations

from pathlib import Path

from pipeline import pretrained
from pipeline.errors import UserError
from pipeline.pretrained import BUNDLED, NONE, RECORD, shipped
from pipeline.ranges import FolderName
from pipeline.stages.versions import versions_of
from pipeline.workspace import Workspace


def find_pretrained(asked: str, bundled: str, workspace: Workspace) -> Path | None:
    """The folder of the encoder that `--encoder` names.

    Args:
        asked: `none`; `bundled`; the name of one that comes with the project; the name of a run of
            the task encoder that was exported; or a folder.
        bundled: which of those that come with the project a task takes by itself.

    Raises:
        UserError: there is no such encoder.
    """
    if asked == NONE:
        return None
    if asked == BUNDLED:
        asked = bundled
    places = [pretrained.SHIPPED / asked, Path(asked), Path(asked, "assets.extra")]
    if FolderName.accepts(asked):
        run = workspace.run("encoder", asked)
        exports = (workspace.saved_model("encoder", v) for v in versions_of(run))
        places += [export / "assets.extra" for export in exports]
    for place in places:
        if (place / RECORD).is_file():
            return place
    raise UserError(
        f"there is no pretrained encoder {asked!r}",
        where="--encoder",
        remedy=f"use {', '.join([BUNDLED, NONE, *shipped()])}, a run of make pretrain, or a folder "
        f"that holds {RECORD}",
    )
