"""Options of commands that find warnings and hints in policies, and how these are settled before they are told."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import click

import billpolicy
from billpolicy.cli.output import answer_with_refusals, say
from billpolicy.cli.writing import BASELINE, write_file
from billpolicy.diagnostics.diagnostic import Diagnostic, Severity
from billpolicy.source.files import Place


class How(NamedTuple):
    """What was typed."""

    config: Path | None
    baseline: Path | None
    update_baseline: bool
    fail_level: Severity | None


def findings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config`, `--baseline`, `--update-baseline` and `--fail-level`, which the command is given as `how`."""

    @click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Settings; by default the billpolicy.toml above the policy.",
    )
    @click.option(
        "--baseline", type=click.Path(path_type=Path, dir_okay=False), help="File of known findings; only new are told."
    )
    @click.option("--update-baseline", is_flag=True, help="Write what is found now into that file.")
    @click.option(
        "--fail-level",
        type=click.Choice(["error", "warning", "hint"]),
        help="Exit with 1 if something as severe is found.",
    )
    @functools.wraps(command)
    def with_how(
        *args: Any,
        config: Path | None,
        baseline: Path | None,
        update_baseline: bool,
        fail_level: Severity | None,
        **options: Any,
    ) -> Any:
        answer_with_refusals(click.get_current_context())
        return command(*args, how=How(config, baseline, update_baseline, fail_level), **options)

    return with_how


class Settling:
    """What one run of a command finds in one policy or several: settled policy by policy, and judged in the end."""

    def __init__(self, how: How, themes: Collection[str], *, level: Severity, comments: bool = False) -> None:
        """`themes`: what the command looks for; `level`: its own `--fail-level`; `comments`: whether it judges them."""
        self._how = how
        self._themes = themes
        self._level = level
        self._comments = comments
        self._baselines: dict[Path, tuple[billpolicy.Baseline, list[Diagnostic], set[str]]] = {}
        self.fails = False
        """Whether something is as severe as it may not be."""

    def settings(self, policy: Place) -> billpolicy.Settings:
        """The settings that hold for a policy. Raises `Refused` where they are wrong."""
        if self._how.config is not None:
            return billpolicy.read_settings(self._how.config)
        return billpolicy.settings_for(policy)

    def settle(self, found: Collection[Diagnostic], files: Collection[str], policy: Place) -> tuple[Diagnostic, ...]:
        """What is told of what was found in a policy, which has these files. Raises `Refused` where settings or a
        baseline are wrong."""
        settings = self.settings(policy)
        path = self._how.baseline or settings.baseline
        if path is None and self._how.update_baseline:
            raise click.UsageError("say which file: --baseline FILE, or `baseline` in billpolicy.toml")
        baseline = None
        if path is not None:
            if path not in self._baselines:
                self._baselines[path] = (billpolicy.Baseline(path, new=self._how.update_baseline), [], set())
            baseline, freezable, looked_at = self._baselines[path]
        settled = billpolicy.settle(
            found,
            settings,
            files=files,
            themes=self._themes,
            baseline=None if self._how.update_baseline else baseline,
            comments=self._comments,
            where=policy.files,
        )
        if baseline is not None:
            freezable += settled.freezable
            looked_at.update(files)
        if self._how.update_baseline:
            known = set(settled.freezable)
            settled = settled._replace(told=tuple(one for one in settled.told if one not in known))
        self.fails |= settled.fails(self._how.fail_level or settings.fail_level or self._level)
        return settled.told

    def write_baselines(self) -> None:
        """With `--update-baseline`, what was found is known from now on."""
        if self._how.update_baseline:
            for path, (baseline, freezable, files) in self._baselines.items():
                write_file(path, baseline.updated(freezable, self._themes, files), BASELINE)
                say(f"{path}: {len(freezable)} findings are known now")
