"""A baseline: what is in it is not told, wherever its line is now; what is gone is; nothing of others is forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.linting.baseline import Baseline
from tests.helpers.command_line import billpolicy
from tests.helpers.scenes import HEAD


def finding(folder: Path, line: int, code: str = "because-missing", message: str = "`a` (b.yaml:3:5)") -> Diagnostic:
    return Diagnostic(code, message, Position(str(folder / "a.yaml"), line, 1), severity="warning")  # type: ignore[arg-type]


def frozen(folder: Path, *found: Diagnostic) -> Path:
    """A baseline of what was found."""
    path = folder / "known.json"
    path.write_text(Baseline(path, new=True).updated(found, ("lint",), [str(folder / "a.yaml")]), encoding="utf-8")
    return path


def test_what_is_known_is_not_told_whatever_its_line(tmp_path: Path) -> None:
    path = frozen(tmp_path, finding(tmp_path, 4))
    moved = finding(tmp_path, 9, message="`a` (b.yaml:31:5)")
    assert Baseline(path).unknown([moved]) == []


def test_one_more_of_a_kind_is_new(tmp_path: Path) -> None:
    path = frozen(tmp_path, finding(tmp_path, 4), finding(tmp_path, 5))
    assert json.loads(path.read_text(encoding="utf-8"))["known"][0]["count"] == 2
    three = [finding(tmp_path, line) for line in (1, 2, 3)]
    assert Baseline(path).unknown(three) == three[2:]


@pytest.mark.parametrize("other", [{"code": "id-says-nothing"}, {"message": "`b`"}])
def test_another_code_or_sentence_is_new(other: dict[str, str], tmp_path: Path) -> None:
    path = frozen(tmp_path, finding(tmp_path, 4))
    new = finding(tmp_path, 4, **other)
    assert Baseline(path).unknown([new]) == [new]


def test_the_folder_it_is_used_from_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = frozen(tmp_path, finding(tmp_path, 4))
    assert json.loads(path.read_text(encoding="utf-8"))["known"][0]["file"] == "a.yaml"
    monkeypatch.chdir(tmp_path)
    near = finding(tmp_path, 4)._replace(position=Position("a.yaml", 4, 1))
    assert Baseline(Path("known.json")).unknown([near]) == []


def test_the_first_one_is_written_by_the_command_that_misses_it(tmp_path: Path) -> None:
    """`baseline` stands in `billpolicy.toml` before there is any."""
    with pytest.raises(Refused) as missing:
        Baseline(tmp_path / "known.json")
    assert missing.value.diagnostics[0].hint == "check the path; `--update-baseline` writes the first one"


def test_tomorrow_it_is_the_same_finding(tmp_path: Path) -> None:
    """Of what ends soon no sentence says in how many days."""
    rule = "{id: x, operations: [write_off_invoice], when: {account.country: DE}, then: {permission: refused}"
    text = f"exceptions: [{rule}, effective: {{from: 2026-01-01, until: 2026-07-01}}, because: FIN-1}}]"
    (tmp_path / "policy.yaml").write_text(HEAD + text, encoding="utf-8")
    told = [
        json.loads(billpolicy("lint", tmp_path, "--today", day, "--format", "json").out)["diagnostics"]
        for day in ("2026-06-15", "2026-06-30")
    ]
    ends = [[one["message"] for one in each if one["code"] == "ends-soon"] for each in told]
    assert ends == [["the last day of `x` is 2026-06-30, and nothing follows it"]] * 2


def test_what_is_gone_is_told_at_its_place_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").touch()
    path = frozen(tmp_path, finding(tmp_path, 4))
    [gone] = Baseline(path).gone(("lint",), [str(tmp_path / "a.yaml")])
    assert (gone.code, gone.position and gone.position[:3]) == ("baseline-gone", (str(path), 3, 5))


@pytest.mark.parametrize(
    ("themes", "file", "there"),
    [
        pytest.param(("policy",), "a.yaml", True, id="of another theme"),
        pytest.param(("lint",), "b.yaml", True, id="in a file that was not looked at"),
    ],
)
def test_what_was_not_looked_for_is_neither_gone_nor_forgotten(
    themes: tuple[str, ...], file: str, there: bool, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").touch()
    path = frozen(tmp_path, finding(tmp_path, 4))
    files = [str(tmp_path / file)]
    assert list(Baseline(path).gone(themes, files)) == []
    assert Baseline(path).updated([], themes, files) == path.read_text(encoding="utf-8")


def test_a_file_that_is_there_no_more_takes_what_was_known_of_it_along(tmp_path: Path) -> None:
    path = frozen(tmp_path, finding(tmp_path, 4))
    assert [one.code for one in Baseline(path).gone(("lint",), [])] == ["baseline-gone"]
    assert json.loads(Baseline(path).updated([], ("lint",), [])) == {"known": []}


def test_the_same_findings_give_the_same_bytes(tmp_path: Path) -> None:
    found = [finding(tmp_path, line, message=f"`{line}`") for line in (3, 1, 2)]
    assert frozen(tmp_path, *found).read_bytes() == frozen(tmp_path, *reversed(found)).read_bytes()


@pytest.mark.parametrize("text", ['{"knwon": []}', "[]", '{"known": [{"code": "a"}]}', "{"])
def test_what_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused):
        Baseline(path)


def test_one_that_is_not_there_is_refused_unless_it_is_new(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        Baseline(tmp_path / "known.json")
    assert Baseline(tmp_path / "known.json", new=True).unknown([]) == []
