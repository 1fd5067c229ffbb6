"""`billpolicy serve`: a policy and a book or a ledger over HTTP, for programs and as pages."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import billpolicy
from billpolicy.cli import completing
from billpolicy.cli.operations import one_place
from billpolicy.cli.options import LINE, actor_option, book_option, engine_option, format_option, policy_option
from billpolicy.cli.output import say, write
from billpolicy.cli.service_log import writer
from billpolicy.source.files import Place

if TYPE_CHECKING:
    from billpolicy import EngineName
    from billpolicy.service.running.changing import Changing
    from billpolicy.service.serving import Serving

_MEGABYTE = 1024 * 1024
_NUMBERS = "PROMETHEUS_MULTIPROC_DIR"
"""Where several processes keep their numbers together: the library that counts reads it when it is imported."""


def _make_token(ctx: click.Context, param: click.Parameter, name: str | None) -> None:
    """Print a new token, and what of it stands in the file of callers."""
    if name is None or ctx.resilient_parsing:
        return
    with _installed():
        from billpolicy.exchange.callers_file import NAME, NAME_HINT
        from billpolicy.service.callers.known import new_token

    if not NAME.fullmatch(name) or name.startswith("-"):
        raise click.BadParameter(f"`{name}` cannot be the name of a caller: {NAME_HINT}", ctx, param)
    token, digest = new_token()
    write(
        f"the token, which is shown this once and kept nowhere: {token}\n\n"
        f"in the file of callers:\n\n"
        f"  - name: {name}\n    token: {digest}\n    scopes: [read, plan]\n"
        f"    # who is to post or approve, too: scopes post, approve, and `actor: NAME` as the policy knows them\n"
    )
    ctx.exit()


@contextmanager
def _installed() -> Iterator[None]:
    """Where what the service is made of is imported."""
    try:
        yield
    except ModuleNotFoundError as error:
        hint = "install it with `pip install 'billpolicy[serve]'`"
        raise click.UsageError(f"`serve` needs the package {error.name}, which is not installed: {hint}") from None


@click.command("serve")
@policy_option
@book_option
@click.option(
    "--ledger", shell_complete=completing.ledgers, help="Ledger, like sqlite:///ledger.db, instead of a book."
)
@click.option(
    "--operations",
    type=click.Path(path_type=Path),
    help="Operations file that pages explain, and try changes of the policy on; nothing of it is posted.",
)
@click.option("--host", type=LINE, default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@click.option(
    "--callers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of those who may ask, and for what. Without it only this machine may.",
)
@click.option(
    "--new-token",
    type=LINE,
    metavar="NAME",
    is_eager=True,
    expose_value=False,
    callback=_make_token,
    help="Print a new token for a caller, with the lines for the file of callers, and stop.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that serve.")
@click.option(
    "--at-once",
    type=click.IntRange(1, 32),  # there are 40 threads: some are left for `/ready` and `/metrics`
    default=16,
    show_default=True,
    help="Requests that each process answers at once; more wait for a moment.",
)
@click.option(
    "--body-megabytes", type=click.IntRange(1, 64), default=8, show_default=True, help="The most that is read of one."
)
@click.option("--open", "opens", is_flag=True, help="Open the first page in the browser of whoever is at this machine.")
@click.option("--check", is_flag=True, help="Read everything that would be served, say what is wrong, and stop.")
@actor_option
@engine_option
@format_option("text")
def command(
    policy: tuple[Place, ...],
    book: Path | None,
    ledger: str | None,
    operations: Path | None,
    host: str,
    port: int,
    callers: Path | None,
    workers: int,
    at_once: int,
    body_megabytes: int,
    opens: bool,
    check: bool,
    actor: str | None,
    engine: EngineName | None,
    format: str,
) -> None:
    """Serve a policy, and a book or a ledger, over HTTP: what operations would do and why, and pages to look at it.

    SIGTERM stops it when what it has begun is done; SIGHUP lets it read changed files at once. With
    --log-format json before the command, each request is a line of JSON on stderr.
    """
    one_place(book, ledger)
    with ExitStack() as ending:
        if workers > 1:
            _share_numbers(ending)
        with _installed():
            from billpolicy.service.callers.caller import OnThisMachine
            from billpolicy.service.callers.sessions import Sessions
            from billpolicy.service.gate.limits import Limits
            from billpolicy.service.gate.origins import is_loopback
            from billpolicy.service.running.changing import CallersSource, Changing, Kept, Source
            from billpolicy.service.running.loaded import load_operations
            from billpolicy.service.running.server import listen, serve
            from billpolicy.service.serving import InForce, Serving
            from billpolicy.service.telling.log import Log
        if callers is None and not is_loopback(host):
            raise click.UsageError(
                f"at {host} other machines can ask, and nobody would say who they are: "
                "name who may ask with --callers FILE, or leave --host out"
            )
        if callers is not None and actor is not None:
            raise click.UsageError("--actor is who asks where nobody says it; with --callers each caller has their own")
        told = Log(writer())
        if hasattr(signal, "SIGHUP"):  # until somebody follows it; what has changed by then is read anyway
            ending.callback(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, signal.SIG_IGN))
        source = Source(policy, engine)
        versions = source.read()
        reason = versions.broken_engine() if engine is None and versions.engine == "python" else None
        if reason is not None:
            say(f"note: {reason}")
        sessions = Sessions(secrets.token_bytes(32), secure=not is_loopback(host))
        known = None if callers is None else CallersSource(callers, sessions)
        by = OnThisMachine(actor) if known is None else known.read(versions)
        kept = Kept(InForce(versions), by)
        loaded = None if book is None else replace(billpolicy.load_book(book), file=None)
        shown = () if operations is None else load_operations(operations)
        if ledger is not None:
            billpolicy.open_ledger(ledger).close()  # each process opens its own; what is wrong with it is told first
        listening = ending.enter_context(listen(host, port))
        if check:
            write("this can be served\n")
            return

        @contextmanager
        def begin() -> Iterator[tuple[Serving, Changing]]:
            limits = Limits(at_once=at_once, body_bytes=body_megabytes * _MEGABYTE)
            with ExitStack() as opened:
                on = loaded if loaded is not None else opened.enter_context(billpolicy.open_ledger(str(ledger)))
                serving = Serving(
                    kept.in_force, on, kept.callers, source, kept.not_taken, operations=shown, limits=limits, log=told
                )
                changing = Changing(serving, source, known)
                changing.look(at_once=True)  # where a process is begun again, it may have changed just now
                yield serving, changing

        address = _address(host, listening.getsockname()[1])
        told.became("serving", f"serving on {address}", policy=kept.in_force.digest)
        if opens:
            webbrowser.open(address)  # whoever has no browser has the address
        if workers > 1:
            from billpolicy.service.running.workers import Workers

            done = Workers(workers, begin, listening, told, Changing(kept, source, known)).run()
        else:
            with begin() as (serving, changing):
                done = serve(serving, listening, changing)
    told.became("stopped", "stopped" if done else "stopped, and cut off what was not answered in time")
    if not done:
        raise click.exceptions.Exit(1)


def _share_numbers(ending: ExitStack) -> None:
    """Before any of them begins: where processes keep what they count."""
    if not hasattr(os, "fork"):
        raise click.UsageError("--workers takes a system that can fork, which this is not: leave it out")
    folder = ending.enter_context(tempfile.TemporaryDirectory(prefix="billpolicy-"))
    os.environ[_NUMBERS] = folder
    ending.callback(os.environ.pop, _NUMBERS, None)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
