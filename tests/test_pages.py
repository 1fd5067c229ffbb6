"""What pages show is what is printed: each page that is run, command by command (`tests/helpers/pages.py`).

`BILLPOLICY_RECORD=1` writes what is printed into the pages: `make pages`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.helpers.engine import needs_engine
from tests.helpers.pages import is_run, pages, run, shows_output
from tests.helpers.paths import ROOT

RUN = [page for page in pages() if is_run(page)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


@needs_engine
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_is_what_is_printed(page: Path, tmp_path: Path, programs: Path) -> None:
    ran = run(page, tmp_path, programs)
    if os.environ.get("BILLPOLICY_RECORD"):
        page.write_text(ran.printed, encoding="utf-8")
    else:
        assert ran.printed == ran.shown


def test_every_page_that_shows_output_is_run() -> None:
    assert [page.name for page in pages() if shows_output(page) and not is_run(page)] == []


PAGE = """\
# A page

<!-- run: mkdir sub; echo made >sub/made.txt -->

`sub/note.txt`, which is ours:

```yaml
one: 1
```

```sh
cat sub/note.txt
name=world
```

```text
OUT
```

<!-- not run: it needs a network -->

```sh
exit 7
```

```console
$ echo "hello $name"
hello world
$ cat sub/made.txt; echo 4b9e3af8c130
...
4b9…
```
"""


def test_a_page_is_a_session(tmp_path: Path, programs: Path) -> None:
    """Files, commands that are not shown, variables that go on, and what is left out."""
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("OUT", "one: 1"), encoding="utf-8")
    ran = run(page, tmp_path, programs)
    assert ran.printed == ran.shown


def test_what_is_not_printed_is_told(tmp_path: Path, programs: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("OUT", "one: 2"), encoding="utf-8")
    assert run(page, tmp_path, programs).printed == PAGE.replace("OUT", "one: 1")


@pytest.mark.parametrize("typed", ["billpolicy no-such-command", "no-such-program", "exit 0"])
def test_a_command_that_is_mistyped_is_no_output(typed: str, tmp_path: Path, programs: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```sh\n{typed}\n```\n\n```text\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        run(page, tmp_path, programs)
