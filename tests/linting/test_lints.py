"""Where each lint points, and what looks like it and is none. That it finds its bad example is in the catalogue."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from billpolicy.linting.linting import lint
from tests.helpers.paths import ROOT, STANDARD
from tests.linting.scenes import TODAY, Found, found

EXAMPLES = sorted((ROOT / "examples").glob("*/policy.yaml"))


def rule(then: str, *, id: str = "a-rule-for-disputes", when: str = "{account.country: DE}", more: str = "") -> str:
    """An exception of disputes with a reason."""
    lines = [f"  - id: {id}", "    operations: [credit_memo_from_invoice]", f"    when: {when}", f"    then: {then}"]
    return "\n".join([*lines, *(["    because: FIN-1"] if "because" not in more else []), *([more] if more else [])])


def exceptions(*rules: str) -> str:
    return "\n".join(["exceptions:", *rules]) + "\n"


SUBSCRIPTION = "{bill_to_contact: [subscription, account]}"
ACCOUNT = "{bill_to_contact: [account]}"
NAMED = "roles: {clerk: [ines], lead: [maria]}\nevery_operation: {actor: {is: required, because: FIN-1}}\n"


def test_the_standard_policy_is_clean() -> None:
    assert {one.code for one in lint(STANDARD, today=TODAY).found} <= {"policy-without-tests"}


MEANT = ("excluded-blocks-rebill", "level-without-effect", "default-left-out")
"""What examples do on purpose, and say so."""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_no_example_has_a_warning_of_a_lint(path: Path) -> None:
    told = [one for one in lint(path, today=TODAY).found if one.severity != "hint"]
    assert [one for one in told if one.code not in MEANT] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "exceptions:\n  - id: disputes\n    operations: [credit_memo_from_invoice]\n"
            "    when: {account.country: DE}\n    then: {bill_to_contact: [subscription, account]}\n",
            Found("because-missing", 2, 9),
            id="an exception without a reason: its id",
        ),
        pytest.param(
            "operations:\n  write_off_invoice:\n    bill_to_contact: [account]\n",
            Found("because-missing", 3, 5),
            id="a base rule that differs: its key",
        ),
        pytest.param(
            "every_operation:\n  permission: approval\n",
            Found("because-missing", 2, 3),
            id="a decision of every operation is one line, told once",
        ),
        pytest.param(
            "follow_ups:\n  - {id: write-off-on-cancellation, then: nothing}\n",
            Found("because-missing", 2, 10),
            id="a follow-up that is switched off",
        ),
        pytest.param(
            exceptions(rule(SUBSCRIPTION, when="{account.country: [DE, AT, DE]}")),
            Found("value-named-twice", 4, 38),
            id="a value that is named twice: the second",
        ),
        pytest.param(
            exceptions(rule(SUBSCRIPTION, when="{account.country: {none_of: [DE, DE]}, reason: Write-off}")),
            Found("value-named-twice", 4, 44),
            id="a value that is left out twice",
        ),
        pytest.param(
            exceptions(rule(SUBSCRIPTION, when="{account.country: {none_of: [DE]}}")),
            Found("none-of-broad", 4, 29),
            id="all but one country: what is compared",
        ),
        pytest.param(
            exceptions(rule(SUBSCRIPTION), rule(ACCOUNT, id="others", when="{account.country: AT}"), ""),
            None,
            id="two exceptions side by side",
        ),
        pytest.param(
            exceptions(
                rule(SUBSCRIPTION),
                rule(ACCOUNT, id="others", when="{account.country: AT}", more="    overrides: [a-rule-for-disputes]"),
            ),
            Found("override-without-effect", 12, 17),
            id="an override of what is never met: the id that it names",
        ),
    ],
)
def test_where_it_points(text: str, expected: Found | None, tmp_path: Path) -> None:
    assert found(text, tmp_path) == ([] if expected is None else [expected])


def test_assumptions_have_reasons_and_ids_like_rules(tmp_path: Path) -> None:
    text = "assumptions:\n  - id: Rule1\n    when: {account.country: [DE, DE]}\n    then: {account.currency: EUR}\n"
    assert found(text, tmp_path) == [
        Found("because-missing", 2, 9),
        Found("id-not-kebab-case", 2, 9),
        Found("id-says-nothing", 2, 9),
        Found("value-named-twice", 3, 34),
    ]


class TestNoFalseAlarms:
    """What looks like a finding, and is meant."""

    def test_an_exception_that_holds_off_another_one(self, tmp_path: Path) -> None:
        broad = rule(SUBSCRIPTION, id="german-disputes")
        narrow = rule("{bill_to_contact: [invoice, account]}", when="{account.country: DE, account.region: BY}")
        assert found(exceptions(broad, narrow), tmp_path) == []

    def test_an_override_that_reaches_through_a_third(self, tmp_path: Path) -> None:
        """AT never meets DE, but DE overrides what AT meets: so `austria` drops `large` through `german`."""
        text = exceptions(
            rule(ACCOUNT, id="large", when="{amount: {above: 100.00 EUR}}"),
            rule(SUBSCRIPTION, id="german", more="    overrides: [large]"),
            rule(SUBSCRIPTION, id="austrian", when="{account.country: AT}", more="    overrides: [german]"),
        )
        assert found(text, tmp_path) == []

    def test_two_exceptions_with_reasons_of_their_own(self, tmp_path: Path) -> None:
        other = rule("{sequence_set: [account, default]}", id="numbers", more="    because: FIN-2")
        assert found(exceptions(rule(SUBSCRIPTION), other), tmp_path) == []
        assert [
            one.code for one in found(exceptions(rule(SUBSCRIPTION), other.replace("FIN-2", "FIN-1")), tmp_path)
        ] == ["same-condition-twice"]

    def test_a_restated_decision_that_says_why(self, tmp_path: Path) -> None:
        said = "operations:\n  write_off_invoice:\n    bill_to_contact: {from: [invoice, account]%s}\n"
        assert [one.code for one in found(said % "", tmp_path)] == ["repeats-base-policy"]
        assert found(said % ", because: agreed", tmp_path) == []

    def test_all_but_some_of_a_closed_list(self, tmp_path: Path) -> None:
        text = NAMED + exceptions(rule("{permission: approval}", when="{actor.role: {none_of: [lead]}}"))
        assert found(text, tmp_path) == []

    def test_a_bound_that_is_left_out_in_each_of_several_currencies(self, tmp_path: Path) -> None:
        """It is told once."""
        below = rule(ACCOUNT, id="small", when="{amount: {below: [5.00 EUR, 7.00 USD]}}")
        above = rule(SUBSCRIPTION, id="large", when="{amount: {above: [7.00 USD, 5.00 EUR]}}")
        assert [one.code for one in found(exceptions(below, above), tmp_path)] == ["bound-left-out"]
        assert found(exceptions(below, above.replace("above:", "at_least:")), tmp_path) == []

    def test_bounds_that_meet_in_a_third_exception(self, tmp_path: Path) -> None:
        sides = [
            rule(SUBSCRIPTION, id="large", when="{amount: {above: 100.00 EUR}}"),
            rule(ACCOUNT, id="small", when="{amount: {below: 100.00 EUR}}"),
        ]
        assert [one.code for one in found(exceptions(*sides), tmp_path)] == ["bound-left-out"]
        assert found(exceptions(*sides, rule(ACCOUNT, id="round", when="{amount: 100.00 EUR}")), tmp_path) == []

    def test_bounds_of_different_currencies(self, tmp_path: Path) -> None:
        text = exceptions(
            rule(SUBSCRIPTION, id="large", when="{amount: {above: 100.00 EUR}}"),
            rule(ACCOUNT, id="small", when="{amount: {below: 100.00 USD}}"),
        )
        assert found(text, tmp_path) == []

    @pytest.mark.parametrize(
        ("low", "high", "told"),
        [
            ("{amount: {above: 50.00 EUR}}", "{amount: {above: 500.00 EUR}}", True),
            ("{amount: {above: 50.00 EUR}}", "{amount: {above: 500.00 EUR, at_most: 900.00 EUR}}", True),
            ("{amount: {above: [50.00 EUR, 60.00 USD]}}", "{amount: {above: [500.00 EUR, 600.00 USD]}}", True),
            ("{amount: {above: 50.00 EUR}}", "{amount: {above: 500.00 USD}}", False),
            ("{amount: {above: 50.00 EUR}, account.country: DE}", "{amount: {above: 500.00 EUR}}", False),
            ("{amount: {above: 50.00 EUR, at_most: 500.00 EUR}}", "{amount: {above: 500.00 EUR}}", False),
            ("{amount: {above: 500.00 EUR}}", "{amount: {above: 50.00 EUR}}", False),
        ],
    )
    def test_larger_amounts_that_fewer_people_approve(self, low: str, high: str, told: bool, tmp_path: Path) -> None:
        """Two for the lower bound and one for the higher one, which is the narrower condition and so decides."""
        rules = (
            rule("{permission: {approval: {count: 2}}}", id="of-two", when=low),
            rule("{permission: {approval: {count: 1}}}", id="of-one", when=high),
        )
        assert [one.code for one in found(exceptions(*rules), tmp_path)] == ["approval-fewer-above"] * told

    def test_one_of_another_role_may_stand_for_two(self, tmp_path: Path) -> None:
        text = "roles: {clerk: [ines, ana, jo], lead: [maria, max]}\n" + exceptions(
            rule("{permission: {approval: {count: 2}}}", id="of-two", when="{amount: {above: 50.00 EUR}}"),
            rule("{permission: {approval: {by: [lead]}}}", id="of-one", when="{amount: {above: 500.00 EUR}}"),
        )
        assert "approval-fewer-above" not in [one.code for one in found(text, tmp_path)]

    def test_an_approval_that_another_lead_can_give(self, tmp_path: Path) -> None:
        text = NAMED.replace("clerk: [ines], ", "") + exceptions(rule("{permission: %s}", when="{actor.role: lead}"))
        assert [one.code for one in found(text % "approval", tmp_path)] == ["approval-by-nobody"]
        two = text.replace("[maria]", "[maria, jo]")
        assert [one.code for one in found(two % "approval", tmp_path)] == ["approval-by-nobody"]  # who need it, too
        assert found(two % "{approval: {by: [lead]}}", tmp_path) == []

    @pytest.mark.parametrize(
        ("clerk", "told"), [("refused", ["approval-by-nobody"]), ("allowed", [])], ids=["refused", "may"]
    )
    def test_an_approval_that_another_role_can_give(self, clerk: str, told: list[str], tmp_path: Path) -> None:
        text = NAMED + exceptions(
            rule(f"{{permission: {clerk}}}", id="clerks", when="{actor.role: clerk, account.country: DE}"),
            rule("{permission: refused}", id="clerks-not", when="{actor.role: clerk}"),
            rule("{permission: approval}", id="leads", when="{actor.role: lead}"),
        )
        assert [one.code for one in found(text, tmp_path)] == told

    def test_a_refusal_that_ends(self, tmp_path: Path) -> None:
        text = NAMED + exceptions(
            rule("{permission: refused}", id="clerks", when="{actor.role: clerk}").replace(
                "    because", "    effective: {from: 2026-01-01, until: 2027-01-01}\n    because"
            ),
            rule("{permission: approval}", id="leads", when="{actor.role: lead}"),
        )
        assert found(text, tmp_path) == []


class TestEnds:
    """`ends-soon` counts from `--today`, and what follows on that very day is a successor."""

    TEXT = exceptions(rule(SUBSCRIPTION, more="    effective: {from: 2026-02-01, until: 2026-07-01}"))

    @pytest.mark.parametrize(
        ("today", "told"),
        [
            ("2026-05-31", False),  # 31 days before 1 July
            ("2026-06-01", True),  # 30 days
            ("2026-06-30", True),  # tomorrow
            ("2026-07-01", False),  # it has ended
        ],
    )
    def test_days(self, today: str, told: bool, tmp_path: Path) -> None:
        day = datetime.date.fromisoformat(today)
        assert found(self.TEXT, tmp_path, today=day) == ([Found("ends-soon", 7, 42)] if told else [])

    def test_what_follows(self, tmp_path: Path) -> None:
        successor = rule(ACCOUNT, id="later", more="    effective: {from: 2026-07-01}")
        assert found(f"{self.TEXT}{successor}\n", tmp_path) == []

    @pytest.mark.parametrize("followed", [False, True])
    def test_tax_rates(self, followed: bool, tmp_path: Path) -> None:
        text = "tax_rates:\n  full:\n    - {country: EE, name: VAT, rate: 24%, from: 2025-07-01, until: 2026-06-15}\n"
        later = "    - {country: EE, name: VAT, rate: 26%, from: 2026-06-15}\n"
        told = [] if followed else [Found("ends-soon", 3, 7)]
        assert found(text + later * followed, tmp_path) == told


class TestNames:
    """`name-unused` needs data, and takes every text and key in them for a use."""

    TEXT = (
        "payment_terms: {Net 45: {net: 45}, Net 75: {net: 75}}\n"
        "fields: {account.segment: {type: text}, account.tier: {type: text}}\n"
        "tax_rates: {full: [{country: EE, name: VAT, rate: 24%, from: 2025-07-01}]}\n"
        "reason_codes: {refund: [Chargeback, Payment Reversal, Standard Refund, Goodwill]}\n"
        "roles: {clerk: [ines], lead: [maria]}\n"  # a role is of use also where no condition names it
        "attributes: {profile: {documents: [invoice]}, sold_to: {documents: [invoice]}}\n"
        "every_operation: {profile: {from: [account], because: x}, sold_to: {from: [account], because: x}}\n"
    )

    def test_nothing_is_told_without_data(self, tmp_path: Path) -> None:
        assert found(self.TEXT, tmp_path) == []

    def test_what_neither_uses(self, tmp_path: Path) -> None:
        book = tmp_path / "book.yaml"
        book.write_text(
            "accounts:\n"
            "  - {id: a, currency: EUR, attributes: {payment_term: Net 45, profile: x}, custom: {segment: large}}\n"
            "operations: [{reason: Goodwill}, {reason: Chargeback}]\n",
            encoding="utf-8",
        )
        assert found(self.TEXT, tmp_path, book) == [
            Found("name-unused", 1, 36),  # Net 75
            Found("name-unused", 2, 41),  # account.tier
            Found("name-unused", 3, 13),  # full
            Found("name-unused", 6, 47),  # sold_to
            # `Payment Reversal` and `Standard Refund` are what the standard policy decides
        ]


def test_options_are_heard(tmp_path: Path) -> None:
    """30 days are too few here, 60 are enough: 1 August is 61 days after 1 June, 31 July 60."""
    text = exceptions(rule(SUBSCRIPTION, more="    effective: {from: 2026-02-01, until: 2026-07-31}"))
    assert found(text, tmp_path) == []
    (tmp_path / "billpolicy.toml").write_text("[options]\nends-soon = {days = 60}\n", encoding="utf-8")
    assert [one.code for one in found(text, tmp_path)] == ["ends-soon"]
    (tmp_path / "billpolicy.toml").write_text("[options]\nends-soon = {days = 59}\n", encoding="utf-8")
    assert found(text, tmp_path) == []


def test_what_a_base_policy_says_is_told_when_that_is_linted(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(
        f"policy: base\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\n"
        + exceptions(rule(SUBSCRIPTION, id="rule-1")),
        encoding="utf-8",
    )
    top = tmp_path / "top.yaml"
    top.write_text("policy: top\nextends: base.yaml\neffective: {from: 2026-01-01}\n", encoding="utf-8")
    assert [one.code for one in lint(base, today=TODAY).found] == ["id-says-nothing"]
    assert list(lint(top, today=TODAY).found) == []
