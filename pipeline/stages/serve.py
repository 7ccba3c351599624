"""serve: serves exported models over HTTP."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

from pipeline.errors import UserError
from pipeline.quiet import native_chatter_hidden
from pipeline.serving.settings import AddressSettings, ServedModelSettings, ServeSettings
from pipeline.settings import closest
from pipeline.stages.export import check_model
from pipeline.tasks.base import task_names


def run(settings: ServeSettings) -> None:
    """Serves until SIGTERM or Ctrl-C.

    Raises:
        UserError: there is nothing to serve, or no place to serve it.
    """
    _check_there_is_something(settings.models)
    settings = dataclasses.replace(settings, address=_with_token(settings.address))
    with native_chatter_hidden():
        server = importlib.import_module("pipeline.serving.server")  # it imports TensorFlow
    server.serve(settings, check)


def check(model: Path) -> None:
    """Refuses an exported model whose files have changed."""
    task = model.parent.name
    again = f"make train-{task} VERSION={model.name}" if task in task_names() else "export it again"
    check_model(model, again)


def _check_there_is_something(models: ServedModelSettings) -> None:
    folder = Path(models.folder)
    there = sorted({path.parent.parent.name for path in folder.glob("*/*/saved_model.pb")})
    asked = [name.strip() for name in models.models.split(",") if name.strip()]
    for name in asked:
        if name not in there:
            raise UserError(
                "there is no exported model",
                where=folder / name,
                remedy=f"closest: {closest(name, there)}" if there else "make train-sentiment",
            )
    if not there:
        raise UserError("there is no exported model", where=folder, remedy="make train-sentiment")


def _with_token(address: AddressSettings) -> AddressSettings:
    """The settings with the secret from a file."""
    if not address.token_file:
        return address
    if address.token:
        raise UserError("give one of --token and --token-file", where="command line")
    try:
        token = Path(address.token_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", where=address.token_file) from None
    if not token:
        raise UserError("is empty", where=address.token_file, remedy="put the secret in it")
    return dataclasses.replace(address, token=token)
