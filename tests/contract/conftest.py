"""Every task there is, as a fixture: a new one is found by itself."""

from __future__ import annotations

import pytest

from pipeline.tasks.base import find_task, task_names


@pytest.fixture(params=task_names(), scope="session")
def task(request):
    return find_task(request.param)


@pytest.fixture(scope="session")
def run(task, finished):
    """The task's finished run."""
    return finished(task.name)
