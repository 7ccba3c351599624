"""Shows the logs of runs: `python -m pipeline.training.tensorboard_server --logdir runs`.

Arguments are those of TensorBoard.
"""

from __future__ import annotations

import sys
import types

from tensorboard import default, program
from tensorboard.data import server_ingester


def main(arguments: list[str]) -> int:
    """Serves until it is stopped; returns the exit code."""
    # The name by which TensorBoard is made to do without TensorFlow: nothing in our logs needs it,
    # and its projector would take each folder `checkpoint` for one of TensorFlow's.
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
    server = program.TensorBoard(plugins=default.get_plugins())
    # As by default, which announces each time that it is an experiment.
    server.configure(["tensorboard", f"--load_fast={_has_data_server()}", *arguments])
    code: int = server.main()
    return code


def _has_data_server() -> str:
    try:
        server_ingester.get_server_binary()
    except server_ingester.NoDataServerError:
        return "false"
    return "true"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
