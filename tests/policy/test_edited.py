"""A policy with edits that nobody has saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy import Refused, load_policy
from billpolicy.policy.edited import edited
from tests.helpers.refusals import refused

BASE = "policy: base\nextends: standard\neffective: {from: 2026-01-01}\n"
OWN = "policy: acme\nextends: ../base\neffective: {from: 2026-01-01}\n"
RULE = """\
exceptions:
  - id: {id}
    operations: [create_payment]
    when: {{account.country: DE}}
    then: {{sequence_set: [default]}}
"""


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    for name, text in {"base": BASE, "acme": OWN, "other": OWN.replace("acme", "other")}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.yaml").write_text(text)
    (tmp_path / "acme" / "rules.yaml").write_text(RULE.format(id="saved"))
    return tmp_path / "acme"


def rules(acme: Path, *, alone: bool = False, **texts: str | None) -> list[str]:
    named = {f"{name}.yaml": text for name, text in texts.items()}
    (policy,) = load_policy(edited(acme, named, alone=alone), engine="python").policies
    return sorted(id for id in policy.rules if id in ("saved", "edited", "added"))


def test_a_text_stands_for_its_file(acme: Path) -> None:
    assert rules(acme) == ["saved"]
    assert rules(acme, rules=RULE.format(id="edited")) == ["edited"]
    assert rules(acme, more=RULE.format(id="added")) == ["added", "saved"]
    assert rules(acme, rules=None) == []
    assert rules(acme, alone=True, policy=OWN, more=RULE.format(id="added")) == ["added"]
    assert rules(acme) == ["saved"]


def test_a_policy_that_is_one_file_may_be_edited(acme: Path) -> None:
    at = edited(acme / "policy.yaml", {"policy.yaml": OWN.replace("acme", "renamed")})
    assert [policy.name for policy in load_policy(at, engine="python").policies] == ["renamed"]


def test_what_is_wrong_with_it_has_its_line(acme: Path) -> None:
    text = RULE.format(id="edited").replace("create_payment", "create_paymant")
    (found,) = refused(lambda: load_policy(edited(acme, {"rules.yaml": text}))).diagnostics
    assert found.position is not None
    assert (Path(found.position.file), found.position.line) == (acme / "rules.yaml", 3)


@pytest.mark.parametrize(
    "name",
    ["../base/policy.yaml", "/etc/x.yaml", "", ".", "a/../../x.yaml", "..\\x.yaml", "C:/x.yaml", "x.txt", "x\0.yaml"],
)
def test_what_names_no_file_of_it_is_refused(acme: Path, name: str) -> None:
    with pytest.raises(Refused, match="names no file of this policy"):
        edited(acme, {name: "policy: x"})


@pytest.mark.parametrize("base", ["../other", "../base/../other", "/etc", "../acme/../other/policy.yaml"])
def test_it_can_extend_nothing_that_the_policy_does_not_stand_on(acme: Path, base: str) -> None:
    with pytest.raises(Refused) as raised:
        load_policy(edited(acme, {"policy.yaml": OWN.replace("../base", base)}))
    assert [one.code for one in raised.value.diagnostics] == ["policy-missing"]


def test_it_can_extend_the_standard_policy(acme: Path) -> None:
    (policy,) = load_policy(edited(acme, {"policy.yaml": OWN.replace("../base", "standard")}), engine="python").policies
    assert "saved" in policy.rules
