"""From a policy folder to one proven Policy: its layers are read, put together and checked, in this order.

Everything that is wrong is collected; a broken part is left out and the rest is still looked at, so that all mistakes
are reported at once: first those of form, then of words, then of the whole. docs/policy-language.md rules 1, 3 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from billpolicy.book.numbers import FiscalYear
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, in_order, refuse_errors
from billpolicy.policy.accounts import accounts_of
from billpolicy.policy.checks import Check, check
from billpolicy.policy.decisions import base_rules
from billpolicy.policy.declarations import Declarations
from billpolicy.policy.layers import Layer, digest, layer_texts, place_of_texts, read_layers, shadowed
from billpolicy.policy.limits import batch_limits_of, limits_of
from billpolicy.policy.model import (
    ALWAYS,
    BaseRule,
    BatchLimit,
    Effective,
    JournalAccounts,
    Limit,
    PaymentTerm,
    Policy,
    SequenceSet,
    TaxCode,
)
from billpolicy.policy.payment_terms import payment_terms_of
from billpolicy.policy.rules import Rules
from billpolicy.policy.sequences import fiscal_year_of, sequence_sets_of
from billpolicy.policy.tax_rates import tax_codes
from billpolicy.source.files import DISK, Files
from billpolicy.vocabulary.spec import Vocabulary

_ONCE = (
    "attributes",
    "fields",
    "defaults",
    "reason_codes",
    "roles",
    "aliases",
    "sequence_sets",
    "payment_terms",
    "cash_steps",
    "tax_rates",
    "accounts",
    "batch_limits",
    "limits",
    "every_operation",
)
"""Sections in which each name is said once in a layer."""


def load_policy(path: Path, vocabulary: Vocabulary, proofs: Sequence[Check] = (), files: Files = DISK) -> Policy:
    """Read, type and layer a policy, and check it as a whole; `proofs` are further checks. Raises `Refused` with every
    mistake, sorted."""
    policy, found = judged(read_layers(path, files), vocabulary, proofs)
    refuse_errors(found)
    return replace(policy, warnings=tuple(in_order(found)))


def judged(
    layers: Sequence[Layer], vocabulary: Vocabulary, proofs: Sequence[Check] = ()
) -> tuple[Policy, list[Diagnostic]]:
    """The policy that the layers make together, and everything that is wrong or odd about it as a whole.

    Raises `Refused` with every mistake in its words: what is missing of the whole may just be misspelt.
    """
    policy, problems = build(layers, vocabulary)
    refuse_errors(problems)
    return policy, [*problems, *shadowed(layers), *check(policy, vocabulary, proofs)]


def build(layers: Sequence[Layer], vocabulary: Vocabulary) -> tuple[Policy, list[Diagnostic]]:
    """The policy that the layers make together, the base first, and everything that is wrong with their words."""
    declared = Declarations(vocabulary)
    rules = Rules(declared)
    base: dict[tuple[str, str], BaseRule] = {}
    sequence_sets: dict[str, SequenceSet] = {}
    fiscal_year: FiscalYear | None = None
    payment_terms: dict[str, PaymentTerm] = {}
    tax_rates: dict[str, TaxCode] = {}
    accounts: dict[str, JournalAccounts] = {}
    batch_limits: dict[str, BatchLimit] = {}
    limits: dict[str, Limit] = {}
    header = _Header("", ALWAYS, Position(""))
    for layer in layers:
        header = _header(declared, layer, header)
        for section in _ONCE:
            _said_once(declared, layer, section)
        declared.add(layer)
        base.update({(rule.operation, rule.key): rule for rule in base_rules(declared, layer)})
        rules.add(layer)
        sequence_sets.update({one.name: one for one in sequence_sets_of(declared, layer)})
        fiscal_year = fiscal_year_of(declared, layer) or fiscal_year
        payment_terms.update({term.name: term for term in payment_terms_of(declared, layer)})
        tax_rates.update({code.name: code for code in tax_codes(declared, layer)})
        accounts.update({one.role: one for one in accounts_of(declared, layer)})
        batch_limits.update(batch_limits_of(declared, layer))
        limits.update({limit.id: limit for limit in limits_of(declared, layer)})
    policy = Policy(
        name=header.name,
        effective=header.effective,
        position=header.position,
        digest=digest(layers),
        files=tuple(tree.file for layer in layers for _, tree in layer.files),
        file_digests=tuple(tree.digest for layer in layers for _, tree in layer.files),
        own_files=tuple(tree.file for _, tree in layers[-1].files) if layers else (),
        folders=tuple(str(layer.path) for layer in layers if layer.is_folder),
        standard=digest(layers[:1]) if layers and layers[0].shipped else "",
        # By name, so that the order of files and lines shows nowhere.
        attributes=dict(sorted(declared.attributes.items())),
        fields=dict(sorted(declared.every_field().items())),
        narrowed=dict(sorted(declared.narrowed.items())),
        defaults=dict(sorted(declared.defaults.items())),
        defaults_by=dict(sorted(declared.defaults_by.items())),
        defaults_at=dict(sorted(declared.defaults_at.items())),
        reason_codes=dict(sorted(declared.reason_codes.items())),
        roles=dict(sorted(declared.role_of.items(), key=lambda one: (one[1], one[0]))),
        aliases=dict(sorted(declared.aliases.items())),
        aliases_at=dict(sorted(declared.aliases_at.items())),
        lists={name: declared.lists_of(spec) for name, spec in sorted(vocabulary.items())},
        base=dict(sorted(base.items())),
        exceptions=tuple(rules.exceptions[name] for name in sorted(rules.exceptions)),
        follow_ups=tuple(rules.follow_ups[name] for name in sorted(rules.follow_ups)),
        assumptions=tuple(rules.assumptions[name] for name in sorted(rules.assumptions)),
        sequence_sets=dict(sorted(sequence_sets.items())),
        fiscal_year=fiscal_year,
        cash_steps=dict(sorted(declared.cash_steps.items())),
        payment_terms=dict(sorted(payment_terms.items())),
        tax_rates=dict(sorted(tax_rates.items())),
        accounts=dict(sorted(accounts.items())),
        batch_limits=dict(sorted(batch_limits.items())),
        limits=dict(sorted(limits.items())),
        layers=layer_texts(layers),
        masked=tuple(sorted(declared.masked)),
    )
    return policy, declared.problems


def policy_below(policy: Policy, vocabulary: Vocabulary) -> Policy | None:
    """The policy that one extends, as it was read with it; None where it extends nothing."""
    if len(policy.layers) < 2:
        return None
    place = place_of_texts(policy.layers[:-1])
    return build(read_layers(place.path, place.files), vocabulary)[0]


class _Header(NamedTuple):
    """What the policy is called and when it is in force: those of the topmost layer."""

    name: str
    effective: Effective
    position: Position


def _header(declared: Declarations, layer: Layer, header: _Header) -> _Header:
    """What the layer says of it, on top of the layers below."""
    for key in ("policy", "effective"):
        said = [tree.at(key) for file, tree in layer.files if getattr(file, key) is not None]
        for position in said[1:]:
            declared.problem("said-twice", f"`{key}` is said twice (first at {said[0]})", position, "keep one of them")
        if not said:
            hint = {"policy": "add `policy: a-name`", "effective": "add `effective: {from: 2026-01-01}`"}[key]
            where = Position(layer.files[0][1].file) if layer.files else layer.position
            if not layer.is_folder:
                hint += ", or name the whole folder if this is one file of a policy"
            declared.problem("key-missing", f"no file of this policy says `{key}`", where, hint)
    for file, tree in layer.files:
        if file.effective is not None:
            effective = declared.effective(file.effective, tree, "effective")
            if not _covers(header.effective, effective):
                base = f"its base `{header.name}` is in force only {header.effective}"
                message = f"this policy is in force {effective}, but {base}"
                hint = "a policy cannot be in force when its base is not: write `from` and `until` within those"
                declared.problem("base-not-in-force", message, tree.at("effective"), hint)
            header = header._replace(effective=effective)
        if file.policy is not None:
            header = header._replace(name=file.policy, position=tree.at("policy"))
    return header


def _covers(base: Effective, layer: Effective) -> bool:
    ends_in_time = base.until is None or (layer.until is not None and layer.until <= base.until)
    return base.from_ <= layer.from_ and ends_in_time


def _said_once(declared: Declarations, layer: Layer, section: str) -> None:
    first: dict[str, Position] = {}
    for file, tree in layer.files:
        for name in getattr(file, section):
            at = tree.at(section, name, key=True)
            if name in first:
                message = f"`{name}` is said twice in this policy (first at {first[name]})"
                declared.problem("said-twice", message, at, "keep one of the two")
            first.setdefault(name, at)
