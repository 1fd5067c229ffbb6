"""`billpolicy.toml`: where it is searched, what it changes, and what is refused in it, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.linting.settings import Settings, read_settings, settings_for


def settings(text: str, folder: Path) -> Settings:
    path = folder / "billpolicy.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        pytest.param('fail_levl = "hint"\n', "key-unknown", (1, 1), id="a key"),
        pytest.param('fail_level = "bad"\n', "value-not-allowed", (1, 1), id="a level"),
        pytest.param('today = "2026-01-01"\n', "key-unknown", (1, 1), id="the day, which is said with --today"),
        pytest.param('\n[severity]\nbecause-mising = "off"\n', "code-unknown", (3, 1), id="a code"),
        pytest.param('[severity]\n  because-missing = "on"\n', "value-not-allowed", (2, 3), id="a severity"),
        pytest.param('[severity]\nexceptions-conflict = "off"\n', "severity-fixed", (2, 1), id="an error"),
        pytest.param("[options]\nbecause-missing = {days = 1}\n", "key-unknown", (2, 1), id="an option"),
        pytest.param("[options.no-lint]\ndays = 1\n", "code-unknown", (1, 1), id="options of no lint"),
        pytest.param("[options.ends-soon]\ndays = -1\n", "value-wrong", (2, 1), id="less than nothing"),
        pytest.param('[options]\nends-soon.days = "30"\n', "value-wrong", (2, 1), id="a text for a number"),
        pytest.param("[tests]\nthreshold = 101\n", "value-wrong", (2, 1), id="more than all"),
        pytest.param("# a path\npolicy = 5\n", "value-wrong", (2, 1), id="a number for a path"),
        pytest.param("policy = true\n", "value-wrong", (1, 1), id="a truth for a path"),
        pytest.param("book = 1.5\n", "value-wrong", (1, 1), id="a decimal for a path"),
        pytest.param("baseline = 2026-01-01\n", "value-wrong", (1, 1), id="a day for a path"),
        pytest.param("policy = [1]\n", "value-wrong", (1, 1), id="a list for a path"),
        pytest.param("severity = 5\n", "value-wrong", (1, 1), id="a number for a table"),
        pytest.param("tests = {threshold = true}\n", "value-wrong", (1, 1), id="a truth for a number"),
        pytest.param("[[tests]]\nthreshold = 1\n", "value-wrong", (1, 1), id="a list of tables for a table"),
        pytest.param('[severity]\na = "x\n', "toml-syntax", (2, 7), id="no TOML"),
    ],
)
def test_what_is_refused(text: str, code: str, place: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        settings(text, tmp_path)
    [problem] = refused.value.diagnostics
    assert (problem.code, problem.position and problem.position[1:3]) == (code, place)


def test_all_mistakes_of_the_words_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        settings('[severity]\nno-code = "off"\nexceptions-conflict = "off"\n[options.x]\n', tmp_path)
    assert [one.code for one in refused.value.diagnostics] == ["code-unknown", "severity-fixed", "code-unknown"]


class TestWhere:
    """The nearest file above the policy, but none above its repository."""

    @pytest.fixture
    def policy(self, tmp_path: Path) -> Path:
        folder = tmp_path / "outside" / "repository" / "policies" / "acme"
        folder.mkdir(parents=True)
        (tmp_path / "outside" / "repository" / ".git").mkdir()
        (folder / "policy.yaml").touch()
        return folder

    @pytest.mark.parametrize("above", [0, 1, 2])
    @pytest.mark.parametrize("file", [False, True])
    def test_it_is_found(self, above: int, file: bool, policy: Path) -> None:
        folder = [policy, *policy.parents][above]
        settings('fail_level = "hint"', folder)
        assert settings_for(policy / "policy.yaml" if file else policy).fail_level == "hint"

    def test_not_above_the_repository(self, policy: Path) -> None:
        settings('fail_level = "hint"', policy.parents[2])
        assert settings_for(policy) == Settings()

    def test_the_nearest(self, policy: Path) -> None:
        settings('fail_level = "hint"', policy.parent)
        settings('fail_level = "error"', policy)
        assert settings_for(policy).fail_level == "error"

    def test_its_baseline_is_seen_from_it(self, policy: Path) -> None:
        settings('baseline = "../known.json"', policy.parent)
        found = settings_for(policy).baseline
        assert found is not None
        assert found.resolve() == (policy.parents[1] / "known.json").resolve()


@pytest.mark.parametrize("taken", ["hint", "warning", "error"])
def test_a_finding_is_taken_as_it_says(taken: str, tmp_path: Path) -> None:
    one = Diagnostic("because-missing", "found", Position("a"), severity="warning")
    found = settings(f'[severity]\nbecause-missing = "{taken}"\n', tmp_path).taken(one)
    assert found == one._replace(severity=taken)  # type: ignore[arg-type]
    assert settings('[severity]\nbecause-missing = "off"\n', tmp_path).taken(one) is None
