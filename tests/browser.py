"""The system's Chromium, driven by Playwright, for tests of the page."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def executable() -> str | None:
    """Where it is."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


needs_chromium = pytest.mark.skipif(
    executable() is None or find_spec("playwright") is None,
    reason="needs a browser: apt-get install chromium (and pip install -r requirements-dev.txt)",
)


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable(), args=list(_OPTIONS))
        yield started
        started.close()


@contextlib.contextmanager
def quiet_page(started: Any, port: int, **options: Any) -> Iterator[Any]:
    """A page that speaks English. Its console must have no complaint in the end, and it must have
    asked no other server."""
    complaints: list[str] = []
    address = f"http://127.0.0.1:{port}"
    with started.new_context(**{"locale": "en-US", "base_url": address, **options}) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend(_foreign(request.url, address)))
        yield page
    assert not complaints


def _foreign(url: str, address: str) -> list[str]:
    return [] if url.startswith((f"{address}/", f"blob:{address}/")) else [url]


def opened(page: Any, model: str) -> Any:
    """The panel of a model."""
    page.goto(f"/#{model}")
    panel = page.get_by_role("tabpanel")
    panel.wait_for()
    return panel


def check_look(page: Any) -> None:
    """It is no wider than the screen, and has what the accessibility rules of axe ask for."""
    from axe_playwright_python.sync_playwright import Axe

    wider = "() => document.documentElement.scrollWidth - innerWidth"
    assert page.locator("body").evaluate(wider) <= 0
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser."""
    with browser() as started:
        yield started


@pytest.fixture
def page(chromium, server) -> Iterator[Any]:
    """A page of the module's own `server`."""
    with quiet_page(chromium, server.port) as page:
        yield page
