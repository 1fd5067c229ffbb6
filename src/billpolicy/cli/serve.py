"""`billpolicy serve`: a policy and a book or a ledger over HTTP, for programs and as pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from billpolicy.cli import completing
from billpolicy.cli.operations import documents_in, load_versions, one_place
from billpolicy.cli.options import LINE, actor_option, book_option, engine_option, format_option, policy_option
from billpolicy.cli.output import say, write
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import EngineName


@click.command("serve")
@policy_option
@book_option
@click.option(
    "--ledger", shell_complete=completing.ledgers, help="Ledger, like sqlite:///ledger.db, instead of a book."
)
@click.option("--host", type=LINE, default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@click.option("--check", is_flag=True, help="Read everything that would be served, say what is wrong, and stop.")
@actor_option
@engine_option
@format_option("text")
def command(
    policy: tuple[Place, ...],
    book: Path | None,
    ledger: str | None,
    host: str,
    port: int,
    check: bool,
    actor: str | None,
    engine: EngineName | None,
    format: str,
) -> None:
    """Serve a policy, and a book or a ledger, over HTTP: what operations would do and why, and pages to look at it."""
    try:
        from billpolicy.service.callers import OnThisMachine
        from billpolicy.service.running import run
        from billpolicy.service.serving import InForce, Serving
    except ModuleNotFoundError as error:
        hint = "install it with `pip install 'billpolicy[serve]'`"
        raise click.UsageError(f"`serve` needs the package {error.name}, which is not installed: {hint}") from None
    one_place(book, ledger)
    versions = load_versions(policy, engine)
    with documents_in(book, ledger) as on:
        if check:
            write("this can be served\n")
            return
        say(f"note: serving on http://{host}:{port}/pages/matrix")
        run(Serving(InForce(versions), on, OnThisMachine(actor)), host, port)
