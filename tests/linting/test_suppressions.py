"""Comments that ignore: where they hold, and what is told of those that are wrong or do nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.linting.settings import Settings
from billpolicy.linting.settling import settle

WARNING = "because-missing"


def told(text: str, folder: Path, *found: tuple[str, int], comments: bool = True) -> list[tuple[str, int]]:
    """What is left of findings, each a code and its line, in a file of this text."""
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    diagnostics = [
        Diagnostic(code, "found", Position(str(path), line, 1), severity="warning")  # type: ignore[arg-type]
        for code, line in found
    ]
    settled = settle(diagnostics, Settings(), files=[str(path)], themes=("lint", "policy"), comments=comments)
    return [(one.code, one.position.line) for one in settled.told if one.position is not None]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: 2 # billpolicy: ignore[because-missing] agreed\n", 2, id="beside it"),
        pytest.param("a: 1\n# billpolicy: ignore[because-missing] agreed\nb: 2\n", 3, id="above it"),
        pytest.param(
            "a: 1\n# billpolicy: ignore[because-missing] agreed\n# more of it\nb: 2\n", 4, id="with another between"
        ),
        pytest.param(
            "a: 1\n# billpolicy: ignore[because-missing] agreed\n# billpolicy: ignore[because-missing] and so\nb: 2\n",
            4,
            id="two above it",
        ),
        pytest.param("# billpolicy: ignore[because-missing] agreed\n\na: 1\nb: 2\n", 4, id="the whole file"),
        pytest.param("#billpolicy:ignore[ because-missing ]agreed\na: 1\n", 2, id="close together"),
        pytest.param("a: 1\nb: 2 # billpolicy: ignore[id-says-nothing, because-missing] agreed\n", 2, id="of two"),
    ],
)
def test_it_is_ignored(text: str, line: int, tmp_path: Path) -> None:
    assert (WARNING, line) not in told(text, tmp_path, (WARNING, line))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: 2 # billpolicy: ignore[because-missing] agreed\nc: 3\n", 3, id="a line below"),
        pytest.param("a: 1\n# billpolicy: ignore[because-missing] agreed\nb: 2\nc: 3\n", 4, id="two lines below"),
        pytest.param("a: 1\n# billpolicy: ignore[because-missing] agreed\n\nb: 2\n", 4, id="an empty line between"),
        pytest.param("a: 1\nb: '# billpolicy: ignore[because-missing] agreed'\n", 2, id="a quoted text"),
        pytest.param("a: 1\nb: |\n  # billpolicy: ignore[because-missing] agreed\nc: 2\n", 4, id="a block"),
        pytest.param("a: 1\nb: 2 # billpolicy: ignore[id-says-nothing] agreed\n", 2, id="another code"),
    ],
)
def test_it_is_not_ignored(text: str, line: int, tmp_path: Path) -> None:
    assert (WARNING, line) in told(text, tmp_path, (WARNING, line))


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# billpolicy: ignore[because-missing]", ["suppression-without-reason"]),
        ("# billpolicy: ignore[because-mising] agreed", ["because-missing", "suppression-wrong"]),
        ("# billpolicy: ignore[exceptions-conflict] agreed", ["because-missing", "suppression-wrong"]),
        ("# billpolicy: ignore because-missing", ["because-missing", "suppression-wrong"]),
        ("# billpolicy: ignore[] agreed", ["because-missing", "suppression-wrong"]),
        ("# billpolicy: off", ["because-missing", "suppression-wrong"]),
        ("# billpolicy checks this file", ["because-missing"]),
        ("# billpolicy: ignore[because-missing, id-says-nothing] agreed", ["suppression-unused"]),
    ],
)
def test_what_is_told_of_it(comment: str, expected: list[str], tmp_path: Path) -> None:
    assert told(f"a: 1\nb: 2 {comment}\n", tmp_path, (WARNING, 2)) == [(code, 2) for code in expected]


def test_an_error_is_never_ignored(tmp_path: Path) -> None:
    """Neither by a comment that names its code nor by one for the whole file."""
    path = tmp_path / "policy.yaml"
    path.write_text("# billpolicy: ignore[because-missing] agreed\na: 1\n", encoding="utf-8")
    error = Diagnostic("because-missing", "found", Position(str(path), 2, 1))
    assert settle([error], Settings(), files=[str(path)], themes=("lint",)).told == (error,)


def test_of_two_codes_only_the_one_that_does_nothing_is_told(tmp_path: Path) -> None:
    text = "a: 1\nb: 2 # billpolicy: ignore[because-missing, id-says-nothing] agreed\n"
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    one = Diagnostic("because-missing", "found", Position(str(path), 2, 1), severity="warning")
    [told_of] = settle([one], Settings(), files=[str(path)], themes=("lint",), comments=True).told
    start = text.split("\n")[1].index("id-says-nothing") + 1
    assert told_of.position == Position(str(path), 2, start, 2, start + len("id-says-nothing"))


def test_what_the_command_does_not_look_for_may_stand_ignored(tmp_path: Path) -> None:
    """`lint` finds nothing of books, so it cannot say that ignoring it is useless; nor can what is off be found."""
    assert told("a: 1\nb: 2 # billpolicy: ignore[attribute-unused] agreed\n", tmp_path) == []
    assert told("a: 1\nb: 2 # billpolicy: ignore[because-missing] agreed\n", tmp_path, comments=False) == []
    path = tmp_path / "policy.yaml"
    off = Settings(severity={"because-missing": "off"})
    assert settle([], off, files=[str(path)], themes=("lint",), comments=True).told == ()
