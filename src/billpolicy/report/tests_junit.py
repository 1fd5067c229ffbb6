"""Policy tests as JUnit XML: a suite a file, each test a test, with what differs and why where it fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.diagnostics.visible import visible, visible_lines
from billpolicy.report.findings.junit import document, suites_of
from billpolicy.report.tests_findings import failures
from billpolicy.report.tests_text import difference_text
from billpolicy.testing.run import FileResult, Result, TestRun


def junit(run: TestRun, others: Iterable[Diagnostic]) -> str:
    """A document that the schema of Jenkins' xUnit plugin accepts. `others`: what else was found, a suite a file."""
    found = in_order(others)
    tests = len(run.results) + len(found)
    failed = sum(one.failed for one in run.results) + sum(one.severity == "error" for one in found)
    suites = [*map(_suite, run.files), *suites_of("test", found)]
    return document("test", suites, f'tests="{tests}" failures="{failed}" errors="0"')


def _suite(file: FileResult) -> str:
    name = quoteattr(visible(str(file.file.path)))
    results = file.results
    counts = f'tests="{len(results)}" failures="{sum(one.failed for one in results)}" errors="0"'
    skipped = sum(one.skipped for one in results)
    lines = [line for result in results for line in _case(file, result)]
    return "\n".join([f'  <testsuite name={name} file={name} {counts} skipped="{skipped}">', *lines, "  </testsuite>"])


def _case(file: FileResult, result: Result) -> Iterator[str]:
    policies = ", ".join(policy.name for policy in file.policy.policies)
    opened = f"    <testcase name={quoteattr(visible(result.case.name))} classname={quoteattr(visible(policies))}"
    if not (result.skipped or result.failed):
        yield f"{opened}/>"
        return
    yield f"{opened}>"
    if result.skipped:
        yield f"      <skipped message={quoteattr(visible(result.case.skip or ''))}/>"
    else:
        first, *_ = failures(TestRun((FileResult(file.file, file.policy, (result,)),)))
        told = "\n".join(line for one in result.mismatches for line in difference_text(file, result, one))
        message = quoteattr(visible(first.message))
        yield f'      <failure type="test-failed" message={message}>{escape(visible_lines(told))}</failure>'
    yield "    </testcase>"
