"""A folder to begin with: a policy on the standard one, and what is needed to try, test and review it.

It is made of a few answers and a day, and of nothing else: the same answers give the same bytes. What it holds is
right whatever is answered: it validates, its tests pass, and its operations can be planned and posted. Names of people
and customers in it are examples, and its files say so.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billpolicy.exchange.schemas import schema_text
from billpolicy.money import minor_digits
from billpolicy.report.texts import escaped
from billpolicy.source.yaml_text import yaml_scalar
from billpolicy.starting.around import EXTENSIONS, GITHUB, GITLAB, SETTINGS, readme, review_script

SCHEMAS = ("policy", "test", "book", "operations", "settings")
"""Those of the files that are written by hand."""
_ENTITY = re.compile(r"[A-Z][A-Z0-9]{0,7}")
_DEFAULT = "DEFAULT"


@dataclass(frozen=True)
class Answers:
    """What is asked of a company."""

    name: str
    currency: str
    country: str | None = None
    """Of its customer in the book; two letters of ISO 3166."""
    entities: Sequence[str] = ()
    """Legal entities, each of which numbers its own documents, with its code before the number; the first one's is
    the sample's."""
    approvals: bool = False
    """Whether somebody else approves what is written off above a limit."""


def read_entity(text: str) -> str:
    """The code of a legal entity, as it stands in numbers. Raises `ValueError` that says what is wanted."""
    if not _ENTITY.fullmatch(text) or text == _DEFAULT:
        raise ValueError(f"`{text}` cannot be before numbers: write up to 8 capitals and digits, like `DE` or `US2`")
    return text


def company_files(answers: Answers, today: datetime.date, *, review: bool = True) -> dict[str, str]:
    """Path in the folder -> text of the file. `review`: with what GitHub and GitLab run on a change."""
    dates = _Dates.of(today)
    made = {
        "README.md": readme(escaped(answers.name), _numbers(answers)[0]),
        "billpolicy.toml": _TOML,
        "policy/policy.yaml": _policy(answers, dates),
        "policy/policy.test.yaml": _test(answers, dates),
        "book.yaml": f"{_modeline('book')}{_TO_TRY}{_book(answers, dates)}",
        "operations.yaml": _operations(answers, dates),
        ".vscode/settings.json": SETTINGS,
        ".vscode/extensions.json": EXTENSIONS,
        **{f"schemas/{name}.schema.json": schema_text(name) for name in SCHEMAS},
    }
    if review:
        made |= {".github/workflows/policy.yml": GITHUB, ".gitlab-ci.yml": GITLAB, "ci/review.sh": review_script()}
    return made


@dataclass(frozen=True)
class _Dates:
    """Days that have been, so that what is asked without a date comes after the documents of the book."""

    effective: datetime.date
    invoiced: datetime.date
    asked: datetime.date

    @classmethod
    def of(cls, today: datetime.date) -> _Dates:
        """Asked on the first of this month, invoiced a month before that; the policy is of that year."""
        asked = today.replace(day=1)
        invoiced = (asked - datetime.timedelta(days=1)).replace(day=1)
        return cls(invoiced.replace(month=1), invoiced, asked)


_TO_TRY = "# A customer to try the policy on; books of your own have this form.\n"
_TOML = """\
#:schema schemas/settings.schema.json
# What `--policy` and `--book` are where they are left out, in this folder and below.
policy = "policy"
book = "book.yaml"
"""


def _amount(whole: int, currency: str) -> str:
    """An amount with all the digits that its currency has."""
    return f"{Decimal(whole):.{minor_digits(currency)}f}"


def _modeline(schema: str, up: str = "") -> str:
    return f"# yaml-language-server: $schema={up}schemas/{schema}.schema.json\n"


def _policy(answers: Answers, dates: _Dates) -> str:
    limit = f"{_amount(100, answers.currency)} {answers.currency}"
    text = f"""\
{_modeline("policy", "../")}\
# What differs from the standard policy stands here, and nothing else: `billpolicy matrix policy` shows all of it.
policy: {yaml_scalar(answers.name)}
extends: standard
effective: {{from: {dates.effective}}} # the first day on which it decides
"""
    if answers.entities:
        text += "\n# Each legal entity numbers its own documents; `sequence_set` of an account says which one it is.\n"
        text += "sequence_sets:\n"
        for entity in answers.entities:
            series = {"invoice": "INV", "credit_memo": "CM", "debit_memo": "DM"}
            told = ", ".join(f"{kind}: {{prefix: {entity}-{letters}}}" for kind, letters in series.items())
            text += f"  {entity}: {{{told}}}\n"
    if answers.approvals:
        text += "\n# Who asks and who may approve: examples, write the names of your people.\n"
        text += "roles: {clerk: [ines], lead: [maria, omar]}\n"
    text += """
exceptions:
  # An example. By the standard policy a credit memo goes to the contact of its invoice. Where it is about a dispute,
  # this one sends it to the contact of the account. Change it to what your company wants, or take it out with its test.
  - id: disputes-go-to-the-account
    operations: [credit_memo_from_invoice]
    when: {reason: Charge Dispute}
    then: {bill_to_contact: [account, invoice]} # the first of them that has a contact
    because: "an example: whoever signed the contract hears of a dispute" # say who decided it, and where
"""
    if answers.approvals:
        text += f"""
  - id: large-write-offs-are-approved
    operations: [write_off_invoice]
    when: {{amount: {{above: {limit}, other_currencies: holds}}}}
    then: {{permission: {{approval: {{by: [lead]}}}}}}
    because: "an example: a limit of authority"
"""
    return text


def _book(answers: Answers, dates: _Dates, indent: str = "") -> str:
    """Two invoices of one customer, who has a contact for bills beside the one who signed."""
    currency, first, second = answers.currency, *_numbers(answers)
    of_account = f"\n    country: {answers.country}" if answers.country else ""
    of_contact = f", country: {answers.country}" if answers.country else ""
    sequence = f", sequence_set: {answers.entities[0]}" if answers.entities else ""
    of_invoice = f"""\
account: studio
    date: {dates.invoiced}
    due_date: {dates.invoiced + datetime.timedelta(days=30)}
    currency: {currency}
    attributes: {{bill_to_contact: bob, payment_term: Net 30{sequence}}}"""
    text = f"""\
accounts:
  - id: studio
    name: Studio North
    currency: {currency}{of_account}
    attributes: {{bill_to_contact: ann, payment_term: Net 30{sequence}}}
contacts:
  - {{id: ann, account: studio, name: "Ann, who signed the contract"{of_contact}}}
  - {{id: bob, account: studio, name: "Bob, who gets the bills"{of_contact}}}
invoices:
  - number: {first}
    {of_invoice}
    items:
      - {{id: seats, name: Seats, amount: {_amount(200, currency)}}}
      - {{id: support, name: Support, amount: {_amount(40, currency)}}}
  - number: {second}
    {of_invoice}
    items:
      - {{id: training, name: Training, amount: {_amount(150, currency)}}}
"""
    return "".join(f"{indent}{line}" for line in text.splitlines(keepends=True))


def _numbers(answers: Answers) -> tuple[str, str]:
    before = f"{answers.entities[0]}-INV" if answers.entities else "INV"
    return f"{before}00000001", f"{before}00000002"


def _operations(answers: Answers, dates: _Dates) -> str:
    first, second = _numbers(answers)
    currency = answers.currency
    approved = "\n    approved_by: maria" if answers.approvals else ""
    return f"""\
{_modeline("operations")}\
# What is asked for, in its order. The id names an operation for ever: posted once, however often it is asked.
operations:
  - id: dispute-1
    operation: credit_memo_from_invoice
    date: {dates.asked}
    invoice: {first}
    reason: Charge Dispute
    items: [{{item: seats, amount: {_amount(50, currency)}}}]
  - id: payment-1
    operation: create_payment
    date: {dates.asked}
    account: studio
    amount: {_amount(140, currency)}
    apply: [{{document: {first}}}]
  - id: bad-debt-1
    operation: write_off_invoice
    date: {dates.asked}
    invoice: {second}
    actor: ines{approved}
"""


def _test(answers: Answers, dates: _Dates) -> str:
    first, second = _numbers(answers)
    of_invoice = f"date: {dates.asked}, invoice: {first}"
    text = f"""\
{_modeline("test", "../")}\
# What the policy shall decide: `billpolicy test policy` says whether it does. Each test is one decision that matters.
book:
{_book(answers, dates, "  ")}
tests:
  - name: a dispute goes to the contact of the account
    operation: {{operation: credit_memo_from_invoice, {of_invoice}, reason: Charge Dispute}}
    expect:
      bill_to_contact: {{value: ann, level: account, rule: disputes-go-to-the-account}}

  - name: and to that of the invoice where the account has none
    book: {{accounts: [{{id: studio, attributes: {{bill_to_contact: null}}}}]}}
    operation: {{operation: credit_memo_from_invoice, {of_invoice}, reason: Charge Dispute}}
    expect:
      bill_to_contact: {{value: bob, level: invoice, rule: disputes-go-to-the-account}}

  - name: any other credit memo goes to the contact of the invoice
    operation: {{operation: credit_memo_from_invoice, {of_invoice}}}
    expect:
      bill_to_contact: {{value: bob, level: invoice, rule: base}}
"""
    if answers.approvals:
        of_second = f"operation: write_off_invoice, date: {dates.asked}, invoice: {second}, actor: ines"
        text += f"""
  - name: a large write-off waits for an approval
    operation: {{{of_second}}}
    expect: {{refused: approval-missing}}

  - name: and is done with it
    operation: {{{of_second}, approved_by: maria}}
    expect: {{amount: {_amount(150, answers.currency)}}}
"""
    return text
