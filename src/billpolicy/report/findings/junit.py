"""JUnit XML, which nearly every service that runs tests shows: a suite a file, a failed test an error.

JUnit has no warnings: they are tests that pass, with what was found as their output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.diagnostics.visible import visible
from billpolicy.report.findings.formats import Found
from billpolicy.report.findings.paths import path_in_repository
from billpolicy.source.files import Files


def report(found: Found) -> str:
    """A document that the schema of Jenkins' xUnit plugin accepts."""
    suites = suites_of(found.command, found.diagnostics, found.sources)
    if not suites:
        suites = [_suite(found.command, "", "", [])]
    return document(found.command, suites, _counts(found.diagnostics))


def suites_of(command: str, diagnostics: Iterable[Diagnostic], sources: Sequence[Files] = ()) -> list[str]:
    """A suite for each file in which something was found."""
    return [
        _suite(command, visible(file), visible(path_in_repository(file, sources)), list(group))
        for file, group in groupby(diagnostics, key=_file)
    ]


def document(command: str, suites: Iterable[str], counts: str) -> str:
    """Suites with the number of tests in them, and of those that fail."""
    name = quoteattr(f"billpolicy {command}")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={name} {counts}>", *suites, "</testsuites>"]
    return ("\n".join(lines) + "\n").encode("ascii", "xmlcharrefreplace").decode()  # whatever a terminal writes


def _suite(command: str, file: str, path: str, found: list[Diagnostic]) -> str:
    named = f"name={quoteattr(file)} file={quoteattr(path)}" if file else f"name={quoteattr(command)}"
    cases = [_case(command, one) for one in found]
    if not cases:
        cases = [f"    <testcase name={quoteattr('nothing wrong')} classname={quoteattr(f'billpolicy.{command}')}/>"]
    return "\n".join([f"  <testsuite {named} {_counts(found)}>", *cases, "  </testsuite>"])


def _case(command: str, one: Diagnostic) -> str:
    at = one.position
    place = f"{at.line}:{max(at.column, 1)} " if at is not None and at.line else ""
    case = f"    <testcase name={quoteattr(place + one.code)} classname={quoteattr(f'billpolicy.{command}')}>"
    if one.severity == "error":
        told = f"type={quoteattr(one.code)} message={quoteattr(visible(one.message))}"
        inner = f"      <failure {told}>{escape(str(one))}</failure>"
    else:
        inner = f"      <system-out>{escape(str(one))}</system-out>"
    return f"{case}\n{inner}\n    </testcase>"


def _counts(found: list[Diagnostic] | tuple[Diagnostic, ...]) -> str:
    failures = sum(one.severity == "error" for one in found)
    return f'tests="{max(len(found), 1)}" failures="{failures}" errors="0"'


def _file(one: Diagnostic) -> str:
    return one.position.file if one.position is not None else ""
