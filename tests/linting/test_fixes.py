"""Mends: what is found is gone, the policy decides the same, and every other byte of the file stays."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.linting.fixes import FIXES, fix
from billpolicy.linting.linting import lint
from billpolicy.linting.settings import Settings
from billpolicy.linting.settling import settle
from billpolicy.policy.layers import read_layers
from billpolicy.policy.load import build
from billpolicy.policy.model import Chain, Policy
from billpolicy.vocabulary.operations import VOCABULARY
from tests.linting.scenes import HEAD


def told(path: Path) -> list[Diagnostic]:
    """What `lint` tells of a policy that has mends."""
    linted = lint(path, today=datetime.date(2026, 6, 1), settings=Settings())
    settled = settle(linted.found, Settings(), files=linted.files, themes=("lint", "policy"), comments=True)
    return [one for one in settled.told if one.code in FIXES]


def mended(text: str, folder: Path) -> str:
    """The text after `--fix`, without its head."""
    path = folder / "policy.yaml"
    path.write_bytes((HEAD + text).encode())
    fixed = fix(told(path))
    assert len(fixed) < 2
    after = fixed[0].after if fixed else HEAD + text
    assert after.startswith(HEAD)
    return after[len(HEAD) :]


CHAIN = "operations:\n  debit_memo_from_charge:\n    payment_term: %s\n"
RUN = "operations:\n  bill_run:\n%s    zero_amounts: {is: bill, because: FIN-1}%s\n"
COMMENT = "# billpolicy: ignore[excluded-blocks-rebill] agreed"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            CHAIN % "{from: [ request, default,account ], because: x} # why",
            CHAIN % "{from: [ request, default ], because: x} # why",
            id="a chain in brackets",
        ),
        pytest.param(CHAIN % "[default, 'account', request]", CHAIN % "[default]", id="two levels, one quoted"),
        pytest.param(
            CHAIN % "\n    - request # first\n    - default\n    - account\n",
            CHAIN % "\n    - request # first\n    - default\n",
            id="a chain over lines",
        ),
        pytest.param(
            CHAIN % "\n    - default\n    - account # why\n",
            CHAIN % "\n    - default\n    - account # why\n",
            id="a comment is not moved",
        ),
        pytest.param(RUN % (f"    {COMMENT}\n", ""), RUN % ("", ""), id="a comment on a line of its own"),
        pytest.param(RUN % ("", f"   {COMMENT}"), RUN % ("", ""), id="a comment beside"),
        pytest.param(f"{RUN % ('', '')}{COMMENT}", RUN % ("", ""), id="a comment at the end, without an end of line"),
    ],
)
def test_what_it_does(before: str, after: str, tmp_path: Path) -> None:
    assert mended(before, tmp_path) == after


@pytest.mark.parametrize(
    ("codes", "left"),
    [
        ("excluded-blocks-rebill, because-missing", "because-missing"),
        ("because-missing, excluded-blocks-rebill", "because-missing"),
        ("because-missing,excluded-blocks-rebill , id-says-nothing", "because-missing"),
    ],
)
def test_of_several_codes_those_that_do_nothing_go(codes: str, left: str, tmp_path: Path) -> None:
    """Those that stand side by side need a second run."""
    text = "operations:\n  write_off_invoice:\n    bill_to_contact: [account] # billpolicy: ignore[%s] agreed\n"
    once = mended(text % codes, tmp_path)
    assert mended(once, tmp_path) == text % left


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_marks_and_ends_of_lines_stay(ending: str, mark: bytes, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    text = (HEAD + RUN).replace("\n", ending)
    path.write_bytes(mark + (text % (f"    {COMMENT}{ending}", "")).encode())
    [one] = fix(told(path))
    assert one.after.encode() == mark + (text % ("", "")).encode()


def decided(policy: Policy) -> list[object]:
    """All that a policy decides; of a chain, what counts: up to `default`."""

    def cut(outcome: object) -> object:
        if isinstance(outcome, Chain) and "default" in outcome.levels:
            return outcome.levels[: outcome.levels.index("default") + 1]
        return outcome

    base = [(key, cut(rule.outcome)) for key, rule in policy.base.items()]
    return base + [
        (rule.id, rule.operations, rule.boxes, [(key, cut(outcome)) for key, outcome in rule.then.items()])
        for rule in policy.exceptions
    ]


LEVELS = st.permutations(["request", "account", "default"]).flatmap(
    lambda order: st.integers(1, 3).map(lambda count: order[:count])
)
SPACE = st.sampled_from(["", " ", "  "])


@st.composite
def policies(draw: st.DrawFn) -> str:
    """A policy with chains in every form, comments that ignore what is and what is not there, and other comments."""
    lines = ["operations:", "  debit_memo_from_charge:", "    because: FIN-1"]
    chain = draw(LEVELS)
    if draw(st.booleans()):
        space = draw(SPACE)
        lines.append(f"    payment_term: [{space}{f'{space}, '.join(chain)}{space}]{draw(comment())}")
    else:
        lines += ["    payment_term:", *(f"      - {level}{draw(comment())}" for level in chain)]
    lines += ["exceptions:", "  - id: large"]
    if draw(st.booleans()):
        lines.append(f"    {draw(comment()).strip()}")
    lines += [
        "    operations: [debit_memo_from_charge]",
        "    when: {amount: {above: 100.00 EUR}} # '#' and \"#\"",
        f"    then: {{payment_term: {{from: [{', '.join(draw(LEVELS))}]}}}}{draw(comment())}",
        f"    because: >-{draw(comment())}",
        "      # billpolicy: ignore[because-missing] within a text",
    ]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n# the end\n"]))


def comment() -> st.SearchStrategy[str]:
    return st.sampled_from(
        [
            "",
            "",
            "  # plain",
            " # billpolicy: ignore[level-without-effect] x",
            " # billpolicy: ignore[id-says-nothing] x",
        ]
    )


@given(policies())
def test_the_policy_decides_the_same_and_nothing_else_changes(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("mended") / "policy.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    before = build(read_layers(path), VOCABULARY)[0]
    found = told(path)
    fixes = fix(found)
    for one in fixes:
        path.write_text(one.after, encoding="utf-8")
    after = build(read_layers(path), VOCABULARY)[0]
    assert decided(before) == decided(after)
    assert len(told(path)) == len(found) - sum(one.edits for one in fixes)
    for one in fixes:
        assert is_part(one.after, one.before)
        assert one.before.count("# plain") == one.after.count("# plain")


def is_part(shorter: str, longer: str) -> bool:
    """Whether a text comes of another by leaving out some of it, and nothing else."""
    rest = iter(longer)
    return all(character in rest for character in shorter)
