"""What a policy says under `accounts`: to which account of a journal each role is posted (docs/journal.md).

A role that is said again replaces that of the base, as a payment term does (docs/policy-language.md rule 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from billpolicy.diagnostics.diagnostic import Diagnostic, did_you_mean
from billpolicy.diagnostics.sentences import all_of, quoted
from billpolicy.money import MINOR_DIGITS
from billpolicy.policy.declarations import Declarations
from billpolicy.policy.forms import AccountsText
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import JournalAccounts, Policy
from billpolicy.source.tree import Tree
from billpolicy.vocabulary.accounts import ACCOUNT_ROLES, CHARGE_TYPES, PAYMENT_TYPES, ROOTS, AccountRole
from billpolicy.vocabulary.spec import Vocabulary

_NAME = re.compile(rf"(?:{'|'.join(ROOTS)})(?::[a-z0-9][a-z0-9-]*)+")
_HOW = f"begin with {', '.join(ROOTS[:-1])} or {ROOTS[-1]}, then `:` and small letters, digits and dashes"


def accounts_of(declared: Declarations, layer: Layer) -> Iterator[JournalAccounts]:
    """The accounts of one layer, by role; what is wrong with their words is noted among the declarations."""
    for name, text, tree in entries(layer, lambda file: file.accounts):
        at = tree.at("accounts", name, key=True)
        role = ACCOUNT_ROLES.get(name)
        if role is None:
            hint = did_you_mean(name, ACCOUNT_ROLES) or f"there are: {', '.join(ACCOUNT_ROLES)}"
            declared.problem("accounts-role", f"nothing is posted to an account of the role `{name}`", at, hint)
            continue
        _names(declared, name, text, tree)
        for by, values in text.by:
            _by(declared, role, by, [value for value, _ in values], tree)
        found = {by: dict(sorted(values)) for by, values in text.by}
        in_order: dict[str, dict[str, str]] = {by: found[by] for by in role.by if by in found}
        yield JournalAccounts(name, text.otherwise, in_order, at, text.because)


def _names(declared: Declarations, role: str, text: AccountsText, tree: Tree) -> None:
    """Each account has a name that hledger and beancount take."""
    short = not isinstance(tree.data["accounts"][role], dict)
    said = [(text.otherwise, tree.at("accounts", role, *(() if short else ("otherwise",))))]
    said += [
        (account, tree.at("accounts", role, f"by_{by}", value)) for by, values in text.by for value, account in values
    ]
    for account, at in said:
        if not _NAME.fullmatch(account):
            meant = account.strip().lower().replace(" ", "-").replace("_", "-").replace("revenue:", "income:")
            hint = f"did you mean `{meant}`?" if _NAME.fullmatch(meant) else f"{_HOW}, like `assets:bank:eur`"
            declared.problem("accounts-name", f"`{account}` is no name of an account", at, hint)


def _by(declared: Declarations, role: AccountRole, by: str, values: Sequence[str], tree: Tree) -> None:
    """What the accounts of a role differ by, and values that it can have."""
    if by not in role.by:
        at = tree.at("accounts", role.name, f"by_{by}", key=True)
        keys = [f"by_{one}" for one in role.by]
        hint = did_you_mean(f"by_{by}", keys) or f"there {'is' if len(keys) == 1 else 'are'}: {', '.join(keys)}"
        declared.problem("accounts-by", f"accounts of the role `{role.name}` do not differ by {by}", at, hint)
        return
    known = _known(declared, role, by)
    for value in values:
        at = tree.at("accounts", role.name, f"by_{by}", value, key=True)
        if by == "currency":
            if value not in MINOR_DIGITS:
                message = f"`{value}` is no currency of ISO 4217"
                declared.problem("accounts-by", message, at, did_you_mean(value, MINOR_DIGITS) or "write it like `EUR`")
        elif known is not None and value not in known:
            hint = did_you_mean(value, known) or f"there are: {', '.join(known)}"
            message = f"`{value}` is no {by.replace('_', ' ')} of what is posted to the role `{role.name}`"
            declared.problem("accounts-by", message, at, hint)


def _known(declared: Declarations, role: AccountRole, by: str) -> Sequence[str] | None:
    """The closed list of what it can differ by; None where books and programs bring it."""
    if by == "reason":
        return sorted({code for category in role.reasons for code in declared.reason_codes.get(category, ())})
    return {"document": role.documents, "charge_type": CHARGE_TYPES, "type": PAYMENT_TYPES}.get(by)


# -- of the policy as a whole ----------------------------------------------------------------------------------------


def _all_said(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Who says one role says all, or a journal would be refused for what is posted to the others."""
    missing = [role for role in ACCOUNT_ROLES if role not in policy.accounts]
    if policy.accounts and missing:
        message = f"`accounts` does not say to which account {all_of(quoted(missing))} {_are(missing)} posted"
        at = min((one.position for one in policy.accounts.values()), key=lambda one: (one.file, one.line))
        hint = (
            f"add {'it' if len(missing) == 1 else 'them'}, or extend the standard policy, which has an account of each"
        )
        yield Diagnostic("accounts-missing", message, at, hint)


def _codes(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Where the policy has tax rates, accounts differ by its tax codes and by no others."""
    for one in policy.accounts.values():
        for code in one.by.get("code", {}) if policy.tax_rates else ():
            if code not in policy.tax_rates:
                hint = did_you_mean(code, policy.tax_rates) or f"there are: {', '.join(policy.tax_rates)}"
                message = f"the accounts of the role `{one.role}` differ by the tax code `{code}`, which has no rates"
                yield Diagnostic("accounts-by", message, one.position, hint)


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


ACCOUNT_CHECKS = (_all_said, _codes)
