"""A page in a real browser, and what is wrong with it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.command_line import billpolicy
from tests.helpers.tools import needs, needs_package


@contextmanager
def started() -> Iterator[Any]:
    """A browser; one for all tests of a module, since to start it takes longer than to use it."""
    path = needs("chromium")
    needs_package("playwright")
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def written(folder: Path, *arguments: str | Path, codes: tuple[int, ...] = (0,)) -> Path:
    """What a command answers with `--format html`, as a file."""
    ran = billpolicy(*arguments, "--format", "html")
    assert ran.code in codes, ran.err
    path = folder / f"{arguments[0]}.html"
    path.write_text(ran.out, encoding="utf-8")
    return path


def opened(browser: Any, file: Path, *, width: int = 1200, script: bool = True, scheme: str = "light") -> Any:
    """The page; whatever goes wrong on it is a line of `page.wrong`."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=script, color_scheme=scheme
    )
    page = context.new_page()
    page.wrong = []
    page.on("console", lambda message: page.wrong.append(message.text))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("request", lambda asked: page.wrong.append(asked.url) if asked.url != file.as_uri() else None)
    page.set_default_timeout(3000)
    page.goto(file.as_uri())
    return page


def part(within: Any, heading: str) -> Any:
    """The section below a heading."""
    return within.locator(f'xpath=.//section[*[1][normalize-space()="{heading}"]]')
