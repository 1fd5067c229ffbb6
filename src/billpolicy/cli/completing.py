"""What is offered for a value that is half typed: names that a policy, a book, a ledger or this program has.

click calls these with what was typed before. They may raise whatever they like: `completion.answer` says nothing of it.
What takes long to import is imported where it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from billpolicy.diagnostics.visible import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from billpolicy.source.files import Place

_Items = list["CompletionItem[str]"]


def policies(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """The policies below this folder and the standard one; and files, for all that is none of them."""
    import billpolicy
    from billpolicy.source.files import STANDARD

    found = map(str, billpolicy.find_policies()) if incomplete[:1] not in ("/", ".", "~") else ()
    return [*_offered([*found, STANDARD], incomplete), *_files(incomplete)]


def rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """The rules of the policies that were named before."""
    import billpolicy

    read = map(billpolicy.validate, _named_policies(ctx))
    return _offered((id for policy in read for id in policy.rules), incomplete)


def operations(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """The operations by name."""
    from billpolicy.exchange.typed_operation import operation_names

    return _offered(operation_names(), incomplete)


def operations_or_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """One operation, or a file of them."""
    return [*operations(ctx, param, incomplete), *_files(incomplete)]


def fields(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """Of `invoice=INV`: the names in the book or the ledger that begin so."""
    field, sign, begun = incomplete.partition("=")
    if not sign:
        return []
    if ctx.params.get("ledger"):
        names = _names_in_ledger(str(ctx.params["ledger"]), begun)
    else:
        names = _names_in_book(ctx.params["book"])
    return _offered((f"{field}={name}" for name in names), incomplete)


def in_ledger(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """Documents, accounts and operations of the ledger that was named before."""
    return _offered(_names_in_ledger(str(ctx.params["ledger"]), incomplete), incomplete)


def waiting(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """What waits for approvals in the ledger that was named before."""
    import billpolicy

    with billpolicy.open_ledger(str(ctx.params["ledger"])) as opened, opened.reading() as reader:
        return _offered(reader.waiting(), incomplete)


def ledgers(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """The files of databases in this folder, as URLs."""
    found = sorted(one.name for one in Path().iterdir() if one.suffix in (".db", ".sqlite", ".sqlite3"))
    return _offered((f"sqlite:///{name}" for name in found), incomplete)


def codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> _Items:
    """The codes of diagnostics."""
    from billpolicy.catalogue.entry import codes as known

    return _offered(known(), incomplete)


def _offered(names: Iterable[str], incomplete: str) -> _Items:
    """Those that begin so; none that would steer the terminal that it is shown on."""
    from click.shell_completion import CompletionItem

    begun = (name for name in dict.fromkeys(names) if name.startswith(incomplete))
    return [CompletionItem(name) for name in begun if visible(name) == name]


def _files(incomplete: str) -> _Items:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _named_policies(ctx: click.Context) -> Iterator[Place]:
    """Those of `--policy`; where there is none, the paths that come as arguments."""
    from billpolicy.source.files import place

    named = ctx.params.get("policy") or ctx.params.get("paths") or ()
    yield from (place(str(one)) if isinstance(one, Path) else one for one in named)


def _names_in_ledger(url: str, begun: str) -> Iterator[str]:
    import billpolicy

    with billpolicy.open_ledger(url) as opened, opened.reading() as reader:
        yield from reader.near(begun)


def _names_in_book(path: Path | None) -> Iterator[str]:
    import billpolicy

    named = path or billpolicy.settings_for(Path()).book
    if named is not None:
        book = billpolicy.load_book(named)
        yield from sorted(book.numbered)
        yield from sorted(book.accounts)
        yield from sorted(book.subscriptions)
